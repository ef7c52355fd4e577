"""documents found by their file: what no row names is erased

Revision: 0031, after 0030.
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_document_storage_key", "document", ["storage_key"])


def downgrade() -> None:
    op.drop_index("ix_document_storage_key", "document")
