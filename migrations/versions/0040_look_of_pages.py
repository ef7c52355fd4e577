"""how customers' pages for readers look: logo, words, colour, contact, privacy policy

Revision: 0040, after 0043.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0043"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "page_look",
        sa.Column("customer_id", ID, nullable=False, autoincrement=False),
        sa.Column("logo_id", ID, nullable=True),
        sa.Column("intro", sa.String(length=300), nullable=False),
        sa.Column("accent", sa.String(length=7), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("privacy_url", sa.String(length=300), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_page_look_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["logo_id"], ["image.id"], name=op.f("fk_page_look_logo_id_image"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_page_look")),
    )
    op.create_index(op.f("ix_page_look_logo_id"), "page_look", ["logo_id"])


def downgrade() -> None:
    op.drop_table("page_look")
