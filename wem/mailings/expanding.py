"""Writes down who gets a mailing: one row per reader and dispatch, in portions that can be broken off and taken up."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wem import clock, queue
from wem.db import db, insert_ignoring, look_at_sizes
from wem.delivery import providers
from wem.delivery.controlling import locked, ring_senders
from wem.delivery.models import Batch, BatchState, Delivery, DeliveryState, Dispatch, DispatchState
from wem.delivery.pace_limits import batch_sizes
from wem.delivery.pace_models import MailDomain
from wem.delivery.rendering import Content
from wem.domain_rules import DomainGroup
from wem.lists.models import Subscriber
from wem.mailings.audience import reads
from wem.mailings.narrowing import narrowed

# Subscribers looked at in one transaction: about a tenth of a second.
WINDOW = 5000


# The numbers of a provider's batches: its place among the providers, and so many apart.
_FIRST = {provider.value: place for place, provider in enumerate(DomainGroup, 1)}
APART = 16

# Between two portions on SQLite: its one writer would not let a confirmation's outcome in between (seconds).
BREATH = 0.02


@dataclass
class Written:
    """How many readers of each provider are written down, up to a cursor; kept from one portion to the next."""

    cursor: int = -1
    readers: dict[str, int] = field(default_factory=dict)

    def follow(self, dispatch: Dispatch) -> None:
        """Count what is there, unless the last portion was ours."""
        if self.cursor != dispatch.prep_cursor:
            self.cursor = dispatch.prep_cursor
            rows = db.session.execute(
                sa.select(Batch.provider, sa.func.sum(Batch.size))
                .where(Batch.dispatch_id == dispatch.id)
                .group_by(Batch.provider)
            )
            self.readers = {provider: int(number) for provider, number in rows}


def expand_until(dispatch_id: int, deadline: float) -> bool:
    """Write the audience down until it is complete or `deadline` (monotonic); returns whether more is to be done.

    Each portion is one transaction with the cursor that tells the next where to begin. Commits. Raises SegmentLost when
    a segment of the mailing cannot be asked any more; the portions before stay.
    """
    written = Written()
    while time.monotonic() < deadline and not queue.stopping.is_set():
        if not _expand_some(dispatch_id, written):
            return False
        if db.engine.dialect.name == "sqlite":
            time.sleep(BREATH)
    return True


def _expand_some(dispatch_id: int, written: Written) -> bool:
    """Write down the next portion; returns whether there may be another. Commits."""
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
    providers.want_domains(dispatch.customer_id, dispatch.prep_cursor, end, at)
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
    window = (
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == dispatch.customer_id, Subscriber.id > dispatch.prep_cursor)
        .order_by(Subscriber.id)
        .limit(WINDOW)
        .subquery()
    )
    end: int | None = db.session.scalar(sa.select(sa.func.max(window.c.id)))
    return end


def _rows(dispatch: Dispatch, content: Content, end: int, before: dict[str, int]) -> sa.Insert:
    """Return the INSERT … SELECT of one portion: every active reader of the lists once, numbered, in batches.

    A batch goes to one provider: each fills its own, from where the portion before left off.
    """
    readers = (
        sa.select(Subscriber.id, Subscriber.address_hash, providers.provider().label("provider"))
        .outerjoin(MailDomain, providers.known_domain())
        .where(
            Subscriber.customer_id == dispatch.customer_id,
            Subscriber.id > dispatch.prep_cursor,
            Subscriber.id <= end,
            Subscriber.active_count > 0,
            reads([int(number) for number in content.lists]),
            *narrowed(dispatch.mailing_id, dispatch.customer_id, dispatch.created_at),
        )
        .subquery()
    )
    provider = readers.c.provider
    sizes = batch_sizes(dispatch.customer_id, content.batch_size)
    place = sa.func.row_number().over(partition_by=provider, order_by=readers.c.id) - 1
    filled = (place + _by_provider(provider, before, 0)) // _by_provider(provider, sizes, content.batch_size)
    columns = {
        Delivery.dispatch_id: sa.literal(dispatch.id),
        Delivery.seq: sa.literal(dispatch.total) + sa.func.row_number().over(order_by=readers.c.id),
        Delivery.customer_id: sa.literal(dispatch.customer_id),
        Delivery.subscriber_id: readers.c.id,
        Delivery.address_hash: readers.c.address_hash,
        Delivery.provider: provider,
        Delivery.batch: filled * APART + _by_provider(provider, _FIRST, 1),
        Delivery.state: sa.literal(int(DeliveryState.pending)),
        Delivery.attempts: sa.literal(0),
    }
    # "WHERE true": SQLite would read ON CONFLICT after a bare SELECT as a join's ON.
    query = sa.select(*columns.values()).where(sa.true())
    insert: sa.Insert = insert_ignoring(Delivery.__table__).from_select([column.key for column in columns], query)
    return insert


def _by_provider(provider: sa.ColumnElement[str], numbers: dict[str, int], otherwise: int) -> sa.ColumnElement[int]:
    known = {name: number for name, number in numbers.items() if number != otherwise}
    return sa.case(known, value=provider, else_=otherwise) if known else sa.literal(otherwise)


def _cut_batches(dispatch: Dispatch, first: int) -> Counter[str]:
    """Make the batches of the rows above number `first`, or fill up those cut short; returns the rows by provider."""
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
            "state": BatchState.ready,
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
    counted: Counter[str] = Counter()
    for row in found:
        counted[row.provider] += row.held
    return counted


def _complete(dispatch: Dispatch, at: datetime) -> None:
    dispatch.started_at = dispatch.touched_at = at
    if dispatch.total:
        dispatch.state = DispatchState.sending
        ring_senders()
    else:
        dispatch.state, dispatch.finished_at = DispatchState.done, at
        queue.ring(queue.WORK, "wem.mailings.jobs.settle", dispatch.mailing_id)
