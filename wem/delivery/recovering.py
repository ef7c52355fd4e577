"""Finds what was forgotten: leases of dead workers, tries that are due, dispatches that came to rest."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from wem import clock, queue
from wem.db import db
from wem.delivery.controlling import locked, ring_senders, settle
from wem.delivery.leasing import doubt, free, has_ready, lock_lost
from wem.delivery.models import (
    Attempt,
    Batch,
    BatchState,
    Delivery,
    DeliveryState,
    Dispatch,
    DispatchState,
    Retry,
    Stage,
)
from wem.delivery.portioning import release, to_release
from wem.delivery.recording import count
from wem.delivery.rendering import Content
from wem.delivery.resting import follow_hours, to_follow
from wem.delivery.watching import looking

log = logging.getLogger("wem.delivery")

# The audience of a dispatch that nobody has touched for so long is being written down by nobody.
STUCK = timedelta(seconds=15)
UNSETTLED = (DispatchState.sending, DispatchState.resting, DispatchState.pausing, DispatchState.cancelling)


def sweep() -> None:
    """Take up whatever stands still. Commits; harmless when run twice or late."""
    at = clock.now()
    take_over(at)
    db.session.commit()
    for dispatch_id in _with_due_retries(at):
        _alone(_batch_all_retries, dispatch_id, at)
    for dispatch_id in _in_state(*UNSETTLED):
        _alone(settle, dispatch_id)
    for dispatch_id in to_follow():
        _alone(follow_hours, dispatch_id)
    for dispatch_id in to_release():
        _alone(release, dispatch_id)
    for dispatch_id in _in_state(DispatchState.preparing, untouched_since=at - STUCK):
        queue.ring(queue.WORK, "wem.mailings.jobs.expand", dispatch_id)
    if _anything_ready(at):
        ring_senders()
    db.session.commit()


def _alone(act: Callable[..., object], dispatch_id: int, *given: object) -> None:
    """Do something with one dispatch; a fault in one keeps no other waiting."""
    try:
        act(dispatch_id, *given)
    except sa.exc.DBAPIError:
        raise
    except Exception:
        db.session.rollback()
        log.exception("dispatch %s could not be swept", dispatch_id)


def _batch_all_retries(dispatch_id: int, at: datetime) -> None:
    while batch_retries(dispatch_id, at):
        pass


def take_over(at: datetime) -> int:
    """Free the batches of workers that are lost and doubt those that gave no sign of life in time; returns how many
    were freed. Does not commit."""
    batches = lock_lost(at)
    doubt_intents(batches, at)
    free(batches)
    doubt(at)
    return len(batches)


def doubt_intents(batches: Collection[tuple[int, int]], at: datetime) -> None:
    """Write down as uncertain what a lost worker was about to send where nobody may get it twice. Does not commit."""
    if not batches:
        return
    lost = db.session.execute(
        sa.select(Delivery.dispatch_id, Delivery.seq, Delivery.attempts, Batch.fence)
        .join(Batch, sa.and_(Batch.dispatch_id == Delivery.dispatch_id, Batch.number == Delivery.batch))
        .where(sa.tuple_(Batch.dispatch_id, Batch.number).in_(batches), Delivery.state == DeliveryState.intent)
        .with_for_update(of=Delivery)
    ).all()
    changes: dict[int, Counter[DeliveryState]] = defaultdict(Counter)
    for row in lost:
        db.session.execute(
            sa.update(Delivery)
            .where(Delivery.dispatch_id == row.dispatch_id, Delivery.seq == row.seq)
            .values(state=DeliveryState.uncertain, attempts=row.attempts + 1, at=at)
            .execution_options(synchronize_session=False)
        )
        changes[row.dispatch_id][DeliveryState.uncertain] += 1
        attempt = {"at": at, "dispatch_id": row.dispatch_id, "seq": row.seq, "number": row.attempts + 1}
        attempt |= {"worker": "", "fence": row.fence, "host": "", "stage": Stage.after_data}
        db.session.execute(sa.insert(Attempt), [attempt | {"reply": "", "outcome": DeliveryState.uncertain}])
    for dispatch_id in sorted(changes):
        count(dispatch_id, changes[dispatch_id])


def batch_retries(dispatch_id: int, at: datetime) -> int:
    """Make one batch of the tries of a dispatch that are due, all to one provider; returns how many. Commits.

    The rows go back to pending: whoever takes the batch sends to all that is pending in it.
    """
    dispatch = locked(dispatch_id)
    if dispatch.state is not DispatchState.sending:
        db.session.commit()
        return 0
    tries = (
        sa.select(Retry.seq, Delivery.provider)
        .join(Delivery, sa.and_(Delivery.dispatch_id == Retry.dispatch_id, Delivery.seq == Retry.seq))
        .where(Retry.dispatch_id == dispatch_id, Retry.due <= at)
        .order_by(Retry.due)
    )
    first = db.session.execute(tries.limit(1)).one_or_none()
    provider = first.provider if first else ""
    due = list(
        db.session.scalars(tries.where(Delivery.provider == provider).limit(Content(**dispatch.content).batch_size))
        if first
        else ()
    )
    if not due:
        db.session.commit()
        return 0
    last = db.session.scalar(sa.select(sa.func.max(Batch.number)).where(Batch.dispatch_id == dispatch_id)) or 0
    changes: Counter[DeliveryState] = Counter()
    for state in (DeliveryState.deferred, DeliveryState.uncertain):
        again = db.session.execute(
            sa.update(Delivery)
            .where(Delivery.dispatch_id == dispatch_id, Delivery.seq.in_(due), Delivery.state == state)
            .values(state=DeliveryState.pending, batch=last + 1)
            .execution_options(synchronize_session=False)
        )
        changes[state] -= int(again.rowcount)  # type: ignore[attr-defined]
    number = -sum(changes.values())
    db.session.execute(sa.delete(Retry).where(Retry.dispatch_id == dispatch_id, Retry.seq.in_(due)))
    if number:
        db.session.add(
            Batch(
                dispatch_id=dispatch_id,
                number=last + 1,
                customer_id=dispatch.customer_id,
                priority=dispatch.priority,
                provider=provider,
                portion=0,
                state=BatchState.ready,
                not_before=at - clock.SET_BACK,
                size=number,
                open=number,
            )
        )
        count(dispatch_id, changes)
    db.session.commit()
    return len(due)


def _with_due_retries(at: datetime) -> list[int]:
    with looking():
        return list(
            db.session.scalars(
                sa.select(Retry.dispatch_id)
                .join(Dispatch, Dispatch.id == Retry.dispatch_id)
                .where(Retry.due <= at, Dispatch.state == DispatchState.sending)
                .distinct()
            )
        )


def _in_state(*states: DispatchState, untouched_since: datetime | None = None) -> list[int]:
    query = sa.select(Dispatch.id).where(Dispatch.state.in_(states)).order_by(Dispatch.id)
    if untouched_since is not None:
        later = Dispatch.touched_at > untouched_since + 2 * STUCK  # by a clock that was set back since
        query = query.where(sa.or_(Dispatch.touched_at < untouched_since, later))
    with looking():
        return list(db.session.scalars(query))


def _anything_ready(at: datetime) -> bool:
    with looking():
        ready = sa.select(Dispatch.id).where(Dispatch.state == DispatchState.sending, has_ready(at)).limit(1)
        return db.session.scalar(ready) is not None
