"""contracts: catalogue, requests, ends, receivables

Revision: 0008, after 0007.
"""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
COURSE = sa.table("course", sa.column("id"), sa.column("tiers", JSON), sa.column("sample"))
PRICE_LIST = sa.table(
    "price_list",
    *(sa.column(name) for name in ("id", "version", "adverse", "note", "sample")),
    sa.column("effective_from", sa.Date()),
    sa.column("published_at", sa.DateTime(timezone=True)),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
COURSE_PRICE = sa.table(
    "course_price",
    *(sa.column(name) for name in ("price_list_id", "course_id", "initial")),
    sa.column("tiers", JSON),
)
CONTRACT = sa.table(
    "contract", sa.column("id"), sa.column("price_list_id"), sa.column("start_date", sa.Date()), sa.column("state")
)
# The initial fee that was shown as a sample beside the tiers.
INITIAL = 10_000


def _prices_into_a_list() -> None:
    """What courses cost becomes version 1 of the price list, for all contracts that there are."""
    found = op.get_bind().execute(sa.select(COURSE)).all()
    if not found:
        return
    at = datetime.now(UTC)
    op.get_bind().execute(
        sa.insert(PRICE_LIST).values(
            version=1,
            effective_from=date(2009, 10, 16),
            published_at=at,
            created_at=at,
            adverse=False,
            note="",
            sample=any(course.sample for course in found),
        )
    )
    first = op.get_bind().scalar(sa.select(PRICE_LIST.c.id).where(PRICE_LIST.c.version == 1))
    for course in found:
        op.get_bind().execute(
            sa.insert(COURSE_PRICE).values(
                price_list_id=first, course_id=course.id, initial=INITIAL, tiers=course.tiers
            )
        )
    op.get_bind().execute(sa.update(CONTRACT).values(price_list_id=first))


def _prices_into_courses() -> None:
    for row in op.get_bind().execute(sa.select(COURSE_PRICE).order_by(COURSE_PRICE.c.price_list_id)).all():
        op.get_bind().execute(sa.update(COURSE).where(COURSE.c.id == row.course_id).values(tiers=row.tiers))


def upgrade() -> None:
    op.create_table(
        "option",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_option")),
        sa.UniqueConstraint("code", name=op.f("uq_option_code")),
    )
    op.create_table(
        "price_list",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("adverse", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.UniqueConstraint("version", name=op.f("uq_price_list_version")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("conditions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("free_months", sa.Integer(), nullable=False),
        sa.Column("initial_free", sa.Boolean(), nullable=False),
        sa.Column("refund_rule", sa.String(length=500), nullable=False),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_campaign_course_id_course")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("code", name=op.f("uq_campaign_code")),
    )
    with op.batch_alter_table("campaign") as table:
        table.create_index(table.f("ix_campaign_course_id"), ["course_id"], unique=False)

    op.create_table(
        "course_price",
        sa.Column("price_list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("initial", sa.Integer(), nullable=False),
        sa.Column("tiers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_price_course_id_course")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_course_price_price_list_id_price_list")
        ),
        sa.PrimaryKeyConstraint("price_list_id", "course_id", name=op.f("pk_course_price")),
    )
    with op.batch_alter_table("course_price") as table:
        table.create_index(table.f("ix_course_price_course_id"), ["course_id"], unique=False)

    op.create_table(
        "option_price",
        sa.Column("price_list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("option_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("monthly", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["option_id"], ["option.id"], name=op.f("fk_option_price_option_id_option")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_option_price_price_list_id_price_list")
        ),
        sa.PrimaryKeyConstraint("price_list_id", "option_id", name=op.f("pk_option_price")),
    )
    with op.batch_alter_table("option_price") as table:
        table.create_index(table.f("ix_option_price_option_id"), ["option_id"], unique=False)

    op.create_table(
        "contract_option",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("option_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_option_contract_id_contract")),
        sa.ForeignKeyConstraint(["option_id"], ["option.id"], name=op.f("fk_contract_option_option_id_option")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_option")),
    )
    with op.batch_alter_table("contract_option") as table:
        table.create_index(table.f("ix_contract_option_contract_id"), ["contract_id"], unique=False)
        table.create_index(table.f("ix_contract_option_option_id"), ["option_id"], unique=False)

    op.create_table(
        "contract_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "cancel",
                "course",
                "options",
                "details",
                "correction",
                "name",
                "bank",
                "resume",
                name="requestkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "checking",
                "waiting",
                "refused",
                "applied",
                "withdrawn",
                "lapsed",
                name="requeststate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum("portal", "mail", "letter", "phone", name="channel", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted_on", sa.Date(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("wish", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("agreed", sa.Text(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contract.id"], name=op.f("fk_contract_request_contract_id_contract")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_contract_request_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_request")),
        sa.UniqueConstraint("token", name=op.f("uq_contract_request_token")),
    )
    with op.batch_alter_table("contract_request") as table:
        table.create_index("ix_contract_request_contract_id_state", ["contract_id", "state"], unique=False)
        table.create_index(table.f("ix_contract_request_customer_id"), ["customer_id"], unique=False)
        table.create_index("ix_contract_request_state_effective_on", ["state", "effective_on"], unique=False)

    op.create_table(
        "contract_term",
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("literal_end", sa.Date(), nullable=False),
        sa.Column("aligned_end", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_term_contract_id_contract")),
        sa.PrimaryKeyConstraint("contract_id", "number", name=op.f("pk_contract_term")),
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "due",
                "corrected",
                "terminated",
                "withdrawn",
                name="correctionstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("breach", sa.Text(), nullable=False),
        sa.Column("demand", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Integer(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_correction_contract_id_contract")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    with op.batch_alter_table("correction") as table:
        table.create_index(table.f("ix_correction_contract_id"), ["contract_id"], unique=False)
        table.create_index("ix_correction_state_deadline", ["state", "deadline"], unique=False)

    op.create_table(
        "receivable",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_receivable_contract_id_contract")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_receivable_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receivable")),
    )
    with op.batch_alter_table("receivable") as table:
        table.create_index(table.f("ix_receivable_contract_id"), ["contract_id"], unique=False)
        table.create_index(table.f("ix_receivable_customer_id"), ["customer_id"], unique=False)
        table.create_index(
            "ix_receivable_open",
            ["due_on"],
            unique=False,
            sqlite_where=sa.text("settled_on IS NULL"),
            postgresql_where=sa.text("settled_on IS NULL"),
        )

    op.create_table(
        "renewal_refusal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.Integer(), nullable=True),
        sa.Column("notice_id", sa.Integer(), nullable=True),
        sa.Column("arrived_on", sa.Date(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_renewal_refusal_contract_id_contract")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal_refusal")),
    )
    with op.batch_alter_table("renewal_refusal") as table:
        table.create_index(table.f("ix_renewal_refusal_contract_id"), ["contract_id"], unique=False)

    op.create_table(
        "standstill",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "ground",
            sa.Enum(
                "nonpayment", "danger", "partial_termination", name="suspensionground", native_enum=False, length=32
            ),
            nullable=True,
        ),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_standstill_contract_id_contract")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standstill")),
    )
    with op.batch_alter_table("standstill") as table:
        table.create_index(table.f("ix_standstill_contract_id"), ["contract_id"], unique=False)

    op.create_table(
        "termination",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("correction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "proposed", "carried out", "refused", "withdrawn", name="terminationstate", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "ground",
            sa.Enum(
                "breach",
                "nonpayment",
                "licence",
                "insolvency",
                "attachment",
                "dissolution",
                "death",
                "unfit",
                "uncorrected",
                name="terminationground",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "scope", sa.Enum("whole", "part", name="terminationscope", native_enum=False, length=32), nullable=False
        ),
        sa.Column("part", sa.String(length=300), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("evidence_key", sa.String(length=100), nullable=True),
        sa.Column("evidence_name", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_termination_contract_id_contract")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["correction.id"], name=op.f("fk_termination_correction_id_correction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_termination")),
    )
    with op.batch_alter_table("termination") as table:
        table.create_index(table.f("ix_termination_contract_id"), ["contract_id"], unique=False)
        table.create_index(table.f("ix_termination_correction_id"), ["correction_id"], unique=False)

    with op.batch_alter_table("contract") as table:
        table.add_column(sa.Column("person", sa.String(length=100), nullable=False, server_default=""))
        table.add_column(sa.Column("phone", sa.String(length=20), nullable=False, server_default=""))
        table.add_column(sa.Column("effective_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("terms_version", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        table.add_column(
            sa.Column("price_list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        table.add_column(sa.Column("min_term", sa.Integer(), nullable=False, server_default="6"))
        table.add_column(sa.Column("renewal", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("notice_months", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("refund", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("rest_owed", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(
            sa.Column("own_price", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True)
        )
        table.add_column(sa.Column("leaves_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("expires_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("ended_on", sa.Date(), nullable=True))
        table.add_column(
            sa.Column(
                "end_reason",
                sa.Enum("cancelled", "expired", "terminated", "void", name="endreason", native_enum=False, length=32),
                nullable=True,
            )
        )
        table.add_column(
            sa.Column(
                "restriction",
                sa.Enum("sending", "intake", "both", name="restriction", native_enum=False, length=32),
                nullable=True,
            )
        )
        table.add_column(sa.Column("restricted_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("restriction_note", sa.String(length=500), nullable=False, server_default=""))
        table.create_index(table.f("ix_contract_campaign_id"), ["campaign_id"], unique=False)
        table.create_index(table.f("ix_contract_price_list_id"), ["price_list_id"], unique=False)
        table.create_foreign_key(table.f("fk_contract_campaign_id_campaign"), "campaign", ["campaign_id"], ["id"])
        table.create_foreign_key(
            table.f("fk_contract_price_list_id_price_list"), "price_list", ["price_list_id"], ["id"]
        )

    with op.batch_alter_table("course") as table:
        table.add_column(sa.Column("offered", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(
            sa.Column(
                "conditions",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                nullable=False,
                server_default="{}",
            )
        )
    _prices_into_a_list()
    with op.batch_alter_table("course") as table:
        table.drop_column("tiers")


def downgrade() -> None:
    with op.batch_alter_table("course") as table:
        table.add_column(
            sa.Column(
                "tiers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False, server_default="[]"
            )
        )
    _prices_into_courses()
    with op.batch_alter_table("course") as table:
        table.drop_column("conditions")
        table.drop_column("offered")

    with op.batch_alter_table("contract") as table:
        table.drop_constraint(table.f("fk_contract_price_list_id_price_list"), type_="foreignkey")
        table.drop_constraint(table.f("fk_contract_campaign_id_campaign"), type_="foreignkey")
        table.drop_index(table.f("ix_contract_price_list_id"))
        table.drop_index(table.f("ix_contract_campaign_id"))
        table.drop_column("restriction_note")
        table.drop_column("restricted_at")
        table.drop_column("restriction")
        table.drop_column("end_reason")
        table.drop_column("ended_on")
        table.drop_column("expires_on")
        table.drop_column("leaves_on")
        table.drop_column("own_price")
        table.drop_column("rest_owed")
        table.drop_column("refund")
        table.drop_column("notice_months")
        table.drop_column("renewal")
        table.drop_column("min_term")
        table.drop_column("price_list_id")
        table.drop_column("campaign_id")
        table.drop_column("terms_version")
        table.drop_column("effective_on")
        table.drop_column("phone")
        table.drop_column("person")

    with op.batch_alter_table("termination") as table:
        table.drop_index(table.f("ix_termination_correction_id"))
        table.drop_index(table.f("ix_termination_contract_id"))

    op.drop_table("termination")
    with op.batch_alter_table("standstill") as table:
        table.drop_index(table.f("ix_standstill_contract_id"))

    op.drop_table("standstill")
    with op.batch_alter_table("renewal_refusal") as table:
        table.drop_index(table.f("ix_renewal_refusal_contract_id"))

    op.drop_table("renewal_refusal")
    with op.batch_alter_table("receivable") as table:
        table.drop_index(
            "ix_receivable_open",
            sqlite_where=sa.text("settled_on IS NULL"),
            postgresql_where=sa.text("settled_on IS NULL"),
        )
        table.drop_index(table.f("ix_receivable_customer_id"))
        table.drop_index(table.f("ix_receivable_contract_id"))

    op.drop_table("receivable")
    with op.batch_alter_table("correction") as table:
        table.drop_index("ix_correction_state_deadline")
        table.drop_index(table.f("ix_correction_contract_id"))

    op.drop_table("correction")
    op.drop_table("contract_term")
    with op.batch_alter_table("contract_request") as table:
        table.drop_index("ix_contract_request_state_effective_on")
        table.drop_index(table.f("ix_contract_request_customer_id"))
        table.drop_index("ix_contract_request_contract_id_state")

    op.drop_table("contract_request")
    with op.batch_alter_table("contract_option") as table:
        table.drop_index(table.f("ix_contract_option_option_id"))
        table.drop_index(table.f("ix_contract_option_contract_id"))

    op.drop_table("contract_option")
    with op.batch_alter_table("option_price") as table:
        table.drop_index(table.f("ix_option_price_option_id"))

    op.drop_table("option_price")
    with op.batch_alter_table("course_price") as table:
        table.drop_index(table.f("ix_course_price_course_id"))

    op.drop_table("course_price")
    with op.batch_alter_table("campaign") as table:
        table.drop_index(table.f("ix_campaign_course_id"))

    op.drop_table("campaign")
    op.drop_table("price_list")
    op.drop_table("option")
