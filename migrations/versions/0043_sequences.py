"""sequences: their steps, the readers in them, and what was sent of them

Revision: 0043, after 0048.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0048"
branch_labels = None
depends_on = None


def number() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def json() -> sa.types.TypeEngine:
    return sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def at() -> sa.types.TypeEngine:
    return sa.DateTime(timezone=True)


def where(condition: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.add_column("mailing", sa.Column("sequence_id", sa.Integer(), nullable=True))
    op.add_column("mailing", sa.Column("step_id", sa.Integer(), nullable=True))
    op.create_index("ix_mailing_sequence_id", "mailing", ["sequence_id"])
    op.add_column("dispatch", sa.Column("sequence_id", sa.Integer(), nullable=True))
    op.create_index("ix_subscription_list_id_confirmed_at", "subscription", ["list_id", "confirmed_at"])
    op.create_table(
        "sequence",
        sa.Column("id", number(), nullable=False),
        sa.Column("customer_id", number(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("held_reason", sa.String(length=64), nullable=False),
        sa.Column("told_of", sa.String(length=32), nullable=True),
        sa.Column("field_id", sa.Integer(), nullable=True),
        sa.Column("field_key", sa.String(length=64), nullable=False),
        sa.Column("every_year", sa.Boolean(), nullable=False),
        sa.Column("with_present", sa.Boolean(), nullable=False),
        sa.Column("leave_on_click", sa.Boolean(), nullable=False),
        sa.Column("leave_segment_id", number(), nullable=True),
        sa.Column("leave_segment_name", sa.String(length=100), nullable=False),
        sa.Column("tolerance", sa.SmallInteger(), nullable=False),
        sa.Column("late_an_hour", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", at(), nullable=False),
        sa.Column("started_at", at(), nullable=True),
        sa.Column("ended_at", at(), nullable=True),
        sa.Column("seen_at", at(), nullable=True),
        sa.Column("load_cursor", sa.BigInteger(), nullable=True),
        sa.Column("followed_at", at(), nullable=False),
        sa.Column("entered", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_sequence_customer_id_customer"),
        sa.ForeignKeyConstraint(
            ["customer_id", "list_id"],
            ["mailing_list.customer_id", "mailing_list.id"],
            name="fk_sequence_mailing_list",
        ),
        sa.ForeignKeyConstraint(
            ["leave_segment_id"], ["segment.id"], name="fk_sequence_leave_segment_id_segment", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sequence"),
    )
    op.create_index("ix_sequence_customer_id_id", "sequence", ["customer_id", "id"])
    op.create_index("ix_sequence_list_id", "sequence", ["list_id"])
    op.create_index("ix_sequence_leave_segment_id", "sequence", ["leave_segment_id"])
    op.create_index("ix_sequence_followed_at", "sequence", ["followed_at"], **where("state IN ('running', 'waiting')"))
    op.create_table(
        "sequence_step",
        sa.Column("id", number(), nullable=False),
        sa.Column("customer_id", number(), nullable=False),
        sa.Column("sequence_id", number(), nullable=False),
        sa.Column("mailing_id", number(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("live", json(), nullable=False),
        sa.Column("live_version", sa.Integer(), nullable=False),
        sa.Column("live_at", at(), nullable=True),
        sa.Column("wanted_version", sa.Integer(), nullable=True),
        sa.Column("removed_at", at(), nullable=True),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_sequence_step_customer_id_customer"),
        sa.ForeignKeyConstraint(
            ["sequence_id"], ["sequence.id"], name="fk_sequence_step_sequence_id_sequence", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name="fk_sequence_step_mailing_id_mailing"),
        sa.PrimaryKeyConstraint("id", name="pk_sequence_step"),
        sa.UniqueConstraint("mailing_id", name="uq_sequence_step_mailing_id"),
    )
    op.create_index("ix_sequence_step_customer_id", "sequence_step", ["customer_id"])
    op.create_index(
        "uq_sequence_step_days", "sequence_step", ["sequence_id", "days"], unique=True, **where("removed_at IS NULL")
    )
    op.create_table(
        "sequence_reader",
        sa.Column("sequence_id", number(), autoincrement=False, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("anchor", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(length=10), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=True),
        sa.Column("due", sa.Integer(), nullable=True),
        sa.Column("last_day", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sequence_id"], ["sequence.id"], name="fk_sequence_reader_sequence_id_sequence", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_sequence_reader_subscriber_id_subscriber", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sequence_id", "subscriber_id", "round", name="pk_sequence_reader"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_sequence_reader_due", "sequence_reader", ["sequence_id", "step_id", "due"], **where("due IS NOT NULL")
    )
    op.create_index("ix_sequence_reader_subscriber_id", "sequence_reader", ["subscriber_id"])
    op.create_table(
        "sequence_run",
        sa.Column("mailing_id", number(), autoincrement=False, nullable=False),
        sa.Column("sequence_id", number(), nullable=False),
        sa.Column("step_id", number(), nullable=False),
        sa.Column("at", at(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name="fk_sequence_run_mailing_id_mailing", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sequence_id"], ["sequence.id"], name="fk_sequence_run_sequence_id_sequence", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["step_id"], ["sequence_step.id"], name="fk_sequence_run_step_id_sequence_step", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailing_id", name="pk_sequence_run"),
    )
    op.create_index("ix_sequence_run_step_id_at", "sequence_run", ["step_id", "at"])
    op.create_index("ix_sequence_run_sequence_id_at", "sequence_run", ["sequence_id", "at"])
    op.create_table(
        "chosen_reader",
        sa.Column("mailing_id", number(), autoincrement=False, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name="fk_chosen_reader_mailing_id_mailing", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_chosen_reader_subscriber_id_subscriber", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailing_id", "subscriber_id", name="pk_chosen_reader"),
        sa.UniqueConstraint("subscriber_id", "step_id", "round", name="uq_chosen_reader_subscriber_id_step_id_round"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("chosen_reader", "sequence_run", "sequence_reader", "sequence_step", "sequence"):
        op.drop_table(table)
    op.drop_index("ix_subscription_list_id_confirmed_at", "subscription")
    op.drop_column("dispatch", "sequence_id")
    op.drop_index("ix_mailing_sequence_id", "mailing")
    op.drop_column("mailing", "step_id")
    op.drop_column("mailing", "sequence_id")
