"""Whose batch is sent next: customers in turn by what they had, a customer's small mailings before its large one.

Between customers start-time fair queueing (Goyal, Vin, Cheng 1996); within a customer the rule of Postfix's scheduler:
each K batches of the running mailing save one, and a mailing that needs no more than was saved goes first.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wem.db import Moment, db
from wem.delivery.models import Batch, Dispatch, DispatchState
from wem.delivery.pace_models import CustomerTurn

K = 5
# A batch is to be at most so much work at a customer's own rate, and no smaller than this.
SECONDS_OF_WORK = 2.0
SMALLEST = 10

# Written out, not bound: SQLite uses a partial index only for a condition that it can read.
READY = sa.text("batch.state = 'ready'")


def next_dispatch(at: datetime) -> tuple[int, bool] | None:
    """Return the dispatch of which a batch is sent next, and whether it goes before an older one; None without any."""
    row = db.session.execute(_choice(), {"at": at}).one_or_none()
    return (row[0], bool(row[1])) if row else None


# Kept, because to put it together takes longer than to run it.
@cache
def _choice() -> sa.Select[int, bool]:
    at: Any = sa.bindparam("at", type_=Moment())
    now_served = sa.func.coalesce(_now_served(), 0.0)
    had = sa.func.coalesce(CustomerTurn.finish, 0.0)
    # Who stood still has saved nothing up and begins where the others are.
    turn = sa.case((had >= now_served, had), else_=now_served)
    saved = sa.case((had >= now_served, CustomerTurn.saved), else_=0.0)
    left = Dispatch.total - sum((getattr(Dispatch, name) for name in _OUT_OF_IT), start=sa.literal(0))
    quick = sa.func.coalesce(left <= saved, sa.false())
    return (
        sa.select(Dispatch.id, _older_waits(at).label("before_older"))
        .outerjoin(CustomerTurn, CustomerTurn.customer_id == Dispatch.customer_id)
        .where(Dispatch.state == DispatchState.sending, has_ready(Dispatch, at))
        .order_by(
            Dispatch.priority,
            turn,
            Dispatch.customer_id,
            sa.case((quick, 0), else_=1),
            sa.case((quick, left), else_=0),
            _began(Dispatch),
            Dispatch.id,
        )
        .limit(1)
    )


_OUT_OF_IT = ("accepted", "deferred", "bounced", "suppressed", "cancelled", "expired", "uncertain")


def has_ready(dispatch: Any, at: Any) -> sa.ColumnElement[bool]:
    """Return the condition that a dispatch (the class, or an alias of it) has a batch to send at a moment."""
    return sa.exists().where(Batch.dispatch_id == dispatch.id, READY, Batch.not_before <= at)


def charge(customer_id: int, size: int, before_older: bool = False) -> None:
    """Put a batch of so many recipients on the customer's account; in the transaction that takes it."""
    gain = -float(size) if before_older else size / K
    db.session.connection().execute(
        _charge(db.engine.dialect.name), {"the_customer_id": customer_id, "size": float(size), "gain": gain}
    )


@cache
def _charge(dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    size, gain = sa.bindparam("size", type_=sa.Double), sa.bindparam("gain", type_=sa.Double)
    now_served = sa.func.coalesce(_now_served(), 0.0)
    behind = CustomerTurn.finish >= now_served
    begins = sa.case((behind, CustomerTurn.finish), else_=now_served)
    kept = sa.case((behind, CustomerTurn.saved), else_=0.0) + gain
    return (
        insert(CustomerTurn)
        .values(
            customer_id=sa.bindparam("the_customer_id"),
            start=now_served,
            finish=now_served + size,
            saved=sa.case((gain > 0, gain), else_=0.0),
            weight=1.0,
        )
        .on_conflict_do_update(
            index_elements=[CustomerTurn.customer_id],
            set_={
                "start": begins,
                "finish": begins + size / CustomerTurn.weight,
                "saved": sa.case((kept > 0, kept), else_=0.0),
            },
        )
    )


def refund(customer_id: int, size: int) -> None:
    """Take off the customer's account what was charged and goes back unsent; in the transaction that gives it back."""
    if size > 0:
        db.session.execute(
            sa.update(CustomerTurn)
            .where(CustomerTurn.customer_id == customer_id)
            .values(finish=CustomerTurn.finish - float(size) / CustomerTurn.weight)
            .execution_options(synchronize_session=False)
        )


def put_off(dispatch_id: int, provider: str, until: datetime) -> None:
    """Have none of a dispatch's batches to a provider taken before a moment; the pace says when. Does not commit."""
    db.session.execute(
        sa.update(Batch)
        .where(Batch.dispatch_id == dispatch_id, READY, Batch.provider == provider, Batch.not_before < until)
        .values(not_before=until)
        .execution_options(synchronize_session=False)
    )


def batch_size(most: int, rate: float | None) -> int:
    """Return how many recipients make one batch: what a rate (mails a second) sends in two seconds, 10 to `most`."""
    if rate is None:
        return most
    return max(min(SMALLEST, most), min(most, int(rate * SECONDS_OF_WORK)))


def _now_served() -> sa.ScalarSelect[float]:
    other = sa.orm.aliased(CustomerTurn)
    return sa.select(sa.func.max(other.start)).scalar_subquery()


def _began(dispatch: Any) -> sa.ColumnElement[datetime]:
    return sa.func.coalesce(dispatch.started_at, dispatch.created_at)


def _older_waits(at: Any) -> sa.ColumnElement[bool]:
    older = sa.orm.aliased(Dispatch)
    return sa.exists().where(
        older.customer_id == Dispatch.customer_id,
        older.id != Dispatch.id,
        older.state == DispatchState.sending,
        older.priority == Dispatch.priority,
        sa.or_(_began(older) < _began(Dispatch), sa.and_(_began(older) == _began(Dispatch), older.id < Dispatch.id)),
        has_ready(older, at),
    )
