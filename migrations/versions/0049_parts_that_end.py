"""parts of a contract that end by themselves: which option and parts of the service, and the days of an option's fee

Revision: 0049, after 0040.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0049"
down_revision = "0040"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIST = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
CHARGED = ("charged_from", "charged_until")


def upgrade() -> None:
    for name, column in (("contract", "terminated_parts"), ("termination", "parts")):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column(column, LIST, server_default="[]", nullable=False))
        with op.batch_alter_table(name) as table:
            table.alter_column(column, server_default=None)
    with op.batch_alter_table("contract_option") as table:
        for column in CHARGED:
            table.add_column(sa.Column(column, sa.Date(), nullable=True))
    with op.batch_alter_table("termination") as table:
        table.add_column(sa.Column("contract_option_id", ID, nullable=True))
        table.create_index(op.f("ix_termination_contract_option_id"), ["contract_option_id"], unique=False)
        table.create_foreign_key(
            op.f("fk_termination_contract_option_id_contract_option"), "contract_option", ["contract_option_id"], ["id"]
        )
    # What two had lifted stands as such; a termination that suspended the service until today goes on to do so.
    lifted = "SELECT termination_id FROM revocation WHERE state = 'carried out' AND termination_id IS NOT NULL"
    op.execute(f"UPDATE termination SET state = 'lifted' WHERE scope = 'part' AND id IN ({lifted})")


def downgrade() -> None:
    op.execute("UPDATE termination SET state = 'carried out' WHERE state = 'lifted'")
    with op.batch_alter_table("termination") as table:
        table.drop_constraint(op.f("fk_termination_contract_option_id_contract_option"), type_="foreignkey")
        table.drop_index(op.f("ix_termination_contract_option_id"))
        table.drop_column("contract_option_id")
        table.drop_column("parts")
    with op.batch_alter_table("contract_option") as table:
        for column in CHARGED:
            table.drop_column(column)
    with op.batch_alter_table("contract") as table:
        table.drop_column("terminated_parts")
