"""what an application names beside its course, sealed account numbers, mandates, the end of options

Revision: 0012, after 0010.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from wem import vault

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
APPLICATION = sa.table(
    "application", sa.column("id"), sa.column("entries", JSON), sa.column("account_sealed", sa.LargeBinary())
)
BOUND = "application account"


def upgrade() -> None:
    with op.batch_alter_table("option") as table:
        table.add_column(sa.Column("ends_on", sa.Date(), nullable=True))
    with op.batch_alter_table("application") as table:
        table.add_column(sa.Column("account_sealed", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("campaign_id", ID, nullable=True))
        table.add_column(sa.Column("debit_arrived_on", sa.Date(), nullable=True))
        table.create_foreign_key(op.f("fk_application_campaign_id_campaign"), "campaign", ["campaign_id"], ["id"])
        table.create_index(op.f("ix_application_campaign_id"), ["campaign_id"], unique=False)
    _seal()
    op.create_table(
        "mandate",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("request_id", ID, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("bank", sa.String(length=100), nullable=False),
        sa.Column("bank_code", sa.String(length=4), nullable=False),
        sa.Column("branch", sa.String(length=100), nullable=False),
        sa.Column("branch_code", sa.String(length=3), nullable=False),
        sa.Column("account_type", sa.String(length=1), nullable=False),
        sa.Column("account_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("account_holder", sa.String(length=100), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_mandate_contract_id_contract")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_mandate_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["contract_request.id"], name=op.f("fk_mandate_request_id_contract_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
    )
    with op.batch_alter_table("mandate") as table:
        table.create_index(op.f("ix_mandate_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_mandate_customer_id"), ["customer_id"], unique=False)
        table.create_index(op.f("ix_mandate_request_id"), ["request_id"], unique=False)
        table.create_index("ix_mandate_state_moved_on", ["state", "moved_on"], unique=False)


def _seal() -> None:
    """Take account numbers out of what applicants typed and keep them sealed."""
    bind = op.get_bind()
    for row in bind.execute(sa.select(APPLICATION)).all():
        entries = dict(row.entries)
        number = entries.pop("account_number", None)
        if number is None:
            continue
        sealed = vault.seal(number.encode(), BOUND, row.id)
        bind.execute(
            sa.update(APPLICATION).where(APPLICATION.c.id == row.id).values(entries=entries, account_sealed=sealed)
        )


def downgrade() -> None:
    op.drop_table("mandate")
    _open()
    with op.batch_alter_table("application") as table:
        table.drop_index(op.f("ix_application_campaign_id"))
        table.drop_constraint(op.f("fk_application_campaign_id_campaign"), type_="foreignkey")
        table.drop_column("debit_arrived_on")
        table.drop_column("campaign_id")
        table.drop_column("account_sealed")
    with op.batch_alter_table("option") as table:
        table.drop_column("ends_on")


def _open() -> None:
    bind = op.get_bind()
    for row in bind.execute(sa.select(APPLICATION).where(APPLICATION.c.account_sealed.is_not(None))).all():
        number = vault.open_sealed(bytes(row.account_sealed), BOUND, row.id).decode()
        entries = {**row.entries, "account_number": number}
        bind.execute(sa.update(APPLICATION).where(APPLICATION.c.id == row.id).values(entries=entries))
