"""debit files, payments and what they settle, bank statements, refunds

Revision: 0018, after 0019.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0019"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("receivable") as table:
        table.add_column(sa.Column("paid", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("last_paid_on", sa.Date(), nullable=True))
    op.execute("UPDATE receivable SET paid = amount, last_paid_on = settled_on WHERE settled_on IS NOT NULL")
    with op.batch_alter_table("receivable") as table:
        table.alter_column("paid", server_default=None)
    op.create_table(
        "debit_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("debit_on", sa.Date(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("result_on", sa.Date(), nullable=False),
        sa.Column("collector", JSON, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("file_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=True),
        sa.Column("result_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("result_hash", sa.String(length=64), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("paid_count", sa.Integer(), nullable=False),
        sa.Column("paid_amount", sa.BigInteger(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("failed_amount", sa.BigInteger(), nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debit_run")),
        sa.UniqueConstraint("result_hash", name=op.f("uq_debit_run_result_hash")),
    )
    with op.batch_alter_table("debit_run") as table:
        table.create_index(
            "uq_debit_run_live",
            ["debit_on"],
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )
    op.create_table(
        "debit_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("mandate_id", ID, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("new_code", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=1), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_debit_entry_contract_id_contract")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_debit_entry_customer_id_customer")),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_debit_entry_mandate_id_mandate")),
        sa.ForeignKeyConstraint(["run_id"], ["debit_run.id"], name=op.f("fk_debit_entry_run_id_debit_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debit_entry")),
    )
    with op.batch_alter_table("debit_entry") as table:
        table.create_index("ix_debit_entry_run_id_place", ["run_id", "place"], unique=True)
        table.create_index(op.f("ix_debit_entry_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_debit_entry_customer_id"), ["customer_id"], unique=False)
        table.create_index(op.f("ix_debit_entry_mandate_id"), ["mandate_id"], unique=False)
        table.create_index(
            "ix_debit_entry_open",
            ["state"],
            unique=False,
            sqlite_where=sa.text("state IN ('waiting', 'with_staff')"),
            postgresql_where=sa.text("state IN ('waiting', 'with_staff')"),
        )
    op.create_table(
        "debit_item",
        sa.Column("id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("receivable_id", ID, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["debit_entry.id"], name=op.f("fk_debit_item_entry_id_debit_entry")),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["receivable.id"], name=op.f("fk_debit_item_receivable_id_receivable")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debit_item")),
    )
    with op.batch_alter_table("debit_item") as table:
        table.create_index(op.f("ix_debit_item_entry_id"), ["entry_id"], unique=False)
        table.create_index(op.f("ix_debit_item_receivable_id"), ["receivable_id"], unique=False)
    op.create_table(
        "payment_choice",
        sa.Column("id", ID, nullable=False),
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("receivable_id", ID, nullable=True),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("chosen_at", MOMENT, nullable=False),
        sa.Column("chosen_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_payment_choice_contract_id_contract")),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["receivable.id"], name=op.f("fk_payment_choice_receivable_id_receivable")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_choice")),
    )
    with op.batch_alter_table("payment_choice") as table:
        table.create_index(op.f("ix_payment_choice_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_payment_choice_receivable_id"), ["receivable_id"], unique=False)
    op.create_table(
        "bank_statement",
        sa.Column("id", ID, nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("read_by", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statement")),
        sa.UniqueConstraint("file_hash", name=op.f("uq_bank_statement_file_hash")),
    )
    op.create_table(
        "payment",
        sa.Column("id", ID, nullable=False),
        sa.Column("way", sa.String(length=32), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("payer_kana", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("contract_id", ID, nullable=True),
        sa.Column("statement_id", ID, nullable=True),
        sa.Column("line_hash", sa.String(length=64), nullable=True),
        sa.Column("entry_id", ID, nullable=True),
        sa.Column("set_aside_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_payment_contract_id_contract")),
        sa.ForeignKeyConstraint(["entry_id"], ["debit_entry.id"], name=op.f("fk_payment_entry_id_debit_entry")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["bank_statement.id"], name=op.f("fk_payment_statement_id_bank_statement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_payment_entry_id")),
        sa.UniqueConstraint("line_hash", name=op.f("uq_payment_line_hash")),
    )
    with op.batch_alter_table("payment") as table:
        table.create_index(op.f("ix_payment_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_payment_statement_id"), ["statement_id"], unique=False)
        table.create_index("ix_payment_paid_on_id", ["paid_on", "id"], unique=False)
        table.create_index(
            "ix_payment_rest",
            ["id"],
            unique=False,
            sqlite_where=sa.text("amount > settled + refunded"),
            postgresql_where=sa.text("amount > settled + refunded"),
        )
    op.create_table(
        "payment_share",
        sa.Column("id", ID, nullable=False),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("receivable_id", ID, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Integer(), nullable=True),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_share_payment_id_payment")),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["receivable.id"], name=op.f("fk_payment_share_receivable_id_receivable")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_share")),
    )
    with op.batch_alter_table("payment_share") as table:
        table.create_index(op.f("ix_payment_share_payment_id"), ["payment_id"], unique=False)
        table.create_index(op.f("ix_payment_share_receivable_id"), ["receivable_id"], unique=False)
    op.create_table(
        "refund",
        sa.Column("id", ID, nullable=False),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("ground", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
    )
    with op.batch_alter_table("refund") as table:
        table.create_index(op.f("ix_refund_payment_id"), ["payment_id"], unique=False)


def downgrade() -> None:
    for table in (
        "refund", "payment_share", "payment", "bank_statement", "payment_choice", "debit_item", "debit_entry",
        "debit_run",
    ):  # fmt: skip
        op.drop_table(table)
    with op.batch_alter_table("receivable") as table:
        table.drop_column("last_paid_on")
        table.drop_column("paid")
