"""what follows from notices, and the customer's choice for maintenance

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
UNKEPT = sa.text("channel = 'mail' AND document_id IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("contract") as table:
        table.add_column(sa.Column("notice_counts_from", MOMENT, nullable=True))
    with op.batch_alter_table("notice") as table:
        table.add_column(sa.Column("left_at", MOMENT, nullable=True))
        table.add_column(sa.Column("left_by", sa.Integer(), nullable=True))
        table.create_index("ix_notice_unkept", ["id"], sqlite_where=UNKEPT, postgresql_where=UNKEPT)
    op.create_table(
        "maintenance_choice",
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("choice", sa.String(length=32), nullable=False),
        sa.Column("chosen_at", MOMENT, nullable=False),
        sa.Column("chosen_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_maintenance_choice_incident_id_incident")
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], ondelete="CASCADE", name=op.f("fk_maintenance_choice_mailing_id_mailing")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_maintenance_choice_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("incident_id", "mailing_id", name=op.f("pk_maintenance_choice")),
    )
    op.create_index("ix_maintenance_choice_mailing_id", "maintenance_choice", ["mailing_id"])
    op.create_index("ix_maintenance_choice_customer_id", "maintenance_choice", ["customer_id"])
    op.create_table(
        "maintenance_told",
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_maintenance_told_incident_id_incident")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_maintenance_told_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("incident_id", "customer_id", name=op.f("pk_maintenance_told")),
    )
    op.create_index("ix_maintenance_told_customer_id", "maintenance_told", ["customer_id"])


def downgrade() -> None:
    op.drop_table("maintenance_told")
    op.drop_table("maintenance_choice")
    with op.batch_alter_table("notice") as table:
        table.drop_index("ix_notice_unkept")
        table.drop_column("left_by")
        table.drop_column("left_at")
    with op.batch_alter_table("contract") as table:
        table.drop_column("notice_counts_from")
