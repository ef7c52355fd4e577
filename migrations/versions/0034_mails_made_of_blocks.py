"""mails made of blocks: their revisions, and a customer's brand settings

Revision: 0034, after 0035.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block_revision",
        sa.Column("mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name="fk_block_revision_mailing_id_mailing", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailing_id", "number", name="pk_block_revision"),
    )
    op.create_table(
        "brand",
        sa.Column(
            "customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("background", sa.String(length=7), nullable=False),
        sa.Column("surface", sa.String(length=7), nullable=False),
        sa.Column("text", sa.String(length=7), nullable=False),
        sa.Column("accent", sa.String(length=7), nullable=False),
        sa.Column("font_size", sa.String(length=2), nullable=False),
        sa.Column("corners", sa.String(length=10), nullable=False),
        sa.Column("logo_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("footer", sa.String(length=2000), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_brand_customer_id_customer"),
        sa.ForeignKeyConstraint(["logo_id"], ["image.id"], name="fk_brand_logo_id_image", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("customer_id", name="pk_brand"),
    )
    op.create_index("ix_brand_logo_id", "brand", ["logo_id"])
    op.add_column("mailing", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("mailing", "revision")
    op.drop_table("brand")
    op.drop_table("block_revision")
