"""back numbers: mailings that their customer shows to everybody; mails with a link to their own page at the head

Revision: 0038, after 0034.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0034"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WANTED = sa.text("wanted")


def upgrade() -> None:
    op.create_table(
        "back_number",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("guid", sa.String(length=36), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("subject", sa.String(length=1000), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_back_number_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_back_number_mailing_id_mailing"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_back_number")),
        sa.UniqueConstraint("customer_id", "number", name=op.f("uq_back_number_customer_id_number")),
        sa.UniqueConstraint("mailing_id", name=op.f("uq_back_number_mailing_id")),
    )
    op.create_index(
        "ix_back_number_wanted", "back_number", ["mailing_id"], sqlite_where=WANTED, postgresql_where=WANTED
    )
    op.add_column("mailing", sa.Column("view_line", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("mailing") as table:
        table.drop_column("view_line")
    op.drop_table("back_number")
