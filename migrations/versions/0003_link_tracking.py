"""link tracking

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "link",
        sa.Column("dispatch_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Enum("fixed", "filled", name="linkkind", native_enum=False, length=32), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_link_dispatch_id_dispatch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "number", name=op.f("pk_link")),
    )
    op.create_table(
        "hit",
        sa.Column("id", BIG, nullable=False),
        sa.Column("dispatch_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("network", sa.String(length=43), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("counted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_hit_subscriber_id_subscriber"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hit")),
    )
    with op.batch_alter_table("hit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_hit_subscriber_id"), ["subscriber_id"], unique=False)
        batch_op.create_index(
            "ix_hit_uncounted",
            ["id"],
            unique=False,
            sqlite_where=sa.text("NOT counted"),
            postgresql_where=sa.text("NOT counted"),
        )

    op.create_table(
        "first_hit",
        sa.Column("dispatch_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_first_hit_dispatch_id_dispatch"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_first_hit_subscriber_id_subscriber"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "seq", "number", name=op.f("pk_first_hit")),
    )
    with op.batch_alter_table("first_hit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_first_hit_subscriber_id"), ["subscriber_id"], unique=False)

    op.create_table(
        "tally",
        sa.Column("dispatch_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_tally_dispatch_id_dispatch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "number", name=op.f("pk_tally")),
    )


def downgrade() -> None:
    op.drop_table("tally")
    op.drop_table("first_hit")
    op.drop_table("hit")
    op.drop_table("link")
