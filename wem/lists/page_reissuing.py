"""Lending another dedicated URL in place of one that is lost, leaked or misused (8-1, 8-3)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import audit
from wem.accounts import page_names
from wem.accounts.models import Customer, ReturnedPage
from wem.contracts import addressing, rules
from wem.contracts.emergency_models import EmergencyStop
from wem.contracts.models import Contract
from wem.db import db
from wem.lists import blank_addresses
from wem.lists.blank_rules import LETTERS
from wem.lists.models import MailingList
from wem.notices import telling
from wem.notices.rules import NoticeKind, Words
from wem.settings import settings

TAIL = 4  # letters that a suggested name ends with


class Unsuitable(ValueError):
    """The name cannot be lent; `problem` is `form` or `taken`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def suggested(customer: Customer) -> str:
    """Return a free name that looks like the present one and cannot be guessed from it."""
    base = re.sub(f"-[{LETTERS}]{{{TAIL}}}$", "", customer.slug)[: 40 - TAIL - 1].rstrip("-")
    while True:
        name = f"{base}-{''.join(secrets.choice(LETTERS) for _ in range(TAIL))}"
        if problem_of(name) is None:
            return name


def problem_of(slug: str) -> str | None:
    """Return why a name cannot be lent: `form`, `taken`; None when it can. What was lent once is nobody's again."""
    problem = rules.slug_problem(slug)
    if problem is not None:
        return problem
    return "taken" if page_names.holder(slug) is not None or blank_addresses.taken(slug) else None


def page_of(slug: str) -> str:
    """Return the address of a customer's page."""
    return f"{settings().PUBLIC_URL.rstrip('/')}/h/{slug}/"


def sender_of(slug: str) -> str:
    """Return the address that mails come from where the customer has no domain of its own."""
    return f"{slug}@{settings().SERVICE_DOMAIN}"


@dataclass(frozen=True)
class Moved:
    """What is given back with a URL: its address, so many lists' sign-up pages, the sender's address."""

    url: str
    lists: int
    sender: str


def moved(customer: Customer) -> Moved:
    """Return what gets another address with the customer's page."""
    mine = MailingList.customer_id == customer.id, MailingList.archived_at.is_(None)
    lists = db.session.scalar(sa.select(sa.func.count()).select_from(MailingList).where(*mine)) or 0
    return Moved(page_of(customer.slug), lists, sender_of(customer.slug))


def reissue(
    contract: Contract, slug: str, *, leads_on: bool, reason: str, by: int, stop: EmergencyStop | None = None
) -> ReturnedPage:
    """Lend the customer another URL and return the one given back; the customer is told. The caller commits.

    `leads_on`: the old address says which one serves now; else only that it is used no more. Links in mails name
    readers, not pages: they live on. `stop`: the emergency stop in which it is lent. Raises Unsuitable.
    """
    customer = db.session.get_one(Customer, contract.customer_id, with_for_update=True, populate_existing=True)
    problem = problem_of(slug)
    if problem is not None:
        raise Unsuitable(problem)
    before = ReturnedPage(
        customer_id=customer.id,
        slug=customer.slug,
        lent_at=page_names.lent_since(customer),
        returned_by=by,
        leads_on=leads_on,
        reason=reason,
    )
    db.session.add(before)
    customer.slug = slug
    db.session.flush()
    audit.record(
        "page.reissue",
        by=by,
        customer_id=customer.id,
        subject=customer,
        before=before.slug,
        name=slug,
        on=leads_on,
        reason=reason,
    )
    if stop is not None:
        audit.record("emergency.page", by=by, customer_id=customer.id, subject=stop, name=slug)
    _tell(contract, before, by)
    return before


def _tell(contract: Contract, before: ReturnedPage, by: int) -> None:
    slug = contract.customer.slug
    with force_locale("ja"):
        words = Words(
            gettext("Your dedicated URL has changed"),
            [gettext("We have lent you another dedicated URL in place of the one before (terms of service, Art. 8).")],
            [
                (gettext("Contract number"), contract.number),
                (gettext("Dedicated URL now"), page_of(slug)),
                (gettext("Dedicated URL before"), page_of(before.slug)),
                (gettext("Sender address without a domain of your own"), sender_of(slug)),
                (
                    gettext("The old address"),
                    gettext("says which one serves now") if before.leads_on else gettext("says that it is not used"),
                ),
            ],
            [
                gettext(
                    "Please change links, printed codes and forms on your own site. Readers' links for stopping and "
                    "changing in mails that were sent work as before."
                )
            ],
            contract=False,
        )
    telling.tell(
        addressing.addressee(contract),
        words,
        NoticeKind.general,
        customer_id=contract.customer_id,
        about=addressing.about(contract),
        by=by,
    )
