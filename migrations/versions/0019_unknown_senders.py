"""senders that nobody wrote down, an index of what waits for staff, and how many mails providers put off

Revision: 0019, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None

WAITS = sa.text("state >= 4")


def upgrade() -> None:
    with op.batch_alter_table("inbound_mail", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("sender", existing_type=sa.String(length=320), nullable=True)
    op.create_index(
        "ix_inbound_mail_for_staff",
        "inbound_mail",
        ["state", "route"],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
    op.create_table(
        "postponed_tally",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("trouble", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "provider", "domain", "trouble", name=op.f("pk_postponed_tally")),
    )


def downgrade() -> None:
    op.drop_table("postponed_tally")
    op.drop_index("ix_inbound_mail_for_staff", "inbound_mail")
    op.execute("UPDATE inbound_mail SET sender = '' WHERE sender IS NULL")
    with op.batch_alter_table("inbound_mail", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("sender", existing_type=sa.String(length=320), nullable=False)
