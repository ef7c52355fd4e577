"""Loading by ownership: another customer's row does not exist."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa
from flask import abort, request

from wem import audit
from wem.db import db
from wem.web.session import current_account, current_customer

T = TypeVar("T")


def owned_or_404(model: type[T], id: int, *conditions: Any) -> T:
    """Return the present customer's row of this id; 404 when there is none, or when it is another's."""
    customer = current_customer()
    if customer is None:
        abort(404)
    columns: Any = model
    row = db.session.scalar(sa.select(model).where(columns.id == id, columns.customer_id == customer.id, *conditions))
    if row is None:
        _note(model, id, customer.id)
        abort(404)
    return row


def _note(model: Any, id: int, customer_id: int) -> None:
    """Leave a trace when somebody tries to change what is another customer's: no page of ours leads there."""
    if request.method in ("GET", "HEAD"):
        return
    anothers = sa.select(model.id).where(model.id == id, model.customer_id != customer_id)
    if db.session.scalar(anothers) is None:
        return
    db.session.rollback()
    account = current_account()
    audit.record("access.denied", by=account.id if account else None, customer_id=customer_id, page=request.path)
    db.session.commit()


def found_or_404(model: type[T], id: int) -> T:
    """Return the row of this id for staff's screens; 404 when there is none."""
    row = db.session.get(model, id)
    if row is None:
        abort(404)
    return row
