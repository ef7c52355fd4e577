"""sending pace

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CUSTOMER_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "customer_turn",
        sa.Column("customer_id", CUSTOMER_ID, autoincrement=False, nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("finish", sa.Double(), nullable=False),
        sa.Column("saved", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_turn_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_turn")),
    )
    with op.batch_alter_table("customer_turn") as table:
        table.create_index(op.f("ix_customer_turn_start"), ["start"], unique=False)

    op.create_table(
        "provider_state",
        sa.Column("pool", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("rate_before", sa.Double(), nullable=True),
        sa.Column("troubled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slow_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cooldown_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warm_day", sa.Date(), nullable=True),
        sa.Column("warm_step", sa.SmallInteger(), nullable=False),
        sa.Column("sent_today", sa.Integer(), nullable=False),
        sa.Column("deferred_today", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "provider", name=op.f("pk_provider_state")),
    )

    op.create_table(
        "mail_domain",
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.SmallInteger(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_mail_domain")),
    )
    with op.batch_alter_table("mail_domain") as table:
        table.create_index(op.f("ix_mail_domain_due_at"), ["due_at"], unique=False)
        table.create_index(op.f("ix_mail_domain_wanted_at"), ["wanted_at"], unique=False)


def downgrade() -> None:
    op.drop_table("mail_domain")
    op.drop_table("provider_state")
    op.drop_table("customer_turn")
