"""Narrows the audience of a mailing: chosen in the draft, kept at its start, asked while it is written down.

Whatever cannot be asked any more stops the mailing. It never goes to more readers than it was meant for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from wem.db import db
from wem.delivery.models import Dispatch, DispatchKind, DispatchState
from wem.mailings import earlier
from wem.mailings.models import Mailing
from wem.mailings.segment_models import MailingSegment, SegmentUse
from wem.mailings.states import UNSTARTED
from wem.segments import referring
from wem.segments.keeping_rules import Refused, as_data, read
from wem.segments.matching import fits
from wem.segments.models import Segment
from wem.segments.referring import Names
from wem.segments.rules import Conditions


class SegmentLost(Exception):
    """Segments of a mailing are gone, or speak of what is gone; `names` are theirs."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"{len(names)} segments cannot be asked")
        self.names = names


def rows_of(mailing_id: int) -> list[MailingSegment]:
    """Return what narrows a mailing, as it was chosen."""
    rows = sa.select(MailingSegment).where(MailingSegment.mailing_id == mailing_id).order_by(MailingSegment.id)
    return list(db.session.scalars(rows))


def shown(mailing: Mailing, called: Callable[[Mailing], str]) -> list[tuple[SegmentUse, str]]:
    """Return what narrows a mailing by name: as the segments are called now, from the start on as they were then.

    `called` gives the title of an earlier mailing.
    """
    segments = sa.select(Segment.id, Segment.name).where(Segment.customer_id == mailing.customer_id)
    rows = rows_of(mailing.id)
    now = {row.id: row.name for row in db.session.execute(segments)} if rows else {}
    return [
        (row.use, name(row, called) if row.conditions else now.get(row.segment_id or 0, name(row, called)))
        for row in rows
    ]


def name(row: MailingSegment, called: Callable[[Mailing], str]) -> str:
    """Return what a row says by name; where it is about an earlier mailing, with the title that `called` gives."""
    if row.earlier_id is None:
        return row.name
    mailing = db.session.get(Mailing, row.earlier_id)
    title = called(mailing) if mailing is not None else row.name
    if row.use is SegmentUse.without:
        return str(gettext("recipients of “%(title)s”", title=title))
    return str(gettext("recipients of “%(title)s” with no recorded open or click", title=title))


def chosen(mailing_id: int, use: SegmentUse) -> list[int]:
    """Return the segments of a mailing that are used like this."""
    return sorted(row.segment_id for row in rows_of(mailing_id) if row.use is use and row.segment_id)


def choose(mailing: Mailing, only: Collection[int], without: Collection[int]) -> None:
    """Narrow a draft by these segments of its customer, and by no others; the mailing is in the database.

    Saving a draft drops segments that were deleted meanwhile: the person has seen the page without them. What it makes
    of an earlier mailing stays.
    """
    wanted = dict.fromkeys(only, SegmentUse.only) | dict.fromkeys(without, SegmentUse.without)
    there = {row.id: row for row in db.session.scalars(_owned(mailing.customer_id, wanted))}
    for row in rows_of(mailing.id):
        if row.earlier_id is not None:
            continue
        if row.segment_id is not None and row.segment_id in there:
            row.use = wanted[row.segment_id]
            del there[row.segment_id]
        else:
            db.session.delete(row)
    for number, segment in there.items():
        db.session.add(MailingSegment(mailing_id=mailing.id, segment_id=number, use=wanted[number], name=segment.name))
    db.session.flush()


def copy(mailing: Mailing, onto: Mailing) -> None:
    """Narrow a copy as its original, by what the segments say when it starts."""
    for row in rows_of(mailing.id):
        same = {"segment_id": row.segment_id, "earlier_id": row.earlier_id, "use": row.use, "name": row.name}
        db.session.add(MailingSegment(mailing_id=onto.id, **same))
    db.session.flush()


def _owned(customer_id: int, numbers: Collection[int]) -> sa.Select[Segment]:
    return (
        sa.select(Segment).where(Segment.customer_id == customer_id, Segment.id.in_(list(numbers))).order_by(Segment.id)
    )


def keep(mailing: Mailing) -> None:
    """Write down what its segments and its earlier mailing say, at the start; raises SegmentLost."""
    if (row := earlier.row_of(mailing.id)) is not None:
        # Of two that begin at once for the readers of one mailing, the second one knows the first.
        db.session.execute(sa.select(Mailing.id).where(Mailing.id == row.earlier_id).with_for_update())
    for row, segment, conditions, names in _said(mailing.id, mailing.customer_id):
        if segment is not None:
            row.keep(segment, {"fields": _texts(names.fields), "lists": _texts(names.lists)})
        elif row.earlier_id is not None:
            row.conditions = as_data(conditions)
    db.session.flush()


def _texts(names: dict[int, str]) -> dict[str, str]:
    return {str(number): name for number, name in names.items()}


def kept_names(row: MailingSegment) -> Names:
    """Return how fields and lists were called when the mailing started."""
    fields, lists = (
        {int(number): name for number, name in row.names.get(part, {}).items()} for part in ("fields", "lists")
    )
    return Names(fields, lists)


def narrowed(mailing_id: int, customer_id: int, at: datetime) -> list[sa.ColumnElement[Any]]:
    """Return conditions over Subscriber for whoever gets the mailing, days counted from `at`; raises SegmentLost."""
    said = _said(mailing_id, customer_id)
    by_use = {
        use: [fits(conditions, customer_id, at) for row, _, conditions, _ in said if row.use is use]
        for use in SegmentUse
    }
    found = [sa.or_(*by_use[SegmentUse.only])] if by_use[SegmentUse.only] else []
    return found + [sa.not_(each) for each in by_use[SegmentUse.without]]


def about_behaviour(mailing_id: int, customer_id: int) -> bool:
    """Return whether the audience depends on what readers opened or clicked; raises SegmentLost."""
    return any(conditions.about_behaviour for _, _, conditions, _ in _said(mailing_id, customer_id))


def waits(mailing_id: int, customer_id: int) -> bool:
    """Return whether another mailing whose readers it asks about is still being written down; raises SegmentLost."""
    return bool(awaited(mailing_id, customer_id))


def awaited(mailing_id: int, customer_id: int) -> list[int]:
    """Return the other mailings whose readers it asks about and waits for, until they are written down; raises
    SegmentLost."""
    rows = _said(mailing_id, customer_id)
    numbers = {number for row, _, said, _ in rows if row.waits for number in referring.mailing_ids(said)}
    if not numbers:
        return []
    unwritten = sa.select(Dispatch.mailing_id).where(
        Dispatch.mailing_id.in_(numbers),
        Dispatch.mailing_id != mailing_id,
        Dispatch.customer_id == customer_id,
        Dispatch.kind == DispatchKind.bulk,
        Dispatch.started_at.is_(None),
        Dispatch.state.not_in((DispatchState.done, DispatchState.cancelled, DispatchState.failed)),
    )
    return list(db.session.scalars(unwritten.distinct()))


def lost(mailing: Mailing) -> list[str]:
    """Return the names of its segments that cannot be asked any more."""
    try:
        _said(mailing.id, mailing.customer_id)
    except SegmentLost as error:
        return error.names
    return []


def _said(mailing_id: int, customer_id: int) -> list[tuple[MailingSegment, Segment | None, Conditions, Names]]:
    """Return each segment of a mailing with what it says: as kept, before the start as it stands now."""
    rows = rows_of(mailing_id)
    if not rows:
        return []
    numbers = [row.segment_id for row in rows if row.segment_id is not None]
    segments = {row.id: row for row in db.session.scalars(_owned(customer_id, numbers))}
    found, gone = [], []
    for row in rows:
        segment = None if row.conditions else segments.get(row.segment_id or 0)
        said = segment.conditions if segment else None
        if row.earlier_id is not None and not row.conditions:
            said = as_data(earlier.conditions_of(row))
        try:
            conditions = read(row.conditions or said)
        except Refused:
            gone.append(row.name)
            continue
        names = referring.names(customer_id, conditions)
        if referring.lost(conditions, names):
            gone.append(segment.name if segment else row.name)
        found.append((row, segment, conditions, names))
    if gone:
        raise SegmentLost(gone)
    return found


def waiting_for(segment: Segment) -> list[Mailing]:
    """Return the mailings that a segment narrows and that have not started: drafts, scheduled, held."""
    return _using(segment, Mailing.started_at.is_(None), Mailing.state.in_(UNSTARTED))


def begun_with(segment: Segment, most: int) -> list[Mailing]:
    """Return the latest mailings that have started with a segment."""
    return _using(segment, Mailing.started_at.is_not(None))[:most]


def _using(segment: Segment, *conditions: Any) -> list[Mailing]:
    return list(
        db.session.scalars(
            sa.select(Mailing)
            .join(MailingSegment, MailingSegment.mailing_id == Mailing.id)
            .where(MailingSegment.segment_id == segment.id, Mailing.customer_id == segment.customer_id, *conditions)
            .order_by(Mailing.id.desc())
        )
    )
