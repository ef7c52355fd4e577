"""reports of abuse, cases, takedowns, deletions, disclosures, looks, orders

Revision: 0014, after 0012.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "takedown",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Integer(), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.Integer(), nullable=True),
        sa.Column("lift_note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_takedown_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_takedown")),
    )
    with op.batch_alter_table("takedown") as table:
        table.create_index(op.f("ix_takedown_case_id"), ["case_id"], unique=False)
        table.create_index(
            "uq_takedown_open",
            ["customer_id", "kind", "target_id"],
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
    op.create_table(
        "abuse_case",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("codes", JSON, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_abuse_case_contract_id_contract")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_abuse_case_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abuse_case")),
    )
    with op.batch_alter_table("abuse_case") as table:
        table.create_index(op.f("ix_abuse_case_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_abuse_case_customer_id"), ["customer_id"], unique=False)
        table.create_index("ix_abuse_case_state_deadline", ["state", "deadline"], unique=False)
    op.create_table(
        "abuse_report",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("page", sa.String(length=500), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("file_key", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("customer_id", ID, nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["abuse_case.id"], name=op.f("fk_abuse_report_case_id_abuse_case")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_abuse_report_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_abuse_report")),
    )
    with op.batch_alter_table("abuse_report") as table:
        table.create_index(op.f("ix_abuse_report_case_id"), ["case_id"], unique=False)
        table.create_index(op.f("ix_abuse_report_customer_id"), ["customer_id"], unique=False)
        table.create_index("ix_abuse_report_state_id", ["state", "id"], unique=False)
    op.create_table(
        "case_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("path", sa.String(length=100), nullable=False),
        sa.Column("file_key", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["abuse_case.id"], name=op.f("fk_case_entry_case_id_abuse_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_entry")),
    )
    with op.batch_alter_table("case_entry") as table:
        table.create_index(op.f("ix_case_entry_case_id"), ["case_id"], unique=False)
    op.create_table(
        "claim",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("claimant", sa.String(length=200), nullable=False),
        sa.Column("demand", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("result", sa.String(length=500), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["abuse_case.id"], name=op.f("fk_claim_case_id_abuse_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    with op.batch_alter_table("claim") as table:
        table.create_index(op.f("ix_claim_case_id"), ["case_id"], unique=False)
    op.create_table(
        "dispute_talk",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("way", sa.String(length=32), nullable=False),
        sa.Column("people", sa.String(length=300), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["abuse_case.id"], name=op.f("fk_dispute_talk_case_id_abuse_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_talk")),
    )
    with op.batch_alter_table("dispute_talk") as table:
        table.create_index(op.f("ix_dispute_talk_case_id"), ["case_id"], unique=False)
    op.create_table(
        "deletion",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("ground", sa.String(length=32), nullable=False),
        sa.Column("parts", JSON, nullable=False),
        sa.Column("list_ids", JSON, nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("found", JSON, nullable=False),
        sa.Column("done", JSON, nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["abuse_case.id"], name=op.f("fk_deletion_case_id_abuse_case")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_deletion_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion")),
    )
    with op.batch_alter_table("deletion") as table:
        table.create_index(op.f("ix_deletion_case_id"), ["case_id"], unique=False)
        table.create_index(op.f("ix_deletion_customer_id"), ["customer_id"], unique=False)
        table.create_index("ix_deletion_state", ["state"], unique=False)
    op.create_table(
        "disclosure",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("data", sa.String(length=32), nullable=False),
        sa.Column("requester", sa.String(length=200), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=True),
        sa.Column("given_by", sa.Integer(), nullable=True),
        sa.Column("given_how", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_disclosure_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    with op.batch_alter_table("disclosure") as table:
        table.create_index(op.f("ix_disclosure_customer_id"), ["customer_id"], unique=False)
        table.create_index("ix_disclosure_state", ["state"], unique=False)
    op.create_table(
        "customer_look",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_look")),
    )
    with op.batch_alter_table("customer_look") as table:
        table.create_index("ix_customer_look_at", ["at"], unique=False)
        table.create_index("ix_customer_look_customer_id_id", ["customer_id", "id"], unique=False)
    op.create_table(
        "operation_order",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("ordered_by", sa.String(length=100), nullable=False),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.Column("way", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=1000), nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_operation_order_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_order")),
    )
    with op.batch_alter_table("operation_order") as table:
        table.create_index(op.f("ix_operation_order_customer_id"), ["customer_id"], unique=False)
    op.create_table(
        "operation_work",
        sa.Column("id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("sign_in_id", ID, nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_operation_work_account_id_account")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["operation_order.id"], name=op.f("fk_operation_work_order_id_operation_order")
        ),
        sa.ForeignKeyConstraint(["sign_in_id"], ["sign_in.id"], name=op.f("fk_operation_work_sign_in_id_sign_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_work")),
    )
    with op.batch_alter_table("operation_work") as table:
        table.create_index(op.f("ix_operation_work_account_id"), ["account_id"], unique=False)
        table.create_index(op.f("ix_operation_work_order_id"), ["order_id"], unique=False)
        table.create_index(op.f("ix_operation_work_sign_in_id"), ["sign_in_id"], unique=False)
        table.create_index(
            "ix_operation_work_untold",
            ["id"],
            unique=False,
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        )
    op.add_column("audit_event", sa.Column("on_behalf_of", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("audit_event", "on_behalf_of")
    for name in (
        "operation_work",
        "operation_order",
        "customer_look",
        "disclosure",
        "deletion",
        "dispute_talk",
        "claim",
        "case_entry",
        "abuse_report",
        "abuse_case",
        "takedown",
    ):
        op.drop_table(name)
