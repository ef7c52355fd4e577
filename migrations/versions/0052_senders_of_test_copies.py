"""the sender of a mail of the outbox, where it is not the service: a test copy goes from the mailing's own address

Revision: 0052, after 0051.
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("outbox_mail", sa.Column("sender", sa.String(length=320), nullable=True))
    op.add_column("outbox_mail", sa.Column("sender_domain_id", NUMBER, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("outbox_mail") as batch:
        batch.drop_column("sender_domain_id")
        batch.drop_column("sender")
