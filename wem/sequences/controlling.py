"""Start, pause, go on, end, hold: the sequence and what is being sent of it, together."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import controlling as mailings
from wem.mailings import naming, review_grounds, reviewing, standing_still, starting
from wem.mailings import telling as mailings_telling
from wem.mailings.image_using import note_in_use
from wem.mailings.models import Mailing
from wem.mailings.start_problems import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState
from wem.mailings.states import NotPossible as MailingNotPossible
from wem.sender_names.asking import not_approved
from wem.sequences import keeping, standing
from wem.sequences.models import NotPossible, Sequence, SequenceStep
from wem.sequences.rules import Act, SequenceState

UNDERWAY = (MailingState.sending, MailingState.paused, MailingState.held)


class NoSteps(Exception):
    """A sequence without a mail cannot start."""


class StillPausing(Exception):
    """The last mails before the pause are still being handed over; a moment later the sequence can go on."""


def start(sequence: Sequence, *, with_present: bool, by: int | None) -> bool:
    """Start a sequence; returns whether it runs now, False when our staff look at its mails first.

    Raises NoSteps, NotPossible, and CannotStart with what forbids it in one of its mails.
    """
    db.session.refresh(sequence, with_for_update=True)
    if sequence.state is not SequenceState.draft:
        raise NotPossible(Act.start, sequence.state)
    if not sequence.steps:
        raise NoSteps
    sequence.with_present = with_present
    used = [put_to_use(step, by=by) for step in sequence.steps]
    if all(used):
        sequence.start(by=by, with_present=with_present)
        return True
    sequence.ask(by=by)
    return False


def put_to_use(step: SequenceStep, *, by: int | None) -> bool:
    """Have the draft's texts sent from now on; False when our staff look at them first, and then it is done by itself.

    Raises CannotStart.
    """
    mailing = step.mailing
    db.session.flush()
    # The sequence before its mails, as everybody locks them.
    db.session.refresh(step.sequence, with_for_update=True)
    db.session.refresh(mailing, with_for_update=True)
    naming.take_sender_name(mailing)
    if reviewing.waits(mailing):
        step.wanted_version = mailing.version
        return False
    found = starting.problems(mailing, Use.schedule)
    if found == [Problem.review]:
        reviewing.ask(mailing, None, by=by)
        step.wanted_version = mailing.version
        return False
    if found:
        raise CannotStart(found)
    keeping.use(step, by=by)
    return True


def follow_reviews(sequence: Sequence) -> None:
    """Use the texts that our staff have approved, and start what waited for them; what was sent back waits no more.

    The caller commits.
    """
    db.session.refresh(sequence, with_for_update=True)
    wanted = [step for step in sequence.steps if step.wanted_version is not None]
    for step in wanted:
        mailing = step.mailing
        if reviewing.waits(mailing):
            continue
        if mailing.version == step.wanted_version and review_grounds.approved(mailing):
            keeping.use(step, by=None)
        else:
            step.wanted_version = None
    if sequence.state is not SequenceState.waiting or any(step.wanted_version for step in sequence.steps):
        return
    if sequence.steps and all(step.live_version == step.mailing.version for step in sequence.steps):
        sequence.start(by=None, with_present=sequence.with_present)
    else:
        sequence.take_back(by=None)


def take_back(sequence: Sequence, *, by: int) -> None:
    """Make a sequence a draft again that waits for our staff, and its mails with it; raises NotPossible."""
    sequence.take_back(by=by)
    for step in sequence.steps:
        step.wanted_version = None
        if reviewing.waits(step.mailing):
            step.mailing.unschedule(by=by)


def pause(sequence: Sequence, *, by: int) -> None:
    """Send nothing of it until it goes on, what is being sent included; raises NotPossible."""
    sequence.pause(by=by)
    _each(sequence, lambda mailing: mailings.pause(mailing, by=by), MailingState.sending)


def resume(sequence: Sequence, *, by: int) -> None:
    """Go on, with what was being sent too; during maintenance that waits for its end.

    Raises NotPossible, CannotStart when something forbids it still, and StillPausing.
    """
    if (reason := standing.forbidden(sequence)) is not None:
        raise CannotStart([PROBLEMS.get(reason, Problem.contract)])
    sequence.resume(by=by)
    # What came to rest later would be paused for ever: nobody lets it go on.
    if not all(mailings.comes_to_rest(mailing) for mailing in underway(sequence, MailingState.sending)):
        raise StillPausing
    _each(sequence, lambda mailing: _let_go(mailing, by), MailingState.paused, MailingState.held)


def _let_go(mailing: Mailing, by: int) -> None:
    _mend_name(mailing)
    try:
        mailings.resume(mailing, by=by)
    except CannotStart as error:
        if error.problems != [Problem.maintenance]:
            raise
        mailings.resume_after_maintenance(mailing, by=by)


def _mend_name(mailing: Mailing) -> None:
    """Give what has not left of a sending its step's present name when its own is no longer approved.

    Nobody can give it another one: it would stand still for ever, and the sequence with it. A step that was removed may
    bear the lost name still; then it is the registered one.
    """
    if not naming.lost([mailing]):
        return
    step = db.session.get(SequenceStep, mailing.step_id)
    present = step.live.get("sender_name_id") if step else None
    mailings.rename(mailing, None if not_approved(mailing.customer_id, [present]) else present)


def take_up(sequence: Sequence) -> None:
    """Let the sendings of a running sequence go on that were held for maintenance, or while the contract stood still.

    The caller has seen that the sequence may send, and commits.
    """
    for mailing in underway(sequence, MailingState.held):
        if mailing.held_reason in TAKEN_UP:
            try:
                with db.session.begin_nested():
                    _mend_name(mailing)
                    standing_still.take_up(mailing)
                    mailings_telling.tell_people(mailing)
            except MailingNotPossible:
                db.session.refresh(mailing)


# A held sequence waits for its customer; one that runs has been let go on since, or never noticed.
TAKEN_UP = (HeldReason.maintenance, HeldReason.contract, HeldReason.emergency)
PROBLEMS = {
    HeldReason.complaints: Problem.complaints,
    HeldReason.staff: Problem.taken_down,
    HeldReason.segment: Problem.segment,
    HeldReason.sender_name: Problem.name_not_approved,
    HeldReason.problems: Problem.no_list,
}


def end(sequence: Sequence, *, by: int | None) -> None:
    """End it for good, and call off what is being sent; raises NotPossible."""
    sequence.end(by=by)
    for step in sequence.steps:
        note_in_use(step.mailing, "")
    _each(sequence, lambda mailing: mailings.cancel(mailing, by=by), *UNDERWAY)


def underway(sequence: Sequence, *states: MailingState) -> list[Mailing]:
    """Return the sendings of a sequence that are not over."""
    rows = sa.select(Mailing).where(
        Mailing.sequence_id == sequence.id, Mailing.step_id.is_not(None), Mailing.state.in_(states or UNDERWAY)
    )
    return list(db.session.scalars(rows.order_by(Mailing.id)))


def _each(sequence: Sequence, act: Callable[[Mailing], None], *states: MailingState) -> None:
    """Do something with each of the sendings; one that is over at this moment is left as it is."""
    for mailing in underway(sequence, *states):
        try:
            with db.session.begin_nested():
                act(mailing)
        except MailingNotPossible:
            db.session.refresh(mailing)


def forget_texts(mailing_id: int, *, by: int | None) -> None:
    """Take the texts in use of a step away, given its draft, and end its sequence: our staff delete what it sends."""
    step = db.session.scalar(sa.select(SequenceStep).where(SequenceStep.mailing_id == mailing_id))
    if step is None:
        return
    step.live, step.live_version, step.wanted_version = {}, 0, None
    note_in_use(step.mailing, "")
    sequence = step.sequence
    if sequence.state is SequenceState.waiting:
        sequence.take_back(by=by)
    elif sequence.state not in (SequenceState.draft, SequenceState.ended):
        end(sequence, by=by)
