"""months that wait: held ones and those without an invoice are found by indexes, however old

Revision: 0026, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0023"
branch_labels = None
depends_on = None

WAITS = {"ix_contract_month_held": "held IS NOT NULL", "ix_contract_month_uninvoiced": "invoiced_at IS NULL"}


def upgrade() -> None:
    for name, holds in WAITS.items():
        op.create_index(
            name, "contract_month", ["contract_id"], sqlite_where=sa.text(holds), postgresql_where=sa.text(holds)
        )


def downgrade() -> None:
    for name in WAITS:
        op.drop_index(name, "contract_month")
