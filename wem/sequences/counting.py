"""Where the readers of a sequence stand, step by step: for its picture, and before somebody lets it go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wem.db import db
from wem.sequences import placing, rules
from wem.sequences.models import ReaderState, Sequence, SequenceReader, SequenceStep
from wem.sequences.sending import too_late


@dataclass(frozen=True)
class Stand:
    """A step with its numbers: who waits for it next, to whom it went, who left before it, for whom it was too late."""

    step: SequenceStep
    waiting: int
    sent: int
    left: int
    left_out: int


@dataclass(frozen=True)
class Numbers:
    """All readers who ever came in: on their way, past the last step, gone before."""

    entered: int
    on_the_way: int
    through: int

    @property
    def left(self) -> int:
        return max(self.entered - self.on_the_way - self.through, 0)


@dataclass(frozen=True)
class Outlook:
    """How many mails would go at once, be made up for bit by bit, or be left out, if it went on now."""

    on_time: int
    late: int
    left_out: int


def stands(sequence: Sequence) -> list[Stand]:
    """Return its steps with their numbers; those in use and those that were taken out and have sent something."""
    waiting = placing.waiting(sequence.id)
    shown = [step for step in sequence.all_steps if step.removed_at is None or step.sent]
    return [
        Stand(
            step,
            waiting.get(step.id, 0),
            step.sent,
            # Readers who are erased leave no row behind: whoever arrived and is nowhere else has left.
            max(step.arrived - step.sent - step.left_out - waiting.get(step.id, 0), 0),
            step.left_out,
        )
        for step in shown
    ]


def numbers(sequence: Sequence) -> Numbers:
    """Return how many readers are where; a look over the sequence's readers, some hundredths of a second."""
    on_the_way = sum(placing.waiting(sequence.id).values())
    inside = sa.select(sa.func.count()).where(
        SequenceReader.sequence_id == sequence.id, SequenceReader.state == ReaderState.in_it
    )
    return Numbers(sequence.entered, on_the_way, (db.session.scalar(inside) or 0) - on_the_way)


def outlook(sequence: Sequence, at: datetime) -> Outlook:
    """Return what would become of the steps that are due at a moment."""
    limits = rules.limits(rules.slot(at), sequence.tolerance)

    def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

    row = db.session.execute(
        sa.select(
            number(SequenceReader.due >= limits.today),
            number(sa.and_(SequenceReader.due < limits.today, sa.not_(too_late(limits)))),
            number(too_late(limits)),
        ).where(
            SequenceReader.sequence_id == sequence.id,
            SequenceReader.step_id.in_([step.id for step in sequence.all_steps]),
            SequenceReader.due <= limits.now,
        )
    ).one()
    return Outlook(*map(int, row))
