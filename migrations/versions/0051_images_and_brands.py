"""images in use by steps, numbers of images that never come again, and versions of brand settings;
mailings that wait no longer for others

Revision: 0051, after 0050.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("image_use", sa.Column("in_use", sa.Boolean(), server_default=sa.false(), nullable=False))
    # Of steps that have texts in use already.
    op.execute(
        """
        INSERT INTO image_use (image_id, mailing_id, in_use)
        SELECT image.id, sequence_step.mailing_id, true
        FROM sequence_step JOIN image ON image.customer_id = sequence_step.customer_id
        WHERE image.token IS NOT NULL AND sequence_step.live_version > 0 AND sequence_step.removed_at IS NULL
        AND CAST(sequence_step.live AS TEXT) LIKE '%' || image.token || '%'
        ON CONFLICT (image_id, mailing_id) DO UPDATE SET in_use = true
        """
    )
    op.add_column("brand", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("mailing_segment", sa.Column("waits", sa.Boolean(), server_default=sa.true(), nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("image", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("image", recreate="always"):
            pass
    op.drop_column("mailing_segment", "waits")
    op.drop_column("brand", "version")
    op.execute("DELETE FROM image_use WHERE in_use")
    op.drop_column("image_use", "in_use")
