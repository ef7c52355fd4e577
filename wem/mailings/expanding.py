"""Writes down who gets a mailing: one row per reader and dispatch, in windows that can be broken off and taken up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wem import clock, queue
from wem.db import db, insert_ignoring, look_at_sizes
from wem.delivery import portioning, providers
from wem.delivery.controlling import locked, ring_senders
from wem.delivery.models import Batch, BatchState, Delivery, DeliveryState, Dispatch, DispatchState
from wem.delivery.pace_limits import batch_sizes
from wem.delivery.pace_models import MailDomain
from wem.delivery.rendering import Content
from wem.domain_rules import DomainGroup
from wem.lists.subscription_models import Subscriber
from wem.mailings.audience import reads
from wem.mailings.chosen_models import ChosenReader
from wem.mailings.dividing import within
from wem.mailings.narrowing import narrowed, waits
from wem.mailings.trial_rules import REST

# Subscribers looked at in one transaction: about a tenth of a second.
WINDOW = 5000


# The numbers of a provider's batches: its place among the providers, and so many apart.
_FIRST = {provider.value: place for place, provider in enumerate(DomainGroup, 1)}
APART = 16

# Between two windows on SQLite: its one writer would not let a confirmation's outcome in between (seconds).
BREATH = 0.02


@dataclass
class Written:
    """How many readers of each lane are written down, up to a cursor; kept from one window to the next."""

    cursor: int = -1
    readers: dict[int, int] = field(default_factory=dict)

    def follow(self, dispatch: Dispatch) -> None:
        """Count what is there, unless the last window was ours."""
        if self.cursor != dispatch.prep_cursor:
            self.cursor = dispatch.prep_cursor
            rows = db.session.execute(
                sa.select(Batch.portion, Batch.provider, sa.func.sum(Batch.size))
                .where(Batch.dispatch_id == dispatch.id)
                .group_by(Batch.portion, Batch.provider)
            )
            self.readers = {_lane(portion, provider): int(number) for portion, provider, number in rows}


def _lane(portion: int, provider: str) -> int:
    """Return the number of a portion's readers of one provider: they fill batches of their own."""
    return (portion - 1) * APART + _FIRST.get(provider, 1)


def expand_until(dispatch_id: int, deadline: float) -> bool:
    """Write the audience down until it is complete or `deadline` (monotonic); returns whether more is to be done.

    Each window is one transaction with the cursor that tells the next where to begin. Commits. Raises SegmentLost when
    a segment of the mailing cannot be asked any more; the windows before stay. While a mailing whose readers it
    asks about is itself being written down, it waits for the sweep.
    """
    dispatch = db.session.get_one(Dispatch, dispatch_id, populate_existing=True)
    if dispatch.state is DispatchState.preparing and waits(dispatch.mailing_id, dispatch.customer_id):
        db.session.rollback()
        return False
    written = Written()
    while time.monotonic() < deadline and not queue.stopping.is_set():
        if not _expand_some(dispatch_id, written):
            return False
        if db.engine.dialect.name == "sqlite":
            time.sleep(BREATH)
    return True


def _expand_some(dispatch_id: int, written: Written) -> bool:
    """Write down the next window; returns whether there may be another. Commits."""
    dispatch = locked(dispatch_id)
    if dispatch.state is not DispatchState.preparing:
        db.session.commit()
        return False
    at = clock.now()
    end = _end_of_window(dispatch)
    if end is None:
        _complete(dispatch, at)
        large = dispatch.total > WINDOW
        db.session.commit()
        if large:
            look_at_sizes("delivery", "batch")
        return False
    first = dispatch.total
    written.follow(dispatch)
    providers.want_domains(dispatch.customer_id, dispatch.prep_cursor, end, at, *_chosen(dispatch))
    rows = _rows(dispatch, Content(**dispatch.content), end, written.readers)
    added = db.session.execute(rows, execution_options={"preserve_rowcount": True})
    dispatch.total = first + int(added.rowcount)  # type: ignore[attr-defined]
    dispatch.prep_cursor = end
    dispatch.touched_at = at
    counted = _cut_batches(dispatch, first)
    db.session.commit()
    written.cursor = end
    written.readers = dict(Counter(written.readers) + counted)
    return True


def _end_of_window(dispatch: Dispatch) -> int | None:
    readers = sa.select(Subscriber.id).where(Subscriber.customer_id == dispatch.customer_id)
    number: sa.ColumnElement[int] = sa.type_coerce(Subscriber.id, sa.BigInteger)
    if dispatch.sequence_id is not None:
        # Few of perhaps a million: nobody else is looked at.
        number = sa.type_coerce(ChosenReader.subscriber_id, sa.BigInteger)
        readers = sa.select(number.label("id")).where(ChosenReader.mailing_id == dispatch.mailing_id)
    window = readers.where(number > dispatch.prep_cursor).order_by(number).limit(WINDOW).subquery()
    end: int | None = db.session.scalar(sa.select(sa.func.max(window.c.id)))
    return end


def _chosen(dispatch: Dispatch) -> list[sa.ColumnElement[bool]]:
    """Return the condition over Subscriber of a mailing that goes to readers chosen one by one."""
    if dispatch.sequence_id is None:
        return []
    chosen = sa.select(ChosenReader.subscriber_id).where(ChosenReader.mailing_id == dispatch.mailing_id)
    return [Subscriber.id.in_(chosen)]


def _rows(dispatch: Dispatch, content: Content, end: int, before: dict[int, int]) -> sa.Insert:
    """Return the INSERT … SELECT of one window: every active reader of the lists once, numbered, in batches.

    A batch goes to one provider, and is of one portion of the mailing: each fills its own, from where the window before
    left off.
    """
    readers = (
        sa.select(
            Subscriber.id,
            Subscriber.address_hash,
            providers.provider().label("provider"),
            _portion(dispatch).label("portion"),
        )
        .outerjoin(MailDomain, providers.known_domain())
        .where(
            Subscriber.customer_id == dispatch.customer_id,
            Subscriber.id > dispatch.prep_cursor,
            Subscriber.id <= end,
            Subscriber.active_count > 0,
            reads([int(number) for number in content.lists]),
            *_chosen(dispatch),
            *narrowed(dispatch.mailing_id, dispatch.customer_id, dispatch.created_at),
            *within(dispatch.mailing_id, dispatch.place_from, dispatch.place_below),
        )
        .subquery()
    )
    provider = readers.c.provider
    sizes = batch_sizes(dispatch.customer_id, content.batch_size)
    lane = (readers.c.portion - 1) * APART + _case(provider, _FIRST, 1)
    place = sa.func.row_number().over(partition_by=(provider, readers.c.portion), order_by=readers.c.id) - 1
    filled = (place + _case(lane, before, 0)) // _case(provider, sizes, content.batch_size)
    columns = {
        Delivery.dispatch_id: sa.literal(dispatch.id),
        Delivery.seq: sa.literal(dispatch.total) + sa.func.row_number().over(order_by=readers.c.id),
        Delivery.customer_id: sa.literal(dispatch.customer_id),
        Delivery.subscriber_id: readers.c.id,
        Delivery.address_hash: readers.c.address_hash,
        Delivery.provider: provider,
        Delivery.batch: filled * (APART * dispatch.portions) + lane,
        Delivery.state: sa.literal(int(DeliveryState.pending)),
        Delivery.attempts: sa.literal(0),
    }
    # "WHERE true": SQLite would read ON CONFLICT after a bare SELECT as a join's ON.
    query = sa.select(*columns.values()).where(sa.true())
    insert: sa.Insert = insert_ignoring(Delivery.__table__).from_select([column.key for column in columns], query)
    return insert


def _portion(dispatch: Dispatch) -> sa.ColumnElement[int]:
    return portioning.portion(Subscriber.id, dispatch) if dispatch.portions > 1 else sa.literal(1)


def _portion_in(dispatch: Dispatch, batch: int) -> int:
    return batch // APART % dispatch.portions + 1


def _case(value: sa.ColumnElement[Any], numbers: Mapping[Any, int], otherwise: int) -> sa.ColumnElement[int]:
    known = {name: number for name, number in numbers.items() if number != otherwise}
    return sa.case(known, value=value, else_=otherwise) if known else sa.literal(otherwise)


def _cut_batches(dispatch: Dispatch, first: int) -> Counter[int]:
    """Make the batches of the rows above number `first`, or fill up those cut short; returns the rows by lane."""
    found = db.session.execute(
        sa.select(Delivery.batch, Delivery.provider, sa.func.count().label("held"))
        .where(Delivery.dispatch_id == dispatch.id, Delivery.seq > first)
        .group_by(Delivery.batch, Delivery.provider)
        .order_by(Delivery.batch)
    ).all()
    rows = [
        {
            "dispatch_id": dispatch.id,
            "number": row.batch,
            "customer_id": dispatch.customer_id,
            "priority": dispatch.priority,
            "provider": row.provider,
            "portion": _portion_in(dispatch, row.batch),
            # What is not of the first waits for its time.
            "state": BatchState.ready if _portion_in(dispatch, row.batch) == 1 else BatchState.blocked,
            "not_before": dispatch.not_before,
            "fence": 0,
            "size": row.held,
            "open": row.held,
        }
        for row in found
    ]
    if rows:
        made = (postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert)(Batch)
        more = {name: getattr(Batch, name) + made.excluded[name] for name in ("size", "open")}
        db.session.execute(
            made.on_conflict_do_update(index_elements=[Batch.dispatch_id, Batch.number], set_=more), rows
        )
    counted: Counter[int] = Counter()
    for row in found:
        counted[_lane(_portion_in(dispatch, row.batch), row.provider)] += row.held
    return counted


def _complete(dispatch: Dispatch, at: datetime) -> None:
    dispatch.started_at = dispatch.touched_at = at
    if dispatch.total and dispatch.variant == REST:
        dispatch.state = DispatchState.waiting
    elif dispatch.total:
        dispatch.state = DispatchState.sending
        portioning.begin(dispatch, at)
        ring_senders()
    else:
        dispatch.state, dispatch.finished_at = DispatchState.done, at
        queue.ring(queue.WORK, "wem.mailings.jobs.settle", dispatch.mailing_id)
