"""blank mail and replies

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "taken_mail",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_taken_mail")),
    )
    with op.batch_alter_table("taken_mail") as table:
        table.create_index("ix_taken_mail_at", ["at"], unique=False)

    op.create_table(
        "reply_setting",
        sa.Column("customer_id", ID, autoincrement=False, nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_reply_setting_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_reply_setting")),
    )
    op.create_table(
        "blank_mail",
        sa.Column("list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("texts", JSON, nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("invited", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("stopped", sa.Integer(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "list_id"],
            ["mailing_list.customer_id", "mailing_list.id"],
            name="fk_blank_mail_mailing_list",
        ),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_blank_mail")),
    )
    op.create_table(
        "conversation",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "answered", "closed", name="conversationstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("unread", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("asks_to_stop", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revealed_by", sa.Integer(), nullable=True),
        sa.Column("passage", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_conversation_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_conversation_mailing_id_mailing"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_conversation_subscriber_id_subscriber"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint(
            "dispatch_id", "seq", "address_hash", name=op.f("uq_conversation_dispatch_id_seq_address_hash")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("conversation") as table:
        table.create_index("ix_conversation_customer_id_newest", ["customer_id", "newest"], unique=False)
        table.create_index("ix_conversation_last_at", ["last_at"], unique=False)
        table.create_index("ix_conversation_mailing_id_newest", ["mailing_id", "newest"], unique=False)
        table.create_index("ix_conversation_subscriber_id", ["subscriber_id"], unique=False)
        table.create_index(
            "ix_conversation_unread",
            ["customer_id"],
            unique=False,
            sqlite_where=sa.text("unread"),
            postgresql_where=sa.text("unread"),
        )

    op.create_table(
        "lent_address",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("lent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lent_by", sa.Integer(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id", "list_id"],
            ["mailing_list.customer_id", "mailing_list.id"],
            name="fk_lent_address_mailing_list",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lent_address")),
    )
    with op.batch_alter_table("lent_address") as table:
        table.create_index("ix_lent_address_code", ["code"], unique=False)
        table.create_index("ix_lent_address_list_id", ["list_id"], unique=False)
        table.create_index(
            "uq_lent_address_lent",
            ["code"],
            unique=True,
            sqlite_where=sa.text("returned_at IS NULL"),
            postgresql_where=sa.text("returned_at IS NULL"),
        )

    op.create_table(
        "conversation_mail",
        sa.Column("id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("files", JSON, nullable=False),
        sa.Column("message_id", sa.String(length=250), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_mail_conversation_id_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_mail")),
    )
    with op.batch_alter_table("conversation_mail") as table:
        table.create_index("ix_conversation_mail_conversation_id", ["conversation_id"], unique=False)


def downgrade() -> None:
    op.drop_table("conversation_mail")
    op.drop_table("lent_address")
    op.drop_table("conversation")
    op.drop_table("blank_mail")
    op.drop_table("reply_setting")
    op.drop_table("taken_mail")
