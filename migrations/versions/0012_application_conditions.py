"""what an application names beside its course, sealed account numbers, mandates, the end of options

Revision: 0012, after 0013.
"""

import os

import sqlalchemy as sa
from alembic import op
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
APPLICATION = sa.table(
    "application", sa.column("id"), sa.column("entries", JSON), sa.column("account_sealed", sa.LargeBinary())
)
# As the vault sealed on the day of this migration: its form, a nonce, AES-256-GCM bound to use and row.
FORM = b"\x01"
NONCE_BYTES = 12


def _cipher() -> AESGCM:
    master = current_app.config["WEM"].MASTER_KEY.encode()
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"wem.vault").derive(master))


def _bound(id: int) -> bytes:
    return b"".join(b"%d:%s" % (len(part), part) for part in (b"application account", str(id).encode()))


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
        nonce = os.urandom(NONCE_BYTES)
        sealed = FORM + nonce + _cipher().encrypt(nonce, number.encode(), _bound(row.id))
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
        nonce, rest = row.account_sealed[1 : 1 + NONCE_BYTES], row.account_sealed[1 + NONCE_BYTES :]
        number = _cipher().decrypt(nonce, rest, _bound(row.id)).decode()
        entries = {**row.entries, "account_number": number}
        bind.execute(sa.update(APPLICATION).where(APPLICATION.c.id == row.id).values(entries=entries))
