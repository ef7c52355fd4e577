"""sender domains

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CLAIMED = sa.text("customer_id IS NOT NULL AND state IN ('proven', 'broken')")
OF_SERVICE = sa.text("customer_id IS NULL")
DOMAIN_STATES = ("checking", "proven", "broken")
KEY_STATES = ("waiting", "used", "past")
KEY_KINDS = ("rsa", "ed25519")


def upgrade() -> None:
    op.create_table(
        "sender_domain",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("state", sa.Enum(*DOMAIN_STATES, name="domainstate", native_enum=False, length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dmarc_found", sa.Boolean(), nullable=False),
        sa.Column("return_path_found", sa.Boolean(), nullable=False),
        sa.Column("findings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_sender_domain_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender_domain")),
        sa.UniqueConstraint("customer_id", "id", name=op.f("uq_sender_domain_customer_id_id")),
        sa.UniqueConstraint("customer_id", "name", name=op.f("uq_sender_domain_customer_id_name")),
    )
    with op.batch_alter_table("sender_domain", schema=None) as batch_op:
        batch_op.create_index("ix_sender_domain_check_at", ["check_at"], unique=False)
        batch_op.create_index(
            "ix_sender_domain_claimed", ["name"], unique=True, sqlite_where=CLAIMED, postgresql_where=CLAIMED
        )
        batch_op.create_index(
            "ix_sender_domain_service", ["name"], unique=True, sqlite_where=OF_SERVICE, postgresql_where=OF_SERVICE
        )
    op.create_table(
        "domain_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("domain_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("selector", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.Enum(*KEY_KINDS, name="keykind", native_enum=False, length=32), nullable=False),
        sa.Column("state", sa.Enum(*KEY_STATES, name="keystate", native_enum=False, length=32), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("found", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("past_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["sender_domain.id"],
            name=op.f("fk_domain_key_domain_id_sender_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_key")),
        sa.UniqueConstraint("domain_id", "selector", name=op.f("uq_domain_key_domain_id_selector")),
    )
    op.create_table(
        "list_sender",
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("domain_id", sa.Integer(), nullable=False),
        sa.Column("local_part", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "domain_id"],
            ["sender_domain.customer_id", "sender_domain.id"],
            name=op.f("fk_list_sender_customer_id_sender_domain"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "list_id"],
            ["mailing_list.customer_id", "mailing_list.id"],
            name=op.f("fk_list_sender_customer_id_mailing_list"),
        ),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_list_sender")),
    )
    with op.batch_alter_table("list_sender", schema=None) as batch_op:
        batch_op.create_index("ix_list_sender_customer_id", ["customer_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("list_sender", schema=None) as batch_op:
        batch_op.drop_index("ix_list_sender_customer_id")
    op.drop_table("list_sender")
    op.drop_table("domain_key")
    with op.batch_alter_table("sender_domain", schema=None) as batch_op:
        batch_op.drop_index("ix_sender_domain_service", sqlite_where=OF_SERVICE, postgresql_where=OF_SERVICE)
        batch_op.drop_index("ix_sender_domain_claimed", sqlite_where=CLAIMED, postgresql_where=CLAIMED)
        batch_op.drop_index("ix_sender_domain_check_at")
    op.drop_table("sender_domain")
