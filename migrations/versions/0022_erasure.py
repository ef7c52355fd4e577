"""erasure after a contract's end: its record, what staff hold back, how long proof of consent is kept

Revision: 0022, after 0020.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("contract_number", sa.String(length=20), nullable=False),
        sa.Column("phase", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("contract_number", "phase", name=op.f("uq_erasure_contract_number_phase")),
    )
    with op.batch_alter_table("erasure") as table:
        table.create_index(op.f("ix_erasure_contract_id"), ["contract_id"], unique=False)
        table.create_index(op.f("ix_erasure_customer_id"), ["customer_id"], unique=False)
        table.create_index(
            "ix_erasure_running",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )

    op.create_table(
        "erasure_place",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_erasure_place")),
    )
    op.create_table(
        "consent_keeping",
        sa.Column("customer_id", ID, autoincrement=False, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_consent_keeping_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_consent_keeping")),
    )
    op.create_table(
        "erasure_hold",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("held_at", MOMENT, nullable=False),
        sa.Column("held_by", sa.Integer(), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_erasure_hold_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_hold")),
    )
    with op.batch_alter_table("erasure_hold") as table:
        table.create_index(op.f("ix_erasure_hold_customer_id"), ["customer_id"], unique=False)

    _hold_who_left_before()


def _hold_who_left_before() -> None:
    """Contracts that were over before this version: nothing of theirs is erased before somebody has looked at it."""
    op.execute(
        "INSERT INTO erasure_hold (customer_id, reason, held_at, held_by) "
        "SELECT DISTINCT customer_id, '版の更新前に終了していたご契約です。確認のうえ解除してください。', "
        "CURRENT_TIMESTAMP, 0 FROM contract WHERE state = 'ended' AND customer_id NOT IN "
        "(SELECT customer_id FROM contract WHERE state <> 'ended')"
    )


def downgrade() -> None:
    op.drop_table("erasure_hold")
    op.drop_table("consent_keeping")
    op.drop_table("erasure_place")
    op.drop_table("erasure")
