"""invoices, months of contracts, the close of a month, reminders, the count's evidence

Revision: 0020, after 0021.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0021"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)
# All that a document says; what became of it since may change.
CONTENT = (
    "number, kind, occasion, customer_id, contract_id, month, period_from, period_to, issued_on, issued_at, due_on, "
    "recipient, recipient_name, issuer, lines, net, tax, total, corrects_id, note, evidence, locked_until"
)


def upgrade() -> None:
    op.create_table(
        "count_snapshot",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("registered", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("recounted", sa.Integer(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("seen_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "day", name=op.f("pk_count_snapshot")),
    )
    with op.batch_alter_table("count_snapshot") as table:
        table.create_index(
            "ix_count_snapshot_differs",
            ["day"],
            unique=False,
            sqlite_where=sa.text("registered <> recounted AND seen_at IS NULL"),
            postgresql_where=sa.text("registered <> recounted AND seen_at IS NULL"),
        )

    op.create_table(
        "invoice_counter",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_invoice_counter")),
    )
    op.create_table(
        "month_close",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("drafted_at", MOMENT, nullable=True),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_month_close")),
    )
    op.create_table(
        "invoice",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("done_once", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("occasion", sa.String(length=32), nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("issued_by", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("recipient", JSON, nullable=False),
        sa.Column("recipient_name", sa.String(length=200), nullable=False),
        sa.Column("issuer", JSON, nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("net", sa.Integer(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("corrects_id", ID, nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("evidence", JSON, nullable=True),
        sa.Column("locked_until", sa.Date(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("notice_id", ID, nullable=True),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("set_off", sa.Integer(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_invoice_contract_id_contract")),
        sa.ForeignKeyConstraint(["corrects_id"], ["invoice.id"], name=op.f("fk_invoice_corrects_id_invoice")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_invoice_customer_id_customer")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_invoice_document_id_document")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_invoice_notice_id_notice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("done_once", name=op.f("uq_invoice_done_once")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
    )
    with op.batch_alter_table("invoice") as table:
        table.create_index(op.f("ix_invoice_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_invoice_corrects_id"), ["corrects_id"], unique=False)
        table.create_index("ix_invoice_customer_id_id", ["customer_id", "id"], unique=False)
        table.create_index(op.f("ix_invoice_document_id"), ["document_id"], unique=False)
        table.create_index("ix_invoice_issued_on_total", ["issued_on", "total"], unique=False)
        table.create_index(op.f("ix_invoice_month"), ["month"], unique=False)
        table.create_index(op.f("ix_invoice_notice_id"), ["notice_id"], unique=False)
        table.create_index(op.f("ix_invoice_recipient_name"), ["recipient_name"], unique=False)
        table.create_index(
            "ix_invoice_untold",
            ["id"],
            unique=False,
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        )

    op.create_table(
        "month_draft",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("given_back", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("look_at", JSON, nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_month_draft_contract_id_contract")),
        sa.PrimaryKeyConstraint("month", "contract_id", name=op.f("pk_month_draft")),
    )
    with op.batch_alter_table("month_draft") as table:
        table.create_index(op.f("ix_month_draft_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_month_draft_looks"), ["looks"], unique=False)
        table.create_index("ix_month_draft_month_change", ["month", "change"], unique=False)

    op.create_table(
        "reminder",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("pay_by", sa.Date(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("notice_id", ID, nullable=True),
        sa.Column("sent_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_reminder_contract_id_contract")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_reminder_customer_id_customer")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_reminder_notice_id_notice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    with op.batch_alter_table("reminder") as table:
        table.create_index(op.f("ix_reminder_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_reminder_customer_id"), ["customer_id"], unique=False)
        table.create_index(op.f("ix_reminder_notice_id"), ["notice_id"], unique=False)

    op.create_table(
        "contract_month",
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("course", sa.String(length=100), nullable=False),
        sa.Column("tiers", JSON, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("free", sa.Boolean(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("opening_days", sa.Integer(), nullable=False),
        sa.Column("charged_base", sa.Integer(), nullable=False),
        sa.Column("charged_options", JSON, nullable=False),
        sa.Column("held", sa.String(length=32), nullable=True),
        sa.Column("invoice_id", ID, nullable=True),
        sa.Column("invoiced_at", MOMENT, nullable=True),
        sa.Column("peak", sa.Integer(), nullable=True),
        sa.Column("usable_days", sa.Integer(), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_month_contract_id_contract")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_contract_month_invoice_id_invoice")),
        sa.PrimaryKeyConstraint("contract_id", "month", name=op.f("pk_contract_month")),
    )
    with op.batch_alter_table("contract_month") as table:
        table.create_index(op.f("ix_contract_month_invoice_id"), ["invoice_id"], unique=False)
        table.create_index("ix_contract_month_month", ["month", "contract_id"], unique=False)
        table.create_index(
            "ix_contract_month_open",
            ["month", "contract_id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "final_account",
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("invoice_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_final_account_contract_id_contract")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_final_account_invoice_id_invoice")),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_final_account")),
    )
    with op.batch_alter_table("final_account") as table:
        table.create_index(op.f("ix_final_account_invoice_id"), ["invoice_id"], unique=False)

    op.create_table(
        "invoice_tax",
        sa.Column("invoice_id", ID, nullable=False),
        sa.Column("rate", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("net", sa.Integer(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_tax_invoice_id_invoice")),
        sa.PrimaryKeyConstraint("invoice_id", "rate", name=op.f("pk_invoice_tax")),
    )
    with op.batch_alter_table("month_peak") as table:
        table.add_column(sa.Column("opening", sa.Integer(), server_default="0", nullable=False))
    # What stood there on the 1st is not known of months before this version; it was not more than the peak, which
    # decides the fee in the end.
    op.execute("UPDATE month_peak SET opening = peak")
    with op.batch_alter_table("month_peak") as table:
        table.alter_column("opening", server_default=None)
    with op.batch_alter_table("receivable") as table:
        table.add_column(sa.Column("invoice_id", ID, nullable=True))
        table.create_index(op.f("ix_receivable_invoice_id"), ["invoice_id"], unique=False)
        table.create_foreign_key(op.f("fk_receivable_invoice_id_invoice"), "invoice", ["invoice_id"], ["id"])

    with op.batch_alter_table("application") as table:
        table.add_column(sa.Column("invoiced_elsewhere", sa.Boolean(), server_default=sa.false(), nullable=False))
    # Who is a customer already was charged the first fee before WeM wrote invoices, and is not told of it again.
    op.execute("UPDATE application SET invoiced_elsewhere = true WHERE contract_id IS NOT NULL")
    with op.batch_alter_table("application") as table:
        table.alter_column("invoiced_elsewhere", server_default=None)

    _keep_invoices()


def _keep_invoices() -> None:
    """What was issued neither changes nor goes before its time, whoever asks the database."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION wem_invoice_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'an issued invoice is kept as it is'; END $$"
        )
        for name, when in (
            ("changed", f"BEFORE UPDATE OF {CONTENT} ON invoice"),
            ("deleted", "BEFORE DELETE ON invoice"),
        ):
            condition = "" if name == "changed" else "WHEN (OLD.locked_until > CURRENT_DATE) "
            op.execute(
                f"CREATE TRIGGER invoice_{name} {when} FOR EACH ROW {condition}EXECUTE FUNCTION wem_invoice_is_kept()"
            )
        op.execute(
            "CREATE TRIGGER invoice_tax_changed BEFORE UPDATE ON invoice_tax FOR EACH ROW "
            "EXECUTE FUNCTION wem_invoice_is_kept()"
        )
        return
    refuse = "BEGIN SELECT RAISE(ABORT, 'an issued invoice is kept as it is'); END"
    op.execute(f"CREATE TRIGGER invoice_changed BEFORE UPDATE OF {CONTENT} ON invoice {refuse}")
    op.execute(f"CREATE TRIGGER invoice_deleted BEFORE DELETE ON invoice WHEN OLD.locked_until > date('now') {refuse}")
    op.execute(f"CREATE TRIGGER invoice_tax_changed BEFORE UPDATE ON invoice_tax {refuse}")


def downgrade() -> None:
    with op.batch_alter_table("application") as table:
        table.drop_column("invoiced_elsewhere")

    with op.batch_alter_table("receivable") as table:
        table.drop_constraint(op.f("fk_receivable_invoice_id_invoice"), type_="foreignkey")
        table.drop_index(op.f("ix_receivable_invoice_id"))
        table.drop_column("invoice_id")

    with op.batch_alter_table("month_peak") as table:
        table.drop_column("opening")

    op.drop_table("invoice_tax")
    with op.batch_alter_table("final_account") as table:
        table.drop_index(op.f("ix_final_account_invoice_id"))

    op.drop_table("final_account")
    with op.batch_alter_table("contract_month") as table:
        table.drop_index(
            "ix_contract_month_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        table.drop_index("ix_contract_month_month")
        table.drop_index(op.f("ix_contract_month_invoice_id"))

    op.drop_table("contract_month")
    with op.batch_alter_table("reminder") as table:
        table.drop_index(op.f("ix_reminder_notice_id"))
        table.drop_index(op.f("ix_reminder_customer_id"))
        table.drop_index(op.f("ix_reminder_contract_id"))

    op.drop_table("reminder")
    with op.batch_alter_table("month_draft") as table:
        table.drop_index("ix_month_draft_month_change")
        table.drop_index(op.f("ix_month_draft_looks"))
        table.drop_index(op.f("ix_month_draft_contract_id"))

    op.drop_table("month_draft")
    with op.batch_alter_table("invoice") as table:
        table.drop_index(
            "ix_invoice_untold", sqlite_where=sa.text("told_at IS NULL"), postgresql_where=sa.text("told_at IS NULL")
        )
        table.drop_index(op.f("ix_invoice_recipient_name"))
        table.drop_index(op.f("ix_invoice_notice_id"))
        table.drop_index(op.f("ix_invoice_month"))
        table.drop_index("ix_invoice_issued_on_total")
        table.drop_index(op.f("ix_invoice_document_id"))
        table.drop_index("ix_invoice_customer_id_id")
        table.drop_index(op.f("ix_invoice_corrects_id"))
        table.drop_index(op.f("ix_invoice_contract_id"))

    op.drop_table("invoice")
    op.drop_table("month_close")
    op.drop_table("invoice_counter")
    with op.batch_alter_table("count_snapshot") as table:
        table.drop_index(
            "ix_count_snapshot_differs",
            sqlite_where=sa.text("registered <> recounted AND seen_at IS NULL"),
            postgresql_where=sa.text("registered <> recounted AND seen_at IS NULL"),
        )

    op.drop_table("count_snapshot")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION wem_invoice_is_kept()")
