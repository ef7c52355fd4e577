"""withdrawing a disclosure has columns of its own: who approved it, and with which note, stays

Revision: 0028, after 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("disclosure", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("disclosure", sa.Column("withdrawn_by", sa.Integer(), nullable=True))
    op.add_column("disclosure", sa.Column("withdrawal_note", sa.String(500), nullable=False, server_default=""))


def downgrade() -> None:
    for name in ("withdrawal_note", "withdrawn_by", "withdrawn_at"):
        op.drop_column("disclosure", name)
