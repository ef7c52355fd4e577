"""refunds of returns, write-offs, counterparties of payments, first fees as payments, lines of bank files in doubt

Revision: 0029, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0026"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("payment") as table:
        table.add_column(sa.Column("payer_name", sa.String(length=200), nullable=False, server_default=""))
    with op.batch_alter_table("receivable") as table:
        table.add_column(sa.Column("not_paid", sa.String(length=32), nullable=True))
    with op.batch_alter_table("refund") as table:
        table.alter_column("payment_id", existing_type=ID, nullable=True)
        table.add_column(sa.Column("invoice_id", ID, nullable=True))
        table.create_index(op.f("ix_refund_invoice_id"), ["invoice_id"], unique=False)
        table.create_foreign_key(op.f("fk_refund_invoice_id_invoice"), "invoice", ["invoice_id"], ["id"])
    op.create_table(
        "write_off",
        sa.Column("id", ID, nullable=False),
        sa.Column("receivable_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["receivable.id"], name=op.f("fk_write_off_receivable_id_receivable")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_write_off_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_off")),
    )
    with op.batch_alter_table("write_off") as table:
        table.create_index(op.f("ix_write_off_receivable_id"), ["receivable_id"], unique=False)
        table.create_index(op.f("ix_write_off_customer_id"), ["customer_id"], unique=False)
    op.create_table(
        "doubtful_line",
        sa.Column("id", ID, nullable=False),
        sa.Column("statement_id", ID, nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("payer", sa.String(length=100), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["bank_statement.id"], name=op.f("fk_doubtful_line_statement_id_bank_statement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doubtful_line")),
    )
    with op.batch_alter_table("doubtful_line") as table:
        table.create_index(op.f("ix_doubtful_line_statement_id"), ["statement_id"], unique=False)
    _first_fees()
    op.execute(
        "UPDATE payment SET payer_name = (SELECT customer.name FROM contract JOIN customer ON "
        "customer.id = contract.customer_id WHERE contract.id = payment.contract_id) WHERE contract_id IS NOT NULL"
    )


def _first_fees() -> None:
    """First fees were settled without a payment: what came in for them is written down as one, its surplus as its rest.

    Contracts that are void are left out: what came in for those was typed in to go back.
    """
    bank = op.get_bind()
    found = bank.execute(
        sa.text(
            "SELECT receivable.id, receivable.contract_id, receivable.settled_on, receivable.paid, "
            "(SELECT max(application.paid_amount) FROM application WHERE application.contract_id = "
            "receivable.contract_id) AS came FROM receivable JOIN contract ON contract.id = receivable.contract_id "
            "WHERE receivable.kind = 'initial' AND receivable.settled_on IS NOT NULL AND receivable.paid > 0 "
            "AND receivable.invoice_id IS NOT NULL AND coalesce(contract.end_reason, '') <> 'void' "
            "AND receivable.id NOT IN (SELECT receivable_id FROM payment_share) ORDER BY receivable.id"
        )
    ).all()
    for receivable_id, contract_id, settled_on, paid, came in found:
        payment_id = bank.execute(
            sa.text(
                "INSERT INTO payment (way, paid_on, amount, settled, refunded, payer_kana, payer_name, note, "
                "contract_id, created_at) VALUES ('transfer', :on, :amount, :paid, 0, '', '', '', :contract, "
                "CURRENT_TIMESTAMP) RETURNING id"
            ),
            {"on": settled_on, "amount": max(came or 0, paid), "paid": paid, "contract": contract_id},
        ).scalar_one()
        bank.execute(
            sa.text(
                "INSERT INTO payment_share (payment_id, receivable_id, amount, at) "
                "VALUES (:payment, :receivable, :amount, CURRENT_TIMESTAMP)"
            ),
            {"payment": payment_id, "receivable": receivable_id, "amount": paid},
        )


def downgrade() -> None:
    op.drop_table("doubtful_line")
    op.drop_table("write_off")
    with op.batch_alter_table("refund") as table:
        table.drop_constraint(op.f("fk_refund_invoice_id_invoice"), type_="foreignkey")
        table.drop_index(op.f("ix_refund_invoice_id"))
        table.drop_column("invoice_id")
    with op.batch_alter_table("receivable") as table:
        table.drop_column("not_paid")
    with op.batch_alter_table("payment") as table:
        table.drop_column("payer_name")
