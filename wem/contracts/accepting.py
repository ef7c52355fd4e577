"""Takes on a customer: the customer, the contract and the owner's invitation, together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from wem import audit, clock
from wem.accounts import inviting, page_names
from wem.accounts.models import Account, Customer
from wem.accounts.rules import Role
from wem.contracts import catalogue, living
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.contracts.rules import ContractState
from wem.db import db


class SlugTaken(Exception):
    """Another customer has this name in addresses, or had it."""


@dataclass(frozen=True)
class Taken:
    """What is needed to take on a customer; `details` are those of `Contract.change_details`."""

    name: str
    kana: str
    slug: str
    course: str
    start_date: date
    details: dict[str, str]
    options: tuple[str, ...] = ()
    campaign: str = ""
    applied_on: date | None = None  # the application was handed over or posted: the contract's effect (4-2)
    terms_version: int = 1
    own_price: dict[str, Any] | None = None  # a price written on the application (7-1)


def take_on(what: Taken, *, by: Account | None) -> Contract:
    """Return the contract of a new customer, in use from its start date; the caller commits.

    What applies to it is copied from campaign, course and terms (5-4). Raises SlugTaken, and LookupError for a course,
    option or campaign that there is not.
    """
    if page_names.holder(what.slug) is not None:
        raise SlugTaken(what.slug)
    customer = Customer(name=what.name, kana=what.kana, slug=what.slug)
    db.session.add(customer)
    db.session.flush()
    course = catalogue.course_of(what.course)
    applied = what.applied_on or clock.today()
    contract = Contract(
        number=secrets.token_hex(8),  # until the row has its own number
        customer_id=customer.id,
        course_id=course.id,
        state=ContractState.accepted,
        start_date=what.start_date,
        effective_on=applied,
        terms_version=what.terms_version,
        own_price=what.own_price,
        **what.details,
    )
    campaign = catalogue.campaign_of(what.campaign, course, applied) if what.campaign else None
    catalogue.copy_conditions(contract, course, campaign, applied)
    options = [catalogue.option_of(code) for code in what.options]
    contract.options = [
        ContractOption(option=each, since=what.start_date, until=each.ends_on)
        for each in options
        if each.ends_on is None or each.ends_on > what.start_date
    ]
    db.session.add(contract)
    db.session.flush()
    contract.number = f"W{clock.today():%y}-{contract.id:06}"
    by_id = by.id if by else None
    audit.record("customer.create", by=by_id, customer_id=customer.id, subject=customer)
    audit.record(
        "contract.create",
        by=by_id,
        customer_id=customer.id,
        subject=contract,
        course=what.course,
        start=what.start_date.isoformat(),
    )
    if what.start_date <= clock.today():
        living.begin(contract, clock.today())
    return contract


def invite_owner(contract: Contract, name: str, email: str, *, by: Account) -> None:
    """Invite the person who is to be the owner; they choose a password by the mailed link."""
    inviting.invite_member(contract.customer, email, name, Role.owner, by=by)
