"""The customer's start page: the count, the lists, the last mailings, and what a newcomer does next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.rules import OWNERS, WRITERS, Role
from wem.billing import arrears
from wem.contracts import describing, ending, rules
from wem.contracts.agreed import fee_of_month
from wem.contracts.date_rules import month_start
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import Standing, Use
from wem.db import db
from wem.delivery.progress import progress
from wem.lists import counting
from wem.lists.models import MailingList
from wem.mailings import maintenance
from wem.mailings.models import Mailing
from wem.mailings.titles import Titles
from wem.mailings.wording import STATES
from wem.privacy import consenting
from wem.web.blueprints import CustomerBlueprint
from wem.web.session import current_membership

blueprint = CustomerBlueprint("dashboard", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response
LISTS = 6
MAILINGS = 5


@blueprint.get("/dashboard")
def show() -> Answer:
    membership = current_membership()
    if membership is None:
        abort(404)
    customer_id = membership.customer_id
    contract = contract_in_force(customer_id)
    usable = contract is not None and contract.standing is Standing.in_use
    lists = db.session.scalars(
        sa.select(MailingList)
        .where(MailingList.customer_id == customer_id, MailingList.archived_at.is_(None))
        .order_by(MailingList.active_count.desc(), MailingList.id)
        .limit(LISTS + 1)
    ).all()
    mailings = db.session.scalars(
        sa.select(Mailing)
        .where(Mailing.customer_id == customer_id, Mailing.variant_of.is_(None), Mailing.sequence_id.is_(None))
        .order_by(Mailing.id.desc())
        .limit(MAILINGS)
    ).all()
    registered, peak = counting.registered(customer_id), counting.month_peak(customer_id)
    return render_template(
        "contracts/dashboard.html",
        contract=contract,
        usable=usable,
        standing=contract.standing if contract else Standing.ended,
        lifting=arrears.conditions(contract, clock.today()) if contract else None,
        demands=ending.demands(contract.id) if contract else [],
        **describing.restricted(contract),
        registered=registered,
        peak=peak,
        tier=rules.tier(contract.tiers, peak) if contract else None,
        next_tier=rules.next_tier(contract.tiers, peak) if contract else None,
        fee=fee_of_month(contract, peak, month_start(clock.today())) if contract else None,
        with_tax=rules.with_tax,
        lists=lists[:LISTS],
        purposes_waiting=len(consenting.awaiting(customer_id)) if contract else 0,
        in_maintenance=len(maintenance.affected(customer_id)) if usable else 0,
        more_lists=len(lists) > LISTS,
        mailings=[(mailing, progress(mailing.id)) for mailing in mailings],
        states=STATES,
        titles=Titles(customer_id),
        writes=membership.role in WRITERS,
        next_steps=next_steps(contract, membership.role, lists, registered, mailings)
        if contract and usable and membership.role in WRITERS and not _has_sent(customer_id)
        else [],
    )


def _has_sent(customer_id: int) -> bool:
    started = sa.select(Mailing.id).where(Mailing.customer_id == customer_id, Mailing.started_at.is_not(None))
    return db.session.scalar(started.limit(1)) is not None


@dataclass(frozen=True)
class NextStep:
    """One thing that a newcomer does, in order; `url` is empty for who may not do it."""

    title: str
    text: str
    url: str
    done: bool


def next_steps(
    contract: Contract, role: Role, lists: Sequence[MailingList], registered: int, mailings: Sequence[Mailing]
) -> list[NextStep]:
    """Return the way to the first mailing, what is done already marked."""
    first = lists[0] if lists else None
    return [
        NextStep(
            gettext("Check what every mail shows"),
            gettext("Postal address and contact stand at the foot of every mail, as the law asks."),
            url_for("contract_filing.details") if role in OWNERS else url_for("contract.show"),
            not contract.missing_legal_items,
        ),
        NextStep(
            gettext("Make your first list"),
            gettext("A list is what readers register for, like “News of the shop”."),
            url_for("lists.new"),
            bool(lists),
        ),
        NextStep(
            gettext("Bring in readers"),
            gettext("Upload a CSV or Excel file, or show people the sign-up page."),
            f"/lists/{first.id}/imports" if first else "",
            registered > 0,
        ),
        NextStep(
            gettext("Write a mail"),
            gettext("Subject and text, with each reader's name if you like."),
            "/mailings/new",
            bool(mailings),
        ),
        NextStep(
            gettext("Send it"),
            gettext("Send yourself a test email first, then send it to the list, now or at a scheduled time."),
            f"/mailings/{mailings[0].id}" if mailings else "",
            False,
        ),
    ]
