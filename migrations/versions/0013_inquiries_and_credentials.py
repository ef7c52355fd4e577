"""inquiries, and emergency stops of sign-ins

Revision: 0013, after 0011.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "inquiry",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("assigned_to", sa.Integer(), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("answer_by", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("unread", sa.Boolean(), nullable=False),
        sa.Column("receipt_at", MOMENT, nullable=True),
        sa.Column("source_id", ID, nullable=True),
        sa.Column("confirm_asked_at", MOMENT, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_inquiry_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["inquiry.id"], name=op.f("fk_inquiry_source_id_inquiry"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inquiry_customer_id_newest", "inquiry", ["customer_id", "newest"])
    op.create_index("ix_inquiry_state_answer_by", "inquiry", ["state", "answer_by"])
    op.create_index("ix_inquiry_address_hash", "inquiry", ["address_hash"])
    op.create_index("ix_inquiry_newest", "inquiry", ["newest"])
    op.create_index(op.f("ix_inquiry_source_id"), "inquiry", ["source_id"])
    op.create_table(
        "inquiry_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("inquiry_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("left_out", JSON, nullable=False),
        sa.Column("message_id", sa.String(length=250), nullable=False),
        sa.Column("inbound_id", sa.BigInteger(), nullable=True),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["inquiry_id"], ["inquiry.id"], name=op.f("fk_inquiry_entry_inquiry_id_inquiry"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_entry")),
    )
    op.create_index("ix_inquiry_entry_inquiry_id", "inquiry_entry", ["inquiry_id"])
    op.create_index("ix_inquiry_entry_message_id", "inquiry_entry", ["message_id"])
    op.create_table(
        "inquiry_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["inquiry_entry.id"], name=op.f("fk_inquiry_file_entry_id_inquiry_entry"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_file")),
    )
    op.create_index("ix_inquiry_file_entry_id", "inquiry_file", ["entry_id"])
    op.create_index("ix_inquiry_file_key", "inquiry_file", ["key"])
    op.create_table(
        "emergency_stop",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("via", sa.String(length=32), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("received_at", MOMENT, nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("pulled_at", MOMENT, nullable=True),
        sa.Column("pulled_by", sa.Integer(), nullable=True),
        sa.Column("people", JSON, nullable=False),
        sa.Column("sign_ins", sa.Integer(), nullable=False),
        sa.Column("invitations", sa.Integer(), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.Integer(), nullable=True),
        sa.Column("lift_note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_emergency_stop_contract_id_contract")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_emergency_stop_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_stop")),
    )
    op.create_index(op.f("ix_emergency_stop_contract_id"), "emergency_stop", ["contract_id"])
    op.create_index(op.f("ix_emergency_stop_customer_id"), "emergency_stop", ["customer_id"])
    op.create_table(
        "returned_account",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("lent_at", MOMENT, nullable=False),
        sa.Column("returned_at", MOMENT, nullable=False),
        sa.Column("returned_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_returned_account_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned_account")),
    )
    op.create_index(op.f("ix_returned_account_customer_id"), "returned_account", ["customer_id"])
    op.add_column("contract", sa.Column("emergency_since", MOMENT, nullable=True))
    op.add_column("account", sa.Column("two_places_at", MOMENT, nullable=True))


def downgrade() -> None:
    op.drop_column("account", "two_places_at")
    op.drop_column("contract", "emergency_since")
    for table in ("returned_account", "emergency_stop", "inquiry_file", "inquiry_entry", "inquiry"):
        op.drop_table(table)
