"""mailings know what they are a copy of, and are narrowed by who got an earlier one

Revision: 0042, after 0044.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0044"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = (("mailing", "source_id"), ("mailing_segment", "earlier_id"))


def upgrade() -> None:
    for table, column in COLUMNS:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(column, NUMBER, nullable=True))
            batch.create_foreign_key(f"fk_{table}_{column}_mailing", "mailing", [column], ["id"], ondelete="SET NULL")
            batch.create_index(f"ix_{table}_{column}", [column])


def downgrade() -> None:
    for table, column in COLUMNS:
        with op.batch_alter_table(table) as batch:
            batch.drop_index(f"ix_{table}_{column}")
            batch.drop_constraint(f"fk_{table}_{column}_mailing", type_="foreignkey")
            batch.drop_column(column)
