"""bounces

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATE = sa.String(length=32)
LIST = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column("kind", STATE, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("trouble", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sample", sa.String(length=500), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    with op.batch_alter_table("alarm") as table:
        table.create_index(
            "uq_alarm_open",
            ["key"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "bounce",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("mailing_id", sa.Integer(), nullable=False),
        sa.Column("dispatch_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("lists", LIST, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("source", STATE, nullable=False),
        sa.Column("severity", STATE, nullable=False),
        sa.Column("reason", STATE, nullable=False),
        sa.Column("status", sa.String(length=12), nullable=True),
        sa.Column("reply", sa.SmallInteger(), nullable=True),
        sa.Column("diagnostic", sa.String(length=500), nullable=False),
        sa.Column("reporter", sa.String(length=255), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint("dispatch_id", "seq", name=op.f("uq_bounce_dispatch_id_seq")),
    )
    with op.batch_alter_table("bounce") as table:
        table.create_index("ix_bounce_customer_id_address_hash", ["customer_id", "address_hash"], unique=False)

    op.create_table(
        "bounce_tally",
        sa.Column("dispatch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", STATE, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("dispatch_id", "list_id", "day", "reason", name=op.f("pk_bounce_tally")),
    )
    with op.batch_alter_table("bounce_tally") as table:
        table.create_index("ix_bounce_tally_list_id_day", ["list_id", "day"], unique=False)

    op.create_table(
        "complaint",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("mailing_id", sa.Integer(), nullable=False),
        sa.Column("dispatch_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("feedback_type", sa.String(length=32), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("dispatch_id", "seq", name=op.f("uq_complaint_dispatch_id_seq")),
    )
    with op.batch_alter_table("complaint") as table:
        table.create_index("ix_complaint_at", ["at"], unique=False)
        table.create_index("ix_complaint_customer_id_address_hash", ["customer_id", "address_hash"], unique=False)

    op.create_table(
        "followed_to",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_followed_to")),
    )
    op.create_table(
        "provider_tally",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("reason", STATE, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "provider", "domain", "reason", name=op.f("pk_provider_tally")),
    )
    op.create_table(
        "removal",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", LIST, nullable=False),
        sa.Column("lists", LIST, nullable=False),
        sa.Column("cumulative", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removal")),
    )
    with op.batch_alter_table("removal") as table:
        table.create_index("ix_removal_customer_id_address_hash", ["customer_id", "address_hash"], unique=False)

    op.create_table(
        "removal_review",
        sa.Column("subscriber_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_removal_review")),
    )
    with op.batch_alter_table("removal_review") as table:
        table.create_index(op.f("ix_removal_review_due_at"), ["due_at"], unique=False)

    op.create_table(
        "unmatched_report",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", STATE, nullable=False),
        sa.Column("why", STATE, nullable=False),
        sa.Column("severity", STATE, nullable=False),
        sa.Column("reason", STATE, nullable=False),
        sa.Column("status", sa.String(length=12), nullable=True),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("diagnostic", sa.String(length=500), nullable=False),
        sa.Column("reporter", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmatched_report")),
        sa.UniqueConstraint("number", name=op.f("uq_unmatched_report_number")),
    )
    with op.batch_alter_table("unmatched_report") as table:
        table.create_index(op.f("ix_unmatched_report_at"), ["at"], unique=False)

    op.create_table(
        "sending_hold",
        sa.Column("customer_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_sending_hold_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_sending_hold")),
    )
    with op.batch_alter_table("contract") as table:
        table.add_column(sa.Column("notice_fails_since", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("outbox_mail") as table:
        table.add_column(sa.Column("recipient_hash", sa.LargeBinary(length=16), nullable=True))
        table.add_column(sa.Column("not_arrived_at", sa.DateTime(timezone=True), nullable=True))
        table.create_index(
            "ix_outbox_mail_failed",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN (4, 7) AND not_arrived_at IS NULL"),
            postgresql_where=sa.text("state IN (4, 7) AND not_arrived_at IS NULL"),
        )
        table.create_index(
            "ix_outbox_mail_recipient_hash",
            ["recipient_hash"],
            unique=False,
            sqlite_where=sa.text("recipient_hash IS NOT NULL"),
            postgresql_where=sa.text("recipient_hash IS NOT NULL"),
        )

    with op.batch_alter_table("provider_state") as table:
        table.add_column(sa.Column("bounced_today", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("complained_today", sa.Integer(), server_default="0", nullable=False))
    # For the rows that were there; from now on the model says it.
    with op.batch_alter_table("provider_state") as table:
        table.alter_column("bounced_today", server_default=None)
        table.alter_column("complained_today", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("provider_state") as table:
        table.drop_column("complained_today")
        table.drop_column("bounced_today")

    with op.batch_alter_table("outbox_mail") as table:
        table.drop_index(
            "ix_outbox_mail_recipient_hash",
            sqlite_where=sa.text("recipient_hash IS NOT NULL"),
            postgresql_where=sa.text("recipient_hash IS NOT NULL"),
        )
        table.drop_index(
            "ix_outbox_mail_failed",
            sqlite_where=sa.text("state IN (4, 7) AND not_arrived_at IS NULL"),
            postgresql_where=sa.text("state IN (4, 7) AND not_arrived_at IS NULL"),
        )
        table.drop_column("not_arrived_at")
        table.drop_column("recipient_hash")

    with op.batch_alter_table("contract") as table:
        table.drop_column("notice_fails_since")

    op.drop_table("sending_hold")
    op.drop_table("unmatched_report")
    op.drop_table("removal_review")
    op.drop_table("removal")
    op.drop_table("provider_tally")
    op.drop_table("followed_to")
    op.drop_table("complaint")
    op.drop_table("bounce_tally")
    op.drop_table("bounce")
    op.drop_table("alarm")
