"""variants of a mailing, and their test on a part of its readers

Revision: 0048, after 0042.
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0042"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = "fk_mailing_variant_of_mailing"


def upgrade() -> None:
    with op.batch_alter_table("mailing") as batch:
        batch.add_column(sa.Column("variant_of", NUMBER, nullable=True))
        batch.add_column(sa.Column("variant", sa.SmallInteger(), nullable=False, server_default="1"))
        batch.create_foreign_key(KEY, "mailing", ["variant_of"], ["id"], ondelete="CASCADE")
        batch.create_index("ix_mailing_variant_of", ["variant_of"])
    for name in ("variant", "place_from", "place_below"):
        op.add_column("dispatch", sa.Column(name, sa.SmallInteger(), nullable=True))
    op.create_table(
        "trial",
        sa.Column("mailing_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("share", sa.SmallInteger(), nullable=False),
        sa.Column("criterion", sa.String(length=32), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False),
        sa.Column("unclear", sa.String(length=32), nullable=False),
        sa.Column("decide_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("winner", sa.SmallInteger(), nullable=True),
        sa.Column("why", sa.String(length=32), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("unsubscribed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_trial_mailing_id_mailing"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailing_id", name=op.f("pk_trial")),
    )


def downgrade() -> None:
    op.drop_table("trial")
    # A variant is no mailing by itself, and older versions would show it as one.
    op.execute("DELETE FROM mailing WHERE variant_of IS NOT NULL")
    with op.batch_alter_table("dispatch") as batch:
        for name in ("variant", "place_from", "place_below"):
            batch.drop_column(name)
    with op.batch_alter_table("mailing") as batch:
        batch.drop_index("ix_mailing_variant_of")
        batch.drop_constraint(KEY, type_="foreignkey")
        batch.drop_column("variant_of")
        batch.drop_column("variant")
