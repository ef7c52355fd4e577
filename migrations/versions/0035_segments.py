"""saved conditions over readers, and which mailings are narrowed by them

Revision: 0035, after 0033.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def number() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def json() -> sa.types.TypeEngine:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("id", number(), nullable=False),
        sa.Column("customer_id", number(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("conditions", json(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_segment_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
    )
    op.create_index("ix_segment_customer_id_id", "segment", ["customer_id", "id"])
    op.create_table(
        "mailing_segment",
        sa.Column("id", number(), nullable=False),
        sa.Column("mailing_id", number(), nullable=False),
        sa.Column("segment_id", number(), nullable=True),
        sa.Column("use", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("conditions", json(), nullable=False),
        sa.Column("names", json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_mailing_segment_mailing_id_mailing"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segment.id"], name=op.f("fk_mailing_segment_segment_id_segment"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_segment")),
        sa.UniqueConstraint("mailing_id", "segment_id", name=op.f("uq_mailing_segment_mailing_id_segment_id")),
    )
    op.create_index(op.f("ix_mailing_segment_segment_id"), "mailing_segment", ["segment_id"])


def downgrade() -> None:
    op.drop_table("mailing_segment")
    op.drop_table("segment")
