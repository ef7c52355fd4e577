"""hours of the day in which a customer's mailings do not leave

Revision: 0041, after 0038.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0038"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "no_send_setting",
        sa.Column("customer_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_no_send_setting_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_no_send_setting")),
    )
    op.add_column("dispatch", sa.Column("resting_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("dispatch") as batch:
        batch.drop_column("resting_since")
    op.drop_table("no_send_setting")
