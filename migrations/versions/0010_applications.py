"""applications

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "application",
        sa.Column("id", ID, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("way", sa.String(length=32), nullable=False),
        sa.Column("partner_id", ID, nullable=True),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kana", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone_mail", sa.Boolean(), nullable=False),
        sa.Column("entries", JSON, nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("consent_version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("filled_at", MOMENT, nullable=True),
        sa.Column("handed_or_posted_on", sa.Date(), nullable=True),
        sa.Column("arrived_on", sa.Date(), nullable=True),
        sa.Column("arrived_by", sa.Integer(), nullable=True),
        sa.Column("fee_total", sa.Integer(), nullable=False),
        sa.Column("fee_told_on", sa.Date(), nullable=True),
        sa.Column("fee_reminders", sa.Integer(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_amount", sa.Integer(), nullable=True),
        sa.Column("paid_by", sa.Integer(), nullable=True),
        sa.Column("possible_on", sa.Date(), nullable=True),
        sa.Column("possible_by", sa.Integer(), nullable=True),
        sa.Column("refusal_reason", sa.SmallInteger(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("contract_id", ID, nullable=True),
        sa.Column("scan_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_application_contract_id_contract")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_application_partner_id_partner")),
        sa.ForeignKeyConstraint(["scan_id"], ["document.id"], name=op.f("fk_application_scan_id_document")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    with op.batch_alter_table("application") as table:
        table.create_index("ix_application_state_id", ["state", "id"], unique=False)
        table.create_index(op.f("ix_application_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_application_partner_id"), ["partner_id"], unique=False)
        table.create_index(op.f("ix_application_scan_id"), ["scan_id"], unique=False)


def downgrade() -> None:
    op.drop_table("application")
