"""Who leaves a sequence before its end: off the list, clicked, fits the segment that ends it, has another date now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.delivery.models import Dispatch
from wem.lists.models import Field
from wem.lists.states import FieldKind, SubscriptionState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailings.chosen_models import ChosenReader
from wem.segments import field_values, referring
from wem.segments.keeping_rules import Refused, read
from wem.segments.matching import fits
from wem.segments.models import Segment
from wem.segments.rules import Conditions
from wem.sequences import rules
from wem.sequences.models import ReaderState, Sequence, SequenceReader
from wem.sequences.rules import SequenceKind
from wem.tracking.models import ANY_LINK, FirstHit

Sql = sa.ColumnElement[Any]
AT_ONCE = 20_000


class SegmentLost(Exception):
    """The segment that ends a sequence for a reader is gone, or speaks of what is gone."""


class FieldLost(Exception):
    """The date field that a sequence counts from is gone."""


def leaves(sequence: Sequence, at: datetime) -> Sql:
    """Return whether a row of SequenceReader leaves now, in SQL; raises SegmentLost, FieldLost."""
    found = [sa.not_(_on_list(sequence))]
    if sequence.leave_on_click:
        found.append(clicked(sequence))
    if sequence.leave_segment_name:
        fitting = fits(_conditions(sequence), sequence.customer_id, at)
        found.append(sa.exists().where(Subscriber.id == SequenceReader.subscriber_id, fitting))
    if sequence.kind is SequenceKind.date:
        same = held_by_field(sequence) == SequenceReader.value
        # The row itself goes with its reader, so one is there.
        found.append(sa.not_(sa.exists().where(Subscriber.id == SequenceReader.subscriber_id, same)))
    return sa.or_(*found)


def let_go(sequence: Sequence, at: datetime) -> int:
    """Have those leave for whom a step is due and who are to leave; returns how many. Raises as `leaves`.

    Asked when a step is due, not before: who comes back in time has not left. Of many the longest due alone: nobody
    who is to leave gets a mail meanwhile, for whoever sends asks again.
    """
    due = (
        SequenceReader.sequence_id == sequence.id,
        SequenceReader.step_id.in_([step.id for step in sequence.all_steps]),
        SequenceReader.due <= rules.slot(at),
    )
    longest = sa.select(SequenceReader.subscriber_id).where(*due).order_by(SequenceReader.due).limit(AT_ONCE)
    left = db.session.execute(
        sa.update(SequenceReader)
        .where(
            *due,
            SequenceReader.subscriber_id.in_(sa.select(longest.subquery().c.subscriber_id)),
            leaves(sequence, at),
        )
        .values(state=ReaderState.left, step_id=None, due=None)
        .execution_options(synchronize_session=False)
    )
    return int(left.rowcount)  # type: ignore[attr-defined]


def held_by_field(sequence: Sequence) -> Sql:
    """Return what a Subscriber's date field holds: the day, of a yearly one day and month; raises FieldLost."""
    there = sa.exists().where(
        Field.id == sequence.field_id,
        Field.customer_id == sequence.customer_id,
        Field.key == sequence.field_key,
        Field.kind == FieldKind.date,
    )
    if not db.session.scalar(sa.select(there)):
        raise FieldLost
    text = field_values.text_of(sequence.field_key)
    # “1982-06-21”: day and month stand behind the year.
    return sa.func.coalesce(sa.func.substr(text, 6, 5) if sequence.every_year else text, "")


def askable(sequence: Sequence) -> None:
    """Raise SegmentLost or FieldLost where what the sequence asks of readers cannot be asked any more."""
    leaves(sequence, clock.now())


def _on_list(sequence: Sequence) -> Sql:
    return sa.exists().where(
        Subscription.subscriber_id == SequenceReader.subscriber_id,
        Subscription.list_id == sequence.list_id,
        Subscription.state == SubscriptionState.active,
    )


def clicked(sequence: Sequence) -> Sql:
    """Return whether the reader clicked in a mail of this sequence, of this round.

    Last year's birthday ends nothing this year.
    """
    return sa.exists().where(
        ChosenReader.subscriber_id == SequenceReader.subscriber_id,
        ChosenReader.round == SequenceReader.round,
        Dispatch.mailing_id == ChosenReader.mailing_id,
        Dispatch.sequence_id == sequence.id,
        FirstHit.dispatch_id == Dispatch.id,
        FirstHit.subscriber_id == SequenceReader.subscriber_id,
        FirstHit.number == ANY_LINK,
    )


def _conditions(sequence: Sequence) -> Conditions:
    segment = db.session.get(Segment, sequence.leave_segment_id) if sequence.leave_segment_id else None
    try:
        conditions = read(segment.conditions if segment else None)
    except Refused as error:
        raise SegmentLost from error
    if referring.lost(conditions, referring.names(sequence.customer_id, conditions)):
        raise SegmentLost
    return conditions


def using(segment_id: int) -> list[Sequence]:
    """Return the sequences that a segment ends for a reader and that are not over."""
    rows = sa.select(Sequence).where(
        Sequence.leave_segment_id == segment_id, Sequence.state != rules.SequenceState.ended
    )
    return list(db.session.scalars(rows.order_by(Sequence.id)))
