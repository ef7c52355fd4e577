"""mailings say how wide the lines of their text are; those that were there keep their lines as written

Revision: 0037, after 0031.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailing", sa.Column("wrap_at", sa.SmallInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("mailing") as table:
        table.drop_column("wrap_at")
