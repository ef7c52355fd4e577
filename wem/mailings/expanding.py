"""Writes down who gets a mailing: one row per reader and dispatch, in portions that can be broken off and taken up."""

from __future__ import annotations

import time
from datetime import datetime

import sqlalchemy as sa

from wem import clock, queue
from wem.db import db, insert_ignoring
from wem.delivery.controlling import locked, ring_senders
from wem.delivery.models import Batch, BatchState, Delivery, DeliveryState, Dispatch, DispatchState
from wem.delivery.rendering import Content
from wem.lists.models import Subscriber, Subscription
from wem.lists.states import SubscriptionState

# Subscribers looked at in one transaction: about a tenth of a second.
WINDOW = 5000


def expand_until(dispatch_id: int, deadline: float) -> bool:
    """Write the audience down until it is complete or `deadline` (monotonic); returns whether more is to be done.

    Each portion is one transaction with the cursor that tells the next where to begin. Commits.
    """
    while time.monotonic() < deadline and not queue.stopping.is_set():
        if not _expand_some(dispatch_id):
            return False
    return True


def _expand_some(dispatch_id: int) -> bool:
    """Write down the next portion; returns whether there may be another. Commits."""
    dispatch = locked(dispatch_id)
    if dispatch.state is not DispatchState.preparing:
        db.session.commit()
        return False
    content = Content(**dispatch.content)
    at = clock.now()
    end = _end_of_window(dispatch)
    if end is None:
        _complete(dispatch, at)
        db.session.commit()
        return False
    first = dispatch.total
    added = db.session.execute(_rows(dispatch, content, end), execution_options={"preserve_rowcount": True})
    dispatch.total = first + int(added.rowcount)  # type: ignore[attr-defined]
    dispatch.prep_cursor = end
    dispatch.touched_at = at
    _cut_batches(dispatch, content.batch_size, first)
    db.session.commit()
    return True


def _end_of_window(dispatch: Dispatch) -> int | None:
    window = (
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == dispatch.customer_id, Subscriber.id > dispatch.prep_cursor)
        .order_by(Subscriber.id)
        .limit(WINDOW)
        .subquery()
    )
    end: int | None = db.session.scalar(sa.select(sa.func.max(window.c.id)))
    return end


def _rows(dispatch: Dispatch, content: Content, end: int) -> sa.Insert:
    """Return the INSERT … SELECT of one portion: every active reader of the lists once, numbered, in batches."""
    reads = sa.exists().where(
        Subscription.subscriber_id == Subscriber.id,
        Subscription.list_id.in_([int(number) for number in content.lists]),
        Subscription.state == SubscriptionState.active,
    )
    seq = sa.literal(dispatch.total) + sa.func.row_number().over(order_by=Subscriber.id)
    readers = (
        sa.select(seq.label("seq"), Subscriber.id, Subscriber.address_hash, Subscriber.domain_group)
        .where(
            Subscriber.customer_id == dispatch.customer_id,
            Subscriber.id > dispatch.prep_cursor,
            Subscriber.id <= end,
            Subscriber.active_count > 0,
            reads,
        )
        .subquery()
    )
    columns = {
        Delivery.dispatch_id: sa.literal(dispatch.id),
        Delivery.seq: readers.c.seq,
        Delivery.customer_id: sa.literal(dispatch.customer_id),
        Delivery.subscriber_id: readers.c.id,
        Delivery.address_hash: readers.c.address_hash,
        Delivery.provider: readers.c.domain_group,
        Delivery.batch: (readers.c.seq - 1) // content.batch_size + 1,
        Delivery.state: sa.literal(int(DeliveryState.pending)),
        Delivery.attempts: sa.literal(0),
    }
    # "WHERE true": SQLite would read ON CONFLICT after a bare SELECT as a join's ON.
    query = sa.select(*columns.values()).where(sa.true())
    insert: sa.Insert = insert_ignoring(Delivery.__table__).from_select([column.key for column in columns], query)
    return insert


def _cut_batches(dispatch: Dispatch, size: int, first: int) -> None:
    """Make the batches of the rows above number `first`; the one that was cut short before is filled up."""
    if dispatch.total == first:
        return
    numbers = range(first // size + 1, (dispatch.total - 1) // size + 2)
    rows = [
        {
            "dispatch_id": dispatch.id,
            "number": number,
            "customer_id": dispatch.customer_id,
            "priority": dispatch.priority,
            "provider": "",
            "state": BatchState.ready,
            "not_before": dispatch.not_before,
            "fence": 0,
            "size": held,
            "open": held,
        }
        for number in numbers
        if (held := min(size, dispatch.total - (number - 1) * size))
    ]
    db.session.execute(
        sa.delete(Batch)
        .where(Batch.dispatch_id == dispatch.id, Batch.number == numbers[0])
        .execution_options(synchronize_session=False)
    )
    db.session.execute(sa.insert(Batch), rows)


def _complete(dispatch: Dispatch, at: datetime) -> None:
    dispatch.started_at = dispatch.touched_at = at
    if dispatch.total:
        dispatch.state = DispatchState.sending
        ring_senders()
    else:
        dispatch.state, dispatch.finished_at = DispatchState.done, at
        queue.ring(queue.WORK, "wem.mailings.jobs.settle", dispatch.mailing_id)
