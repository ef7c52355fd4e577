"""sender's names that customers ask for, and which one a mailing goes under

Revision: 0050, after 0049. Mailings from before go under the registered name, as they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = "fk_mailing_sender_name_id_sender_name"


def upgrade() -> None:
    op.create_table(
        "sender_name",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("customer_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("folded", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_sender_name_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender_name")),
    )
    op.create_index("ix_sender_name_customer_id_id", "sender_name", ["customer_id", "id"])
    op.create_index("ix_sender_name_folded", "sender_name", ["folded"])
    _partial("uq_sender_name_open", ["customer_id", "folded"], "state IN ('asked', 'approved')", unique=True)
    _partial("ix_sender_name_asked", ["asked_at"], "state = 'asked'")
    with op.batch_alter_table("mailing") as batch:
        batch.add_column(sa.Column("sender_name_id", NUMBER, nullable=True))
        batch.create_foreign_key(KEY, "sender_name", ["sender_name_id"], ["id"])
        batch.create_index("ix_mailing_sender_name_id", ["sender_name_id"])


def _partial(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(
        name, "sender_name", columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )


def downgrade() -> None:
    with op.batch_alter_table("mailing") as batch:
        batch.drop_index("ix_mailing_sender_name_id")
        batch.drop_constraint(KEY, type_="foreignkey")
        batch.drop_column("sender_name_id")
    op.drop_table("sender_name")
