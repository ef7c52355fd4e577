"""money that came in for an application refused before there was a contract

Revision: 0024, after 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("payment") as table:
        table.add_column(sa.Column("application_id", ID, nullable=True))
        table.create_index(op.f("ix_payment_application_id"), ["application_id"], unique=False)
        table.create_foreign_key(
            op.f("fk_payment_application_id_application"), "application", ["application_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("payment") as table:
        table.drop_constraint(op.f("fk_payment_application_id_application"), type_="foreignkey")
        table.drop_index(op.f("ix_payment_application_id"))
        table.drop_column("application_id")
