"""Who sends which batch: taken, kept and given back by conditional updates, so that a dead worker's work is found.

Clocks differ, and jump. So a lease that seems to have run out is doubted first (it loses its owner), and taken over
only when its worker, who is heard of every sixth of a lease, is not heard of for a third of one.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.delivery import fairness
from wem.delivery.models import Batch, BatchState, Delivery, DeliveryState, Dispatch, DispatchState
from wem.settings import settings

# Written out, not bound: SQLite uses a partial index only for a condition that it can read.
READY = fairness.READY
LEASED = sa.text("batch.state = 'leased'")
OPEN = (DeliveryState.pending, DeliveryState.intent)


@dataclass
class Lease:
    """One batch that is ours until `deadline` (monotonic), the margin already taken off."""

    dispatch_id: int
    number: int
    customer_id: int
    epoch: int
    fence: int
    owner: str
    deadline: float
    renewed: float
    # Somebody else may have it: what is not a fact is not written down any more.
    lost: bool = False

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.deadline

    @property
    def stale(self) -> bool:
        """Whether it should be renewed even if there is nothing to record."""
        return time.monotonic() - self.renewed >= settings().lease_seconds / 6


def new_owner() -> str:
    """Return a name for this run of a worker, unlike any other's."""
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def margin() -> float:
    """Return the seconds before the end of a lease from which on nothing is begun any more."""
    return min(5.0, settings().lease_seconds / 4)


def deadline_from(began: float) -> float:
    """Return the deadline (monotonic) of a lease that was asked for at `began`."""
    return began + settings().lease_seconds - margin()


def lease_until(at: datetime) -> datetime:
    """Return the end of a lease that begins at a moment."""
    return at + timedelta(seconds=settings().lease_seconds)


def lease_next(owner: str) -> Lease | None:
    """Take the next ready batch, of the customer whose turn it is; None when there is none. Commits."""
    while True:
        began, at = time.monotonic(), clock.now()
        chosen = fairness.next_dispatch(at)
        if chosen is None:
            db.session.commit()
            return None
        dispatch_id, before_older = chosen
        # The dispatch first: whoever pauses or cancels holds its row, and everybody takes the rows in this order.
        served = db.session.execute(
            sa.update(Dispatch)
            .where(Dispatch.id == dispatch_id, Dispatch.state == DispatchState.sending)
            .values(touched_at=at)
            .returning(Dispatch.epoch, Dispatch.customer_id)
        ).one_or_none()
        number = db.session.scalar(_next_batch(dispatch_id, at)) if served else None
        if served is None or number is None:
            db.session.commit()
            continue
        taken = db.session.execute(
            sa.update(Batch)
            .where(Batch.dispatch_id == dispatch_id, Batch.number == number, Batch.state == BatchState.ready)
            .values(state=BatchState.leased, owner=owner, fence=Batch.fence + 1, lease_until=lease_until(at))
            .returning(Batch.fence, Batch.open)
        ).one_or_none()
        if taken is not None:
            fairness.charge(served.customer_id, taken.open, before_older)
        db.session.commit()
        if taken is not None:
            return Lease(
                dispatch_id, number, served.customer_id, served.epoch, taken.fence, owner, deadline_from(began), began
            )


def has_ready(at: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a dispatch has a batch to send."""
    return fairness.has_ready(Dispatch, at)


def _next_batch(dispatch_id: int, at: datetime) -> sa.Select[int]:
    return (
        sa.select(Batch.number)
        .where(Batch.dispatch_id == dispatch_id, READY, Batch.not_before <= at)
        .order_by(Batch.not_before, Batch.number)
        .limit(1)
    )


def ours(lease: Lease) -> sa.ColumnElement[bool]:
    """Return the condition that the batch is still held by this lease: the fence tells, no clock."""
    return sa.and_(
        Batch.dispatch_id == lease.dispatch_id,
        Batch.number == lease.number,
        Batch.fence == lease.fence,
        Batch.state == BatchState.leased,
    )


def give_back(lease: Lease, wait: timedelta = timedelta(), intents: bool = False) -> None:
    """Put a batch back that is not finished; what is recorded of it stays recorded. Commits.

    `intents`: whether mails in it may be marked as about to leave, which none is any more.
    """
    if intents:
        _forget_intents(lease)
    not_before = clock.now() + wait if wait else Batch.not_before
    left = db.session.scalar(
        sa.update(Batch)
        .where(ours(lease))
        .values(state=BatchState.ready, open=_left(lease), owner=None, lease_until=None, not_before=not_before)
        .returning(Batch.open)
        .execution_options(synchronize_session=False)
    )
    fairness.refund(lease.customer_id, left or 0)
    db.session.commit()


def finish(lease: Lease, intents: bool = False) -> bool:
    """Mark the batch as done, or put it back when something in it is still open; returns which. Commits."""
    if intents:
        _forget_intents(lease)
    left = _left(lease)
    ended = db.session.execute(
        sa.update(Batch)
        .where(ours(lease))
        .values(
            state=sa.case((left == 0, BatchState.done), else_=BatchState.ready),
            open=left,
            owner=None,
            lease_until=None,
        )
        .returning(Batch.state, Batch.open)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is not None:
        fairness.refund(lease.customer_id, ended.open)
    db.session.commit()
    return ended is not None and ended.state is BatchState.done


def _left(lease: Lease) -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .select_from(Delivery)
        .where(Delivery.dispatch_id == lease.dispatch_id, Delivery.batch == lease.number, Delivery.state.in_(OPEN))
        .scalar_subquery()
    )


def _forget_intents(lease: Lease) -> None:
    held = sa.exists().where(ours(lease))
    db.session.execute(
        sa.update(Delivery)
        .where(
            Delivery.dispatch_id == lease.dispatch_id,
            Delivery.batch == lease.number,
            Delivery.state == DeliveryState.intent,
            held,
        )
        .values(state=DeliveryState.pending)
        .execution_options(synchronize_session=False)
    )


def lost(at: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a leased batch is nobody's any more: doubted, and not heard of since."""
    return sa.and_(LEASED, Batch.owner.is_(None), _over(at))


def lock_lost(at: datetime) -> list[tuple[int, int]]:
    """Return (dispatch, number) of the batches that are lost, locked until the end of the transaction."""
    rows = db.session.execute(
        sa.select(Batch.dispatch_id, Batch.number).where(lost(at)).with_for_update(skip_locked=True)
    )
    return [(row.dispatch_id, row.number) for row in rows]


def free(batches: Collection[tuple[int, int]]) -> None:
    """Let others send batches that are lost (`lock_lost`). Does not commit.

    The fence goes up: what the lost worker might still do with its lease no longer counts.
    """
    for dispatch_id, number in batches:
        db.session.execute(
            sa.update(Batch)
            .where(Batch.dispatch_id == dispatch_id, Batch.number == number)
            .values(state=BatchState.ready, owner=None, lease_until=None, fence=Batch.fence + 1)
            .execution_options(synchronize_session=False)
        )


def doubt(at: datetime) -> None:
    """Ask for a sign of life of those whose lease seems to have run out, or ends later than any. Does not commit."""
    grace = timedelta(seconds=settings().lease_seconds / 3)
    db.session.execute(
        sa.update(Batch)
        .where(LEASED, Batch.owner.is_not(None), _over(at))
        .values(owner=None, lease_until=at + grace)
        .execution_options(synchronize_session=False)
    )


def _over(at: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(Batch.lease_until < at, Batch.lease_until > at + timedelta(seconds=2 * settings().lease_seconds))
