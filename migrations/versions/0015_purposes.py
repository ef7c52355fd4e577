"""purposes of use, customers' answers, mail to customers, pages that were given back, files of our own mails

Revision: 0015, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "use_purpose",
        sa.Column("id", ID, nullable=False),
        sa.Column("asks_from", sa.Integer(), nullable=False),
        sa.Column("told_after", sa.BigInteger(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_use_purpose")),
    )
    op.create_table(
        "purpose_text",
        sa.Column("id", ID, nullable=False),
        sa.Column("purpose_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["purpose_id"], ["use_purpose.id"], name=op.f("fk_purpose_text_purpose_id_use_purpose")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purpose_text")),
        sa.UniqueConstraint("purpose_id", "number", name=op.f("uq_purpose_text_purpose_id_number")),
    )
    op.create_table(
        "purpose_answer",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("purpose_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("yes", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("via", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_purpose_answer_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purpose_answer")),
    )
    with op.batch_alter_table("purpose_answer") as table:
        table.create_index("ix_purpose_answer_customer_id_purpose_id_id", ["customer_id", "purpose_id", "id"])
        table.create_index("ix_purpose_answer_purpose_id", ["purpose_id"])
    op.create_table(
        "news",
        sa.Column("id", ID, nullable=False),
        sa.Column("purpose_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=150), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.Column("written_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("looked_up_to", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
    )
    with op.batch_alter_table("news") as table:
        table.create_index("ix_news_state", ["state"])
    op.create_table(
        "news_recipient",
        sa.Column("id", ID, nullable=False),
        sa.Column("news_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_news_recipient_customer_id_customer")),
        sa.ForeignKeyConstraint(["news_id"], ["news.id"], name=op.f("fk_news_recipient_news_id_news")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news_recipient")),
        sa.UniqueConstraint("news_id", "customer_id", name=op.f("uq_news_recipient_news_id_customer_id")),
    )
    with op.batch_alter_table("news_recipient") as table:
        table.create_index("ix_news_recipient_customer_id", ["customer_id"])
        table.create_index("ix_news_recipient_news_id_address_hash", ["news_id", "address_hash"])
    op.create_table(
        "returned_page",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("lent_at", MOMENT, nullable=False),
        sa.Column("returned_at", MOMENT, nullable=False),
        sa.Column("returned_by", sa.Integer(), nullable=True),
        sa.Column("leads_on", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_returned_page_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned_page")),
        sa.UniqueConstraint("slug", name=op.f("uq_returned_page_slug")),
    )
    with op.batch_alter_table("returned_page") as table:
        table.create_index(op.f("ix_returned_page_customer_id"), ["customer_id"])
    with op.batch_alter_table("outbox_mail") as table:
        table.add_column(sa.Column("withdrawn_at", MOMENT, nullable=True))
        table.add_column(sa.Column("files", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("outbox_mail") as table:
        table.drop_column("files")
        table.drop_column("withdrawn_at")
    for name in ("returned_page", "news_recipient", "news", "purpose_answer", "purpose_text", "use_purpose"):
        op.drop_table(name)
