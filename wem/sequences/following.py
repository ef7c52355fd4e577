"""One look at a sequence: who comes in, what is left out, what is due, until nothing is or the time is over."""

from __future__ import annotations

import logging
import time

import sqlalchemy as sa

from wem import clock, queue
from wem.db import db, let_others_write
from wem.mailings import starting
from wem.mailings.made_texts import Ready
from wem.mailings.start_problems import CannotStart, Problem, held_for
from wem.mailings.states import HeldReason
from wem.sequences import controlling, entering, leaving, sending, standing, telling
from wem.sequences.leaving import FieldLost, SegmentLost
from wem.sequences.models import NotPossible, Sequence, SequenceStep
from wem.sequences.rules import SequenceState

log = logging.getLogger("wem.sequences")


def to_follow() -> list[int]:
    """Return the sequences that run or wait for our staff, what was looked at longest ago first."""
    rows = sa.select(Sequence.id).where(sa.text("state IN ('running', 'waiting')"))
    rows = rows.order_by(Sequence.followed_at)
    found = list(db.session.scalars(rows))
    db.session.rollback()
    return found


def follow(sequence_id: int, deadline: float) -> None:
    """Look at one sequence until nothing of it is due or `deadline` (monotonic). Commits."""
    if not _begin(sequence_id):
        return
    try:
        for _ in entering.take_in(sequence_id):
            if _over(deadline):
                return
        _send_due(sequence_id, deadline)
    except CannotStart as error:
        db.session.rollback()
        if error.problems != [Problem.maintenance]:
            log.warning("sequence %s is held: %s", sequence_id, error)
            _hold(sequence_id, held_for(error))
    except sa.exc.OperationalError as error:
        db.session.rollback()
        log.warning("sequence %s is looked at again later: %s", sequence_id, error.orig)
    except SegmentLost:
        _hold(sequence_id, HeldReason.segment)
    except FieldLost:
        _hold(sequence_id, HeldReason.problems)


def _begin(sequence_id: int) -> bool:
    """Return whether the sequence may send; note that it was looked at. Commits."""
    sequence = db.session.get_one(Sequence, sequence_id, populate_existing=True, with_for_update=True)
    sequence.followed_at = clock.now()
    if sequence.state is SequenceState.running or sequence.state is SequenceState.waiting:
        controlling.follow_reviews(sequence)
    if sequence.state is not SequenceState.running or standing.waits(sequence):
        db.session.commit()
        return False
    reason = standing.forbidden(sequence)
    if reason is None:
        controlling.take_up(sequence)
    db.session.commit()
    if reason is not None:
        _hold(sequence_id, reason)
    return reason is None


def _send_due(sequence_id: int, deadline: float) -> None:
    sequence = entering.locked(sequence_id)
    if sequence is None:
        db.session.rollback()
        return
    at = clock.now()
    if sending.anything_due(sequence, at):
        leaving.let_go(sequence, at)
        sending.leave_out(sequence, at)
    due = sending.due_now(sequence, at)
    db.session.commit()
    for each in due:
        ready = _texts(sequence_id, each.step_id)
        for late in (False, True):
            if not (each.late if late else each.on_time):
                continue
            while sending.send(sequence_id, each.step_id, late=late, ready=ready):
                let_others_write()
                if _over(deadline):
                    return


def _texts(sequence_id: int, step_id: int) -> Ready | None:
    """Make the texts of a step with no transaction open: it may take a second."""
    sequence, step = db.session.get_one(Sequence, sequence_id), db.session.get_one(SequenceStep, step_id)
    return starting.prepare(sending.letter_of(sequence, step))


def _hold(sequence_id: int, reason: HeldReason) -> None:
    db.session.rollback()
    sequence = db.session.get_one(Sequence, sequence_id, populate_existing=True)
    try:
        sequence.hold(reason)
        telling.tell_people(sequence)
        db.session.commit()
    except NotPossible:
        db.session.rollback()  # somebody paused or ended it at this moment


def _over(deadline: float) -> bool:
    return time.monotonic() > deadline or queue.stopping.is_set()
