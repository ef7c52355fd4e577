"""A customer's names: asked for, taken back, and which of them mailings may go under now."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from wem import audit
from wem.contracts.models import contract_in_force
from wem.db import db
from wem.sender_names.models import SenderName, named
from wem.sender_names.rules import MOST, OPEN, NameState, folded


class TooMany(Exception):
    """The customer has as many names, asked for or approved, as there can be."""


class Registered(Exception):
    """The name is the one in the contract: no request is needed."""


class AskedBefore(Exception):
    """The customer has asked for the name already, or it is approved."""


def registered_name(customer_id: int) -> str:
    """Return the sender's name in the customer's contract; empty without a contract."""
    contract = contract_in_force(customer_id)
    return contract.sender_name.strip() if contract else ""


def of_customer(customer_id: int) -> list[SenderName]:
    """Return all names that a customer ever asked for, the newest first."""
    return list(
        db.session.scalars(
            sa.select(SenderName).where(SenderName.customer_id == customer_id).order_by(SenderName.id.desc())
        )
    )


def approved(customer_id: int) -> list[SenderName]:
    """Return the names beside the registered one under which the customer's mailings may go, in their order."""
    holds = sa.select(SenderName).where(SenderName.customer_id == customer_id, SenderName.state == NameState.approved)
    return list(db.session.scalars(holds.order_by(SenderName.name, SenderName.id)))


def not_approved(customer_id: int, numbers: Collection[int | None]) -> list[SenderName]:
    """Return which of these names, by their numbers, the customer's mailings may not go under; None counts as fine."""
    wanted = {number for number in numbers if number is not None}
    if not wanted:
        return []
    holds = sa.and_(SenderName.customer_id == customer_id, SenderName.state == NameState.approved)
    return list(
        db.session.scalars(
            sa.select(SenderName).where(SenderName.id.in_(wanted), sa.not_(holds)).order_by(SenderName.id)
        )
    )


def ask(customer_id: int, name: str, reason: str, *, by: int) -> SenderName:
    """Return a request for a name, in the session; raises Registered, AskedBefore, TooMany."""
    mark = folded(name)
    if mark == folded(registered_name(customer_id)):
        raise Registered
    opened = [row for row in of_customer(customer_id) if row.state in OPEN]
    if any(row.folded == mark for row in opened):
        raise AskedBefore
    if len(opened) >= MOST:
        raise TooMany
    try:
        with db.session.begin_nested():
            row = named(customer_id, name, reason, by=by)
            db.session.flush()
    except IntegrityError as error:
        # Somebody else of the customer asked for it at this moment.
        raise AskedBefore from error
    audit.record("sender_name.ask", by=by, customer_id=customer_id, subject=row, name=name)
    return row
