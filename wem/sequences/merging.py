"""Two readers who become one: the sequences go on for the one who stays, from the place that is further."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wem.db import db, insert_ignoring
from wem.delivery.models import Dispatch, DispatchState
from wem.mailings.chosen_models import ChosenReader
from wem.sequences import leaving, placing
from wem.sequences.models import ReaderState, Sequence, SequenceReader
from wem.sequences.rules import SequenceState


def carry(old_id: int, new_id: int) -> None:
    """Have a reader go on where another one of the customer's stands, who becomes this one.

    What either had counts as had, so no step goes twice. The caller holds both readers, and commits.
    """
    numbers = sa.select(SequenceReader.sequence_id).where(SequenceReader.subscriber_id == old_id).distinct()
    running = sa.select(Sequence.id).where(Sequence.id.in_(numbers), Sequence.state != SequenceState.ended)
    for number in db.session.scalars(running.order_by(Sequence.id)).all():
        sequence = db.session.get_one(Sequence, number, populate_existing=True, with_for_update=True)
        _end_for_who_clicked(sequence, old_id, new_id)
        before = placing.waiting(number)
        _copy_had(sequence, old_id, new_id)
        _join_places(sequence, old_id, new_id)
        placing.find_next(number, SequenceReader.subscriber_id == new_id)
        placing.count_moves(sequence, before)


def _end_for_who_clicked(sequence: Sequence, old_id: int, new_id: int) -> None:
    """The clicks go with the old reader, so what they mean is noted here: whichever place is further, it is over."""
    if not sequence.leave_on_click:
        return
    rounds = sa.select(SequenceReader.round).where(*_of(sequence, old_id), leaving.clicked(sequence))
    db.session.execute(
        sa.update(SequenceReader)
        .where(
            SequenceReader.sequence_id == sequence.id,
            SequenceReader.subscriber_id.in_((old_id, new_id)),
            SequenceReader.round.in_(db.session.scalars(rounds).all()),
        )
        .values(state=ReaderState.left, step_id=None, due=None)
        .execution_options(synchronize_session=False)
    )


def _copy_had(sequence: Sequence, old_id: int, new_id: int) -> None:
    # Whoever is named in a mailing whose readers are still being written down would get it too.
    unwritten = sa.exists().where(
        Dispatch.mailing_id == ChosenReader.mailing_id, Dispatch.state == DispatchState.preparing
    )
    rows = sa.select(ChosenReader.mailing_id, sa.literal(new_id), ChosenReader.step_id, ChosenReader.round).where(
        ChosenReader.subscriber_id == old_id,
        ChosenReader.step_id.in_([step.id for step in sequence.all_steps]),
        sa.not_(unwritten),
    )
    columns = ["mailing_id", "subscriber_id", "step_id", "round"]
    db.session.execute(insert_ignoring(ChosenReader.__table__).from_select(columns, rows))


def _join_places(sequence: Sequence, old_id: int, new_id: int) -> None:
    theirs, own = _places(sequence, old_id), _places(sequence, new_id)
    for number, place in theirs.items():
        if number not in own:
            db.session.execute(sa.insert(SequenceReader), [{**place, "subscriber_id": new_id}])
            continue
        further = max(own[number], place, key=lambda each: (each["done"], each["state"]))
        days = [each["last_day"] for each in (own[number], place) if each["last_day"] is not None]
        taken = {name: further[name] for name in ("anchor", "value", "state", "done", "step_id", "due")}
        db.session.execute(
            sa.update(SequenceReader)
            .where(*_of(sequence, new_id), SequenceReader.round == number)
            .values(**taken, last_day=max(days, default=None))
            .execution_options(synchronize_session=False)
        )
        sequence.entered -= 1
    db.session.execute(sa.delete(SequenceReader).where(*_of(sequence, old_id)))


def _places(sequence: Sequence, reader_id: int) -> dict[int, dict[str, Any]]:
    """Return where a reader stands, by round."""
    table = SequenceReader.__table__
    rows = db.session.execute(sa.select(table).where(*_of(sequence, reader_id))).mappings()
    return {row["round"]: dict(row) for row in rows}


def _of(sequence: Sequence, reader_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return SequenceReader.sequence_id == sequence.id, SequenceReader.subscriber_id == reader_id
