"""What staff see of erasures: what waits, what went, what there is, and how long everything is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext

from wem.accounts.models import Account, Customer
from wem.contracts.describing import as_read
from wem.contracts.models import Contract
from wem.db import db
from wem.delivery.models import Dispatch
from wem.erasure import backing_up, planning
from wem.erasure.models import Erasure, ErasureHold
from wem.erasure.planning import Next
from wem.lists.subscription_models import Subscriber
from wem.mailings.models import Mailing
from wem.settings import settings

MOST = 100


@dataclass(frozen=True)
class Waiting:
    """An ended contract with the phase that comes next."""

    contract: Contract
    next: Next


def waiting() -> list[Waiting]:
    """Return the ended contracts of which something is left, by the day of what comes next."""
    found = []
    for contract in planning.ended(limit=MOST):
        left = planning.next_phases(contract)
        if left:
            found.append(Waiting(contract, left[0]))
    return sorted(found, key=lambda each: (str(each.next.due), each.contract.id))


def records() -> sa.Select[Erasure]:
    return sa.select(Erasure)


def names(customer_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of customers, as far as they are still there."""
    found = sa.select(Customer.id, Customer.name).where(Customer.id.in_(set(customer_ids)))
    return dict(db.session.execute(found).all())


def held(customer_ids: Iterable[int]) -> set[int]:
    """Return those of these customers whose data staff hold."""
    found = sa.select(ErasureHold.customer_id).where(
        ErasureHold.customer_id.in_(set(customer_ids)), ErasureHold.lifted_at.is_(None)
    )
    return set(db.session.scalars(found))


def people(rows: Iterable[Erasure]) -> dict[int | None, str]:
    """Return the names of who began erasures."""
    ids = {row.started_by for row in rows if row.started_by is not None}
    found = sa.select(Account.id, Account.name).where(Account.id.in_(ids))
    return dict(db.session.execute(found).all())


def found(customer_id: int) -> dict[str, int]:
    """Return how much of readers' data there is now: for the one question before it goes."""
    counts = {
        "subscriber": sa.select(sa.func.count()).select_from(Subscriber).where(Subscriber.customer_id == customer_id),
        "mailing": sa.select(sa.func.count()).select_from(Mailing).where(Mailing.customer_id == customer_id),
        # Kept with each dispatch; deliveries are never counted over the table.
        "delivery": sa.select(sa.func.coalesce(sa.func.sum(Dispatch.total), 0)).where(
            Dispatch.customer_id == customer_id
        ),
    }
    return {name: db.session.scalar(query) or 0 for name, query in counts.items()}


def backups() -> tuple[str, str]:
    """Return (what stands in the folder of backups, in words; the kind of notice that says it)."""
    folder = backing_up.kept_in()
    if folder is None:
        return gettext(
            "No folder of backups is set (BACKUP_FOLDER): old backups go only when the next one is made beside them."
        ), "warning"
    try:
        found = backing_up.standing(folder)
    except OSError:
        return gettext("The folder of backups cannot be read. Please ask who runs WeM."), "warning"
    if found.over:
        return gettext(
            "%(number)s backups are older than %(days)s days and could not be deleted. Please ask who runs WeM.",
            number=found.over, days=settings().BACKUP_DAYS,
        ), "warning"  # fmt: skip
    if found.oldest is None:
        return gettext("There is no backup yet."), "warning"
    return gettext(
        "There are %(number)s backups, the oldest of %(day)s.", number=found.number, day=as_read(found.oldest.date())
    ), "info"


def retention() -> list[tuple[str, str, str]]:
    """Return (what, how long, by which setting) of all that is kept for a time."""
    config = settings()

    def days(name: str) -> str:
        return str(gettext("%(number)s days", number=getattr(config, name)))

    def months(name: str) -> str:
        return str(gettext("%(number)s months", number=getattr(config, name)))

    return [
        (
            gettext("Readers, mailings and results after a contract's end"),
            gettext("%(number)s hours after the final account", number=config.ERASURE_HOURS),
            "ERASURE_HOURS",
        ),
        (
            gettext("The customer's own data after a contract's end"), months("CUSTOMER_KEPT_MONTHS"),
            "CUSTOMER_KEPT_MONTHS",
        ),
        (
            gettext("Applications of which nothing more came"), months("APPLICATION_KEPT_MONTHS"),
            "APPLICATION_KEPT_MONTHS",
        ),
        (gettext("Proof of consent after the last mail"), months("CONSENT_KEPT_MONTHS"), "CONSENT_KEPT_MONTHS"),
        (
            gettext("Invoices and payments"),
            gettext(
                "%(years)s years, counted from two months after the business year that ends in month %(month)s",
                years=config.BOOKS_KEPT_YEARS, month=config.BUSINESS_YEAR_ENDS,
            ),
            "BUSINESS_YEAR_ENDS, BOOKS_KEPT_YEARS",
        ),
        (gettext("Sign-ups that nobody confirmed"), gettext("%(number)s days", number=7), "–"),
        (gettext("Replies of readers"), gettext("the days that each customer sets"), "–"),
        (gettext("Mail received and handled"), days("INBOUND_HANDLED_DAYS"), "INBOUND_HANDLED_DAYS"),
        (gettext("Mail received and not recognised"), days("INBOUND_KEPT_DAYS"), "INBOUND_KEPT_DAYS"),
        (gettext("Inquiries of nobody's customer"), days("INQUIRY_KEPT_DAYS"), "INQUIRY_KEPT_DAYS"),
        (gettext("Reports of abuse that were dismissed"), days("REPORTS_KEPT_DAYS"), "REPORTS_KEPT_DAYS"),
        (gettext("Who looked at whose data"), days("LOOKS_KEPT_DAYS"), "LOOKS_KEPT_DAYS"),
        (gettext("Attempts to sign in"), days("SIGN_IN_HISTORY_DAYS"), "SIGN_IN_HISTORY_DAYS"),
        (gettext("Single opens and clicks"), gettext("%(number)s days", number=30), "–"),
        (
            gettext("Payments of which nobody said whose they are"),
            gettext("as invoices; what was neither set aside nor paid back stays until staff say what it is"),
            "BUSINESS_YEAR_ENDS",
        ),
        (gettext("Backups"), days("BACKUP_DAYS"), "BACKUP_DAYS"),
    ]  # fmt: skip
