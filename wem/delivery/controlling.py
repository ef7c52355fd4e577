"""Pausing, resuming, cancelling and holding a dispatch; settling it once no worker has any of it in hand."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wem import clock, queue
from wem.db import db
from wem.delivery import rules
from wem.delivery.leasing import LEASED, OPEN, READY, lost
from wem.delivery.models import Batch, BatchState, Delivery, DeliveryState, Dispatch, DispatchState, Retry
from wem.delivery.recording import count
from wem.settings import settings

RUNNING = (DispatchState.preparing, DispatchState.sending, DispatchState.resting)
STANDING = (DispatchState.paused, DispatchState.held)
# Written out, as READY is.
BLOCKED = sa.text("batch.state = 'blocked'")
# Rows changed in one transaction.
CHUNK = 5000


class CannotControl(Exception):
    """The dispatch is not in a state from which this is possible."""

    def __init__(self, act: str, state: DispatchState) -> None:
        super().__init__(f"cannot {act} a dispatch that is {state}")
        self.act = act
        self.state = state


def locked(dispatch_id: int) -> Dispatch:
    """Return the dispatch as it stands now, its row locked until the end of the transaction."""
    return db.session.scalars(
        sa.select(Dispatch)
        .where(Dispatch.id == dispatch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def ring_senders() -> None:
    """Ring each sending process once this transaction is committed."""
    for shard in range(settings().send_workers):
        queue.ring(queue.SEND, "wem.delivery.jobs.send", shard)


def pause(dispatch_id: int) -> Dispatch:
    """Ask the workers to stop; `paused` at once when none has any of it in hand, else `pausing` until then.

    Raises CannotControl when it does not run.
    """
    dispatch = locked(dispatch_id)
    if dispatch.state not in RUNNING:
        raise CannotControl("pause", dispatch.state)
    stop(dispatch, DispatchState.pausing)
    if not in_hand(dispatch):
        dispatch.state = DispatchState.paused
    return dispatch


def come_to_rest(dispatch_id: int) -> DispatchState:
    """Have what is to pause be `paused` when no worker has any of it in hand; returns its state."""
    dispatch = locked(dispatch_id)
    if dispatch.state is DispatchState.pausing and not in_hand(dispatch):
        dispatch.state = DispatchState.paused
        db.session.flush()
    return dispatch.state


def resume(dispatch_id: int) -> Dispatch:
    """Go on with what is paused or held; raises CannotControl when it is neither."""
    come_to_rest(dispatch_id)
    dispatch = locked(dispatch_id)
    if dispatch.state not in STANDING:
        raise CannotControl("resume", dispatch.state)
    at = clock.now()
    dispatch.epoch += 1
    dispatch.touched_at = at
    # The time that it stood still does not count against the readers who still wait.
    dispatch.expires_at = max(dispatch.expires_at, at + rules.LIFETIME)
    dispatch.state = DispatchState.preparing if dispatch.started_at is None else DispatchState.sending
    ring_senders()
    return dispatch


def release(dispatch_id: int, content: dict[str, Any]) -> Dispatch:
    """Let what waited for an A/B test go, with this content; raises CannotControl when it does not wait."""
    dispatch = locked(dispatch_id)
    if dispatch.state is not DispatchState.waiting:
        raise CannotControl("release", dispatch.state)
    at = clock.now()
    dispatch.content, dispatch.state = dict(content), DispatchState.sending
    dispatch.epoch += 1
    dispatch.touched_at = at
    # The time that it waited does not count against its readers.
    dispatch.expires_at = max(dispatch.expires_at, at + rules.LIFETIME)
    ring_senders()
    return dispatch


def hold(dispatch_id: int) -> Dispatch | None:
    """Let it stand still because something does not permit it at present; None when it does not run."""
    dispatch = locked(dispatch_id)
    if dispatch.state not in (*RUNNING, DispatchState.pausing):
        return None
    stop(dispatch, DispatchState.held)
    return dispatch


def cancel(dispatch_id: int) -> Dispatch:
    """End it for good; the rest is written down as cancelled by `settle`. Raises CannotControl when it is over."""
    dispatch = locked(dispatch_id)
    if dispatch.finished:
        raise CannotControl("cancel", dispatch.state)
    stop(dispatch, DispatchState.cancelling)
    return dispatch


def fail(dispatch_id: int) -> None:
    """End it because it cannot be sent at all."""
    dispatch = locked(dispatch_id)
    if not dispatch.finished:
        stop(dispatch, DispatchState.failed)
        dispatch.finished_at = clock.now()


def stop(dispatch: Dispatch, state: DispatchState) -> None:
    """Have nothing of a locked dispatch leave any more: who carries an older epoch stops before the next mail."""
    dispatch.state = state
    dispatch.resting_since = None
    dispatch.epoch += 1
    queue.ring(queue.WORK, "wem.delivery.jobs.settle", dispatch.id)


def in_hand(dispatch: Dispatch) -> bool:
    """Return whether a worker may still send some of it, as every leased batch may be that is not lost."""
    live = sa.exists().where(Batch.dispatch_id == dispatch.id, LEASED, sa.not_(lost(clock.now())))
    return bool(db.session.scalar(sa.select(live)))


def settle(dispatch_id: int) -> DispatchState:
    """Bring a dispatch to rest where nothing is in hand any more and tell its mailing; returns its state. Commits."""
    dispatch = locked(dispatch_id)
    before, at = dispatch.state, clock.now()
    if dispatch.state is DispatchState.pausing and not in_hand(dispatch):
        dispatch.state = DispatchState.paused
    elif dispatch.state in (DispatchState.sending, DispatchState.resting) and not _anything_left(dispatch):
        dispatch.state, dispatch.finished_at = DispatchState.done, at
    elif dispatch.state is DispatchState.cancelling and not in_hand(dispatch):
        queue.ring(queue.WORK, "wem.mailings.jobs.settle", dispatch.mailing_id)
        db.session.commit()
        while not _cancel_some(dispatch_id, at):
            pass
        return DispatchState.cancelled
    if dispatch.state is not before or dispatch.state in (DispatchState.held, DispatchState.failed):
        queue.ring(queue.WORK, "wem.mailings.jobs.settle", dispatch.mailing_id)
    state = dispatch.state
    db.session.commit()
    return state


def _anything_left(dispatch: Dispatch) -> bool:
    of_it = Batch.dispatch_id == dispatch.id
    left = [sa.exists().where(of_it, READY), sa.exists().where(of_it, LEASED)]
    left.append(sa.exists().where(Retry.dispatch_id == dispatch.id))
    if dispatch.portions > 1:
        left.append(sa.exists().where(of_it, BLOCKED))
    return bool(db.session.scalar(sa.select(sa.or_(*left))))


def _cancel_some(dispatch_id: int, at: datetime) -> bool:
    """Write down a portion of the rest as cancelled; returns whether nothing is left. Commits."""
    dispatch = locked(dispatch_id)
    if dispatch.state is not DispatchState.cancelling:
        db.session.commit()
        return True
    batches = list(
        db.session.scalars(
            sa.select(Batch.number)
            .where(Batch.dispatch_id == dispatch_id, sa.or_(READY, LEASED, BLOCKED))
            .limit(CHUNK // 100)
        )
    )
    waiting = list(
        db.session.scalars(sa.select(Retry.seq).where(Retry.dispatch_id == dispatch_id).limit(CHUNK // 10))
        if not batches
        else ()
    )
    if batches:
        _cancel_deliveries(dispatch_id, at, Delivery.batch.in_(batches), OPEN)
        db.session.execute(
            sa.update(Batch)
            .where(Batch.dispatch_id == dispatch_id, Batch.number.in_(batches))
            .values(state=BatchState.cancelled, open=0, owner=None, lease_until=None, fence=Batch.fence + 1)
            .execution_options(synchronize_session=False)
        )
    elif waiting:
        # Those whose end nobody saw stay uncertain: they may have arrived.
        _cancel_deliveries(dispatch_id, at, Delivery.seq.in_(waiting), (DeliveryState.deferred,))
        db.session.execute(sa.delete(Retry).where(Retry.dispatch_id == dispatch_id, Retry.seq.in_(waiting)))
    else:
        dispatch.state, dispatch.finished_at = DispatchState.cancelled, at
    db.session.commit()
    return not batches and not waiting


def _cancel_deliveries(
    dispatch_id: int, at: datetime, which: sa.ColumnElement[bool], states: tuple[DeliveryState, ...]
) -> None:
    done = db.session.execute(
        sa.update(Delivery)
        .where(Delivery.dispatch_id == dispatch_id, which, Delivery.state.in_(states))
        .values(state=DeliveryState.cancelled, at=at)
        .execution_options(synchronize_session=False)
    )
    number = int(done.rowcount)  # type: ignore[attr-defined]
    changes = Counter({DeliveryState.cancelled: number})
    if DeliveryState.deferred in states:
        changes[DeliveryState.deferred] = -number
    count(dispatch_id, changes)
