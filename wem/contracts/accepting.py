"""Takes on a customer: the customer, the contract and the owner's invitation, together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts import inviting
from wem.accounts.models import Account, Customer
from wem.accounts.rules import Role
from wem.contracts import catalogue
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db


class SlugTaken(Exception):
    """Another customer has this name in addresses."""


@dataclass(frozen=True)
class Taken:
    """What is needed to take on a customer; `details` are those of `Contract.change_details`."""

    name: str
    kana: str
    slug: str
    course: str
    start_date: date
    details: dict[str, str]


def take_on(what: Taken, *, by: Account | None) -> Contract:
    """Return the contract of a new customer, in force from its start date; the caller commits. Raises SlugTaken."""
    if db.session.scalar(sa.select(Customer.id).where(Customer.slug == what.slug)) is not None:
        raise SlugTaken(what.slug)
    customer = Customer(name=what.name, kana=what.kana, slug=what.slug)
    db.session.add(customer)
    db.session.flush()
    contract = Contract(
        number=secrets.token_hex(8),  # until the row has its own number
        customer_id=customer.id,
        course_id=catalogue.course_of(what.course).id,
        state=ContractState.active,
        start_date=what.start_date,
        **what.details,
    )
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
    return contract


def invite_owner(contract: Contract, name: str, email: str, *, by: Account) -> None:
    """Invite the person who is to be the owner; they choose a password by the mailed link."""
    inviting.invite_member(contract.customer, email, name, Role.owner, by=by)
