"""What each good row of an upload meets: a new address, a reader on the list, a reader elsewhere, or a no."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa

from wem.db import db
from wem.lists.registering import LIVE
from wem.lists.states import RowState
from wem.lists.subscription_models import EVERY_LIST, Subscriber, Subscription, Suppression
from wem.lists.upload_models import UploadRow

T = TypeVar("T")
# Numbers in one statement; databases have limits.
AT_ONCE = 5_000
OPEN = (RowState.good, RowState.known, RowState.elsewhere)


@dataclass(frozen=True)
class Span:
    """Records `first` to `last` of an upload, both included, and where they are to go."""

    upload_id: int
    customer_id: int
    list_id: int
    first: int
    last: int

    def rows(self, *states: RowState) -> tuple[Any, ...]:
        """Return the conditions for this span's rows in these states."""
        here = (
            UploadRow.upload_id == self.upload_id,
            UploadRow.record >= self.first,
            UploadRow.record <= self.last,
        )
        return (*here, UploadRow.state.in_(states)) if states else here


@dataclass
class Classes:
    """Readers by record; `raising` are those who count as registered only through this upload."""

    opted_out: int = 0
    known: dict[int, int] = field(default_factory=dict)
    elsewhere: dict[int, int] = field(default_factory=dict)
    raising: set[int] = field(default_factory=set)


def classify(span: Span, *, hold: bool = False) -> Classes:
    """Mark this span's open rows by what the database says now; the caller commits.

    With `hold` the readers found stay locked to the end of the transaction.
    """
    classes = Classes(opted_out=_mark_opted_out(span))
    met = _readers_met(span)
    readers = dict(_readers({reader for _, _, reader in met if reader is not None}, hold=hold))
    on_list = _live_on(span.list_id, readers)
    marks: list[dict[str, Any]] = []
    for record, before, reader in met:
        if reader is None or reader not in readers:
            state = RowState.good
        elif reader in on_list:
            state = RowState.known
            classes.known[record] = reader
        else:
            state = RowState.elsewhere
            classes.elsewhere[record] = reader
            if readers[reader] == 0:
                classes.raising.add(reader)
        if state is not before:
            marks.append({"of_upload": span.upload_id, "of_record": record, "now": state})
    _mark(marks)
    return classes


def _mark_opted_out(span: Span) -> int:
    said_no = sa.exists().where(
        Suppression.customer_id == span.customer_id,
        Suppression.address_hash == UploadRow.address_hash,
        Suppression.list_id.in_((EVERY_LIST, span.list_id)),
    )
    marked = db.session.execute(
        sa.update(UploadRow)
        .where(*span.rows(*OPEN), said_no)
        .values(state=RowState.opted_out)
        .execution_options(synchronize_session=False)
    )
    return int(marked.rowcount)  # type: ignore[attr-defined]


def _readers_met(span: Span) -> list[tuple[int, RowState, int | None]]:
    """Return (record, state, reader) of the rows whose address is a reader's, or was one's when last looked at."""
    # A subquery, not a join: the way in must be by the rows, never through all readers of the customer.
    reader = (
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == span.customer_id, Subscriber.address_key == UploadRow.address_key)
        .scalar_subquery()
    )
    looked = sa.select(UploadRow.record, UploadRow.state, reader.label("reader")).where(*span.rows(*OPEN)).subquery()
    found = db.session.execute(
        sa.select(looked.c.record, looked.c.state, looked.c.reader)
        .where(sa.or_(looked.c.reader.is_not(None), looked.c.state != RowState.good))
        .order_by(looked.c.record)
    )
    return [(record, state, reader) for record, state, reader in found]


def _readers(ids: Iterable[int], *, hold: bool) -> Iterator[tuple[int, int]]:
    """Yield (reader, number of active subscriptions), locked in the order of ids if asked."""
    for some in batches(sorted(ids), AT_ONCE):
        wanted = (
            sa.select(Subscriber.id, Subscriber.active_count).where(Subscriber.id.in_(some)).order_by(Subscriber.id)
        )
        yield from db.session.execute(wanted.with_for_update() if hold else wanted)


def _live_on(list_id: int, readers: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for some in batches(sorted(readers), AT_ONCE):
        found.update(
            db.session.scalars(
                sa.select(Subscription.subscriber_id).where(
                    Subscription.subscriber_id.in_(some),
                    Subscription.list_id == list_id,
                    Subscription.state.in_(LIVE),
                )
            )
        )
    return found


def _mark(marks: Sequence[dict[str, Any]]) -> None:
    if marks:
        db.session.connection().execute(
            sa.update(UploadRow)
            .where(
                UploadRow.upload_id == sa.bindparam("of_upload"),
                UploadRow.record == sa.bindparam("of_record"),
            )
            .values(state=sa.bindparam("now")),
            list(marks),
        )


def batches(items: Iterable[T], size: int) -> Generator[list[T], None, None]:
    """Yield the items in lists of at most `size`."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
