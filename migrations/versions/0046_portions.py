"""mailings that go in portions; what happened to one thing is found quickly

Revision: 0046, after 0041.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0041"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = {
    "mailing": {"portions": "1", "portion_minutes": "60"},
    "dispatch": {"portions": "1", "portion_minutes": "0"},
    "batch": {"portion": "1"},
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, default in columns.items():
            op.add_column(table, sa.Column(name, sa.SmallInteger(), nullable=False, server_default=default))
    op.create_table(
        "portion",
        sa.Column("dispatch_id", NUMBER, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_portion_dispatch_id_dispatch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "number", name=op.f("pk_portion")),
    )
    op.create_index(
        "ix_portion_due",
        "portion",
        ["due_at"],
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_index("ix_audit_event_subject_id", "audit_event", ["subject", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_event_subject_id", "audit_event")
    op.drop_table("portion")
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.drop_column(name)
