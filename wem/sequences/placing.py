"""Which step each reader of a sequence waits for, found anew after something else than a sending has changed it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.mailings.chosen_models import ChosenReader
from wem.sequences import rules
from wem.sequences.models import ReaderState, Sequence, SequenceReader, SequenceStep


def place_anew(sequence: Sequence) -> None:
    """Find the next step of every reader who is in the sequence again, after its steps were changed.

    A reader keeps a step that waits; a step that comes new before a day that is over is not made up for, and nobody
    gets one again that they had.
    """
    if sequence.started_at is None:
        return
    before = waiting(sequence.id)
    find_next(sequence.id)
    count_moves(sequence, before)


def find_next(sequence_id: int, *which: sa.ColumnElement[bool]) -> None:
    """Have the readers of a sequence, or those for whom `which` is true, wait for the step that comes next."""
    now = rules.slot(clock.now())
    offset = SequenceStep.days * rules.HOURS + SequenceStep.hour
    due = SequenceReader.anchor * rules.HOURS + offset
    ahead = sa.or_(SequenceStep.id == SequenceReader.step_id, due >= now)

    def of_next(column: Any) -> Any:
        return (
            sa.select(column)
            .where(
                SequenceStep.sequence_id == sequence_id,
                SequenceStep.removed_at.is_(None),
                SequenceStep.live_version > 0,
                offset > SequenceReader.done,
                ahead,
                sa.not_(had(SequenceStep.id).correlate(SequenceReader, SequenceStep)),
            )
            .order_by(offset)
            .limit(1)
            .correlate(SequenceReader)
            .scalar_subquery()
        )

    db.session.execute(
        sa.update(SequenceReader)
        .where(SequenceReader.sequence_id == sequence_id, SequenceReader.state == ReaderState.in_it, *which)
        .values(step_id=of_next(SequenceStep.id), due=of_next(due))
        .execution_options(synchronize_session=False)
    )


def had(step_id: Any) -> sa.Exists:
    """Return whether a row of SequenceReader has had a step in its round, in SQL."""
    return sa.exists().where(
        ChosenReader.subscriber_id == SequenceReader.subscriber_id,
        ChosenReader.step_id == step_id,
        ChosenReader.round == SequenceReader.round,
    )


def waiting(sequence_id: int) -> dict[int, int]:
    """Return for each step how many readers wait for it next."""
    rows = db.session.execute(
        sa.select(SequenceReader.step_id, sa.func.count())
        .where(SequenceReader.sequence_id == sequence_id, SequenceReader.due.is_not(None))
        .group_by(SequenceReader.step_id)
    )
    return {number: count for number, count in rows if number is not None}


def count_moves(sequence: Sequence, before: dict[int, int]) -> None:
    """Note for each step how many more or fewer wait for it than did before (`waiting`)."""
    after = waiting(sequence.id)
    for step in sequence.all_steps:
        step.arrived += after.get(step.id, 0) - before.get(step.id, 0)
