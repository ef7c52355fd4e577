"""what receivables are for

Revision: 0017, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("receivable") as table:
        # What staff have typed in so far says only in its label what it is for.
        table.add_column(sa.Column("kind", sa.String(length=32), server_default="other", nullable=False))
    with op.batch_alter_table("receivable") as table:
        table.alter_column("kind", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("receivable") as table:
        table.drop_column("kind")
