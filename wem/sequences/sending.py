"""Sends what is due: those for whom a step is due become the readers of a mailing, which starts like any other.

The mailing, its readers and where each of them stands afterwards are written in one transaction: whatever breaks off
before has sent nothing, whatever breaks off after has forgotten nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db, insert_ignoring
from wem.delivery.no_send_models import hours_of
from wem.mailings import naming, starting
from wem.mailings.chosen_models import ChosenReader
from wem.mailings.image_using import note_uses
from wem.mailings.made_texts import Ready
from wem.mailings.models import BodyKind, Mailing
from wem.sequences import rules
from wem.sequences.entering import locked
from wem.sequences.leaving import leaves
from wem.sequences.models import Sequence, SequenceReader, SequenceRun, SequenceStep
from wem.sequences.placing import had

# Readers of one sending: half a second of one transaction.
MOST = 10_000


@dataclass(frozen=True)
class Due:
    """A step and how many readers wait for it now: on time, and on a later day than theirs."""

    step_id: int
    on_time: int
    late: int


def due_now(sequence: Sequence, at: datetime) -> list[Due]:
    """Return the steps for which somebody waits who may get a mail now, in their order."""
    limits = rules.limits(rules.slot(at), sequence.tolerance)
    late = sa.func.sum(sa.case((SequenceReader.due < limits.today, 1), else_=0))
    rows = db.session.execute(
        sa.select(SequenceReader.step_id, sa.func.count(), late)
        .where(*_may_get(sequence, limits), sa.not_(too_late(limits)))
        .group_by(SequenceReader.step_id)
    ).all()
    found = {number: Due(number or 0, count - int(behind), int(behind)) for number, count, behind in rows}
    return [found[step.id] for step in sequence.used if step.id in found]


def leave_out(sequence: Sequence, at: datetime) -> int:
    """Pass over the steps whose day is over by more than the sequence tolerates; returns how many mails that are."""
    limits, count = rules.limits(rules.slot(at), sequence.tolerance), 0
    for step in sequence.used:
        behind = too_late(limits)
        number = db.session.scalar(
            sa.select(sa.func.count()).where(
                SequenceReader.sequence_id == sequence.id, SequenceReader.step_id == step.id, behind
            )
        )
        _move_on(sequence, step, number or 0, behind)
        step.left_out += number or 0
        count += number or 0
    return count


def too_late(limits: rules.Limits) -> sa.ColumnElement[bool]:
    """Return whether the step that a row of SequenceReader waits for is left out, in SQL."""
    another = sa.func.coalesce(SequenceReader.last_day, -1) == SequenceReader.due // rules.HOURS
    return sa.and_(SequenceReader.due < limits.oldest, sa.or_(sa.not_(another), SequenceReader.due < limits.waited))


def letter_of(sequence: Sequence, step: SequenceStep) -> Mailing:
    """Return the mailing that a sending of a step is, with the texts in use; in no session yet."""
    mailing = Mailing(
        customer_id=sequence.customer_id,
        sequence_id=sequence.id,
        step_id=step.id,
        name=step.mailing.name,
        created_by=step.mailing.created_by,
        version=step.live_version,
        **step.live | {"body_kind": BodyKind(step.live["body_kind"])},
    )
    naming.take_sender_name(mailing)
    return mailing


def send(sequence_id: int, step_id: int, *, late: bool, ready: Ready | None) -> int:
    """Start one sending of a step to those who wait; returns to how many, 0 when nobody may get it now.

    Commits, or changes nothing. Raises CannotStart when something forbids it, SegmentLost and FieldLost.
    """
    sequence, at = locked(sequence_id), clock.now()
    step = db.session.get(SequenceStep, step_id, populate_existing=True)
    if sequence is None or step is None or not step.live or step.removed_at is not None:
        db.session.rollback()
        return 0
    most = min(MOST, rules.room(_sent_late(sequence, at), sequence.late_an_hour)) if late else MOST
    if not most or _gathers(step, at, late):
        db.session.rollback()
        return 0
    mailing = letter_of(sequence, step)
    db.session.add(mailing)
    db.session.flush()
    size = _choose(sequence, step, mailing, at, late=late, most=most)
    if not size:
        db.session.rollback()
        return 0
    mailing.lists = [sequence.mailing_list]
    note_uses(mailing)
    # In the no-send hours the mailing rests: the day of its mails is that on which they leave.
    hours = hours_of(sequence.customer_id)
    day = (hours.leaves(at) if hours else at).toordinal()
    _move_on(sequence, step, size, _chosen_for(mailing), last_day=day)
    step.sent += size
    db.session.add(
        SequenceRun(mailing_id=mailing.id, sequence_id=sequence.id, step_id=step.id, at=at, size=size, late=late)
    )
    starting.start(mailing, by=None, ready=ready)
    db.session.commit()
    return size


def _may_get(sequence: Sequence, limits: rules.Limits) -> list[sa.ColumnElement[bool]]:
    return [
        SequenceReader.sequence_id == sequence.id,
        SequenceReader.step_id.in_([step.id for step in sequence.used]),
        SequenceReader.due <= limits.now,
        sa.or_(SequenceReader.last_day.is_(None), SequenceReader.last_day < limits.day),
    ]


def _choose(sequence: Sequence, step: SequenceStep, mailing: Mailing, at: datetime, *, late: bool, most: int) -> int:
    limits = rules.limits(rules.slot(at), sequence.tolerance)
    behind = SequenceReader.due < limits.today
    waiting = (
        sa.select(sa.literal(mailing.id), SequenceReader.subscriber_id, sa.literal(step.id), SequenceReader.round)
        .where(
            *_may_get(sequence, limits),
            SequenceReader.step_id == step.id,
            sa.not_(too_late(limits)),
            behind if late else sa.not_(behind),
            sa.not_(leaves(sequence, at)),
            sa.not_(had(step.id)),
        )
        # Who waits longest goes first.
        .order_by(SequenceReader.due, SequenceReader.subscriber_id)
        .limit(most)
        .subquery()
    )
    made = db.session.execute(
        insert_ignoring(ChosenReader.__table__).from_select(
            ["mailing_id", "subscriber_id", "step_id", "round"], sa.select(waiting).where(sa.true())
        ),
        execution_options={"preserve_rowcount": True},
    )
    return int(made.rowcount)  # type: ignore[attr-defined]


def _chosen_for(mailing: Mailing) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        ChosenReader.mailing_id == mailing.id,
        ChosenReader.subscriber_id == SequenceReader.subscriber_id,
        ChosenReader.round == SequenceReader.round,
    )


def _move_on(
    sequence: Sequence, step: SequenceStep, number: int, *which: sa.ColumnElement[bool], **values: Any
) -> None:
    """Have the `number` readers who wait for a step, and for whom `which` is true, wait for the next one.

    That is the next by its day that they have not had: one that was moved to a later day may be behind them.
    """
    waits = (
        SequenceReader.sequence_id == sequence.id,
        SequenceReader.step_id == step.id,
        SequenceReader.due.is_not(None),
        *which,
    )
    for following in (*(each for each in sequence.used if each.offset > step.offset), None):
        if number <= 0:
            return
        due = SequenceReader.anchor * rules.HOURS + following.offset if following else sa.null()
        moved = db.session.execute(
            sa.update(SequenceReader)
            .where(*waits, *([sa.not_(had(following.id))] if following else []))
            .values(done=step.offset, step_id=following.id if following else None, due=due, **values)
            .execution_options(synchronize_session=False)
        )
        count = int(moved.rowcount)  # type: ignore[attr-defined]
        number -= count
        if following is not None:
            following.arrived += count


def _sent_late(sequence: Sequence, at: datetime) -> int:
    sizes = sa.select(sa.func.sum(SequenceRun.size)).where(
        SequenceRun.sequence_id == sequence.id, SequenceRun.late, SequenceRun.at > at - timedelta(hours=1)
    )
    return int(db.session.scalar(sizes) or 0)


def _gathers(step: SequenceStep, at: datetime, late: bool) -> bool:
    last = db.session.execute(
        sa.select(SequenceRun.at, SequenceRun.size)
        .where(SequenceRun.step_id == step.id, SequenceRun.late.is_(late))
        .order_by(SequenceRun.at.desc())
        .limit(1)
    ).one_or_none()
    return last is not None and rules.gathers(last.at, not late and last.size >= MOST, at)


def anything_due(sequence: Sequence, at: datetime) -> bool:
    """Return whether a step is due for anybody, whatever becomes of it."""
    ids = [step.id for step in sequence.all_steps]
    waits = SequenceReader.step_id.in_(ids), SequenceReader.due <= rules.slot(at)
    return bool(db.session.scalar(sa.select(sa.exists().where(SequenceReader.sequence_id == sequence.id, *waits))))
