"""What our staff decide about names: approved, refused, withdrawn later; the customer's people are told by mail."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from wem import outbox
from wem.accounts.models import Account, Customer, Membership
from wem.accounts.rules import WRITERS
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.sender_names import emails
from wem.sender_names.models import SenderName
from wem.sender_names.rules import OPEN, NameState, alike


@dataclass(frozen=True)
class Alike:
    """Another customer whose name looks like the one that was asked for; `asked`: it is one of its requests."""

    customer: str
    name: str
    asked: bool


def pending() -> sa.Select[SenderName]:
    """Return the requests that wait for us, as a statement."""
    return sa.select(SenderName).where(SenderName.state == NameState.asked)


def in_use() -> sa.Select[SenderName]:
    """Return the approved names, as a statement."""
    return sa.select(SenderName).where(SenderName.state == NameState.approved)


def approve(row: SenderName, *, by: int) -> None:
    """Let the customer's mailings go under the name; raises AlreadyDecided."""
    row.approve(by=by)
    _tell(row)


def refuse(row: SenderName, note: str, *, by: int) -> None:
    """Say no, and why; raises AlreadyDecided."""
    row.refuse(note, by=by)
    _tell(row)


def withdraw(row: SenderName, note: str, *, by: int, waiting: int, sequences: int = 0) -> None:
    """Let nothing start under the name from now on; `waiting`: how many mailings are scheduled under it,
    `sequences`: how many that have begun bear it.

    Raises AlreadyDecided when it does not hold.
    """
    row.withdraw(note, by=by)
    _tell(row, waiting, sequences)


def _tell(row: SenderName, waiting: int = 0, sequences: int = 0) -> None:
    """Put a mail about the decision into the outbox for each who writes the customer's mailings."""
    people = (
        sa.select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.customer_id == row.customer_id, Membership.role.in_(WRITERS), Account.ended_at.is_(None))
    )
    for person in db.session.scalars(people.order_by(Account.id)):
        mail = emails.about_decision(row, person, waiting, sequences)
        outbox.post(mail, customer_id=row.customer_id, about=f"sender name {row.id}")


def alike_elsewhere(row: SenderName) -> list[Alike]:
    """Return the names of other customers that the name looks like or holds, registered or open; for staff alone."""
    contracts = db.session.execute(
        sa.select(Customer.name, Contract.sender_name)
        .join(Contract, Contract.customer_id == Customer.id)
        .where(Contract.state != ContractState.ended, Contract.customer_id != row.customer_id)
        .order_by(Contract.id)
    )
    found = [
        Alike(customer, registered or customer, False)
        for customer, registered in contracts
        if alike(row.name, registered) or alike(row.name, customer)
    ]
    asked = db.session.execute(
        sa.select(Customer.name, SenderName.name)
        .join(Customer, Customer.id == SenderName.customer_id)
        .where(SenderName.state.in_(OPEN), SenderName.customer_id != row.customer_id)
        .order_by(SenderName.id)
    )
    return found + [Alike(customer, name, True) for customer, name in asked if alike(row.name, name)]
