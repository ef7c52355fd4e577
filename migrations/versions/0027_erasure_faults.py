"""how often the record of consent could not be set, and that it went out as plain text

Revision: 0027, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("erasure") as table:
        table.add_column(sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("fault_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("erasure") as table:
        table.alter_column("failures", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("erasure") as table:
        table.drop_column("fault_at")
        table.drop_column("failures")
