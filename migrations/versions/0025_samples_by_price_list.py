"""whether prices are samples: the price list says it, and courses, options and campaigns no longer say it too

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("course", "option", "campaign"):
        op.drop_column(name, "sample")


def downgrade() -> None:
    for name in ("course", "option", "campaign"):
        op.add_column(name, sa.Column("sample", sa.Boolean(), nullable=False, server_default=sa.false()))
