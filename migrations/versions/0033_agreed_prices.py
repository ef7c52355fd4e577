"""prices that are agreed on for counts above the highest tier

Revision: 0033, after 0039.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0039"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "agreed_price",
        sa.Column("id", BIG, nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("contract_id", BIG, nullable=False),
        sa.Column("course_id", BIG, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("onwards", sa.Boolean(), nullable=False),
        sa.Column("up_to", sa.Integer(), nullable=False),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_agreed_price_{name}_{table}"))
            for name, table in (("customer_id", "customer"), ("contract_id", "contract"), ("course_id", "course"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreed_price")),
    )
    for name in ("customer_id", "contract_id", "course_id"):
        op.create_index(op.f(f"ix_agreed_price_{name}"), "agreed_price", [name])


def downgrade() -> None:
    op.drop_table("agreed_price")
