"""Keeps sequences: made, changed, deleted; their steps added, moved, taken away; which texts are in use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from wem import audit, clock
from wem.db import db
from wem.lists.models import Field, MailingList
from wem.mailings import block_editing, branding, design_using, naming
from wem.mailings.design_using import Beginning
from wem.mailings.image_using import note_in_use
from wem.mailings.models import BodyKind, Mailing
from wem.segments.models import Segment
from wem.sequences import rules
from wem.sequences.models import Sequence, SequenceStep
from wem.sequences.placing import place_anew
from wem.sequences.rules import SequenceKind, SequenceState, StepFault

# Of one customer; each is looked at every minute.
MOST = 50
# What of a draft is sent.
TEXTS = ("subject", "sender_name_id", "body_kind", "html", "text", "wrap_at", "view_line", "language")


class TooMany(Exception):
    """The customer has as many sequences as there can be."""


class Changed(Exception):
    """Somebody else saved the sequence since this person opened it."""


class Misplaced(Exception):
    """A step cannot be due on such a day."""

    def __init__(self, fault: StepFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True)
class Settings:
    """What a customer sets of a sequence at any time."""

    name: str
    leave_on_click: bool = False
    leave_segment: Segment | None = None
    tolerance: int = 2
    late_an_hour: int = 1_000


def create(
    mailing_list: MailingList, settings: Settings, field: Field | None = None, *, every_year: bool = False, by: int
) -> Sequence:
    """Return a new sequence without steps; with a date field days are counted from it. Raises TooMany."""
    theirs = sa.select(sa.func.count()).where(Sequence.customer_id == mailing_list.customer_id)
    if (db.session.scalar(theirs.where(Sequence.state != SequenceState.ended)) or 0) >= MOST:
        raise TooMany
    sequence = Sequence(
        customer_id=mailing_list.customer_id,
        list_id=mailing_list.id,
        kind=SequenceKind.date if field else SequenceKind.sign_up,
        field_id=field.id if field else None,
        field_key=field.key if field else "",
        every_year=every_year and field is not None,
        created_by=by,
        version=1,
    )
    _set(sequence, settings)
    db.session.add(sequence)
    db.session.flush()
    audit.record("sequence.create", by=by, customer_id=sequence.customer_id, subject=sequence)
    return sequence


def save(sequence: Sequence, settings: Settings, version: int, *, by: int) -> None:
    """Keep what was set; raises Changed when somebody else saved since `version`."""
    db.session.refresh(sequence, with_for_update=True)
    if sequence.version != version:
        raise Changed
    _set(sequence, settings)
    sequence.version += 1
    audit.record("sequence.change", by=by, customer_id=sequence.customer_id, subject=sequence)


def _set(sequence: Sequence, settings: Settings) -> None:
    segment = settings.leave_segment
    sequence.name, sequence.leave_on_click = settings.name, settings.leave_on_click
    sequence.leave_segment_id, sequence.leave_segment_name = (segment.id, segment.name) if segment else (None, "")
    sequence.tolerance, sequence.late_an_hour = settings.tolerance, settings.late_an_hour


def delete(sequence: Sequence, *, by: int) -> None:
    """Delete a sequence that has never started, with its mails; raises ValueError for any other."""
    db.session.refresh(sequence, with_for_update=True)
    if sequence.started_at is not None or sequence.state is not SequenceState.draft:
        raise ValueError("only a draft is deleted")
    for step in list(sequence.all_steps):
        _delete_step(step)
    audit.record("sequence.delete", by=by, customer_id=sequence.customer_id, subject=sequence)
    db.session.delete(sequence)


def add_step(
    sequence: Sequence, days: int, hour: int, kind: BodyKind, name: str, *, design: Beginning | None = None, by: int
) -> SequenceStep:
    """Return a new step with a mail of its own, empty or with what a design of this kind holds.

    Nothing is sent of it before it is in use. Raises Misplaced, and Refused where the design cannot stand any more.
    """
    db.session.refresh(sequence, with_for_update=True)
    _check(sequence, days, [step.days for step in sequence.steps])
    mailing = Mailing(
        customer_id=sequence.customer_id,
        sequence_id=sequence.id,
        name=name,
        body_kind=kind,
        created_by=by,
        version=1,
    )
    naming.take_sender_name(mailing)
    mailing.lists = [sequence.mailing_list]
    db.session.add(mailing)
    db.session.flush()
    if design is not None:
        design_using.begin(mailing, design, by=by)
    elif kind is BodyKind.blocks:
        block_editing.begin(mailing, branding.beginning(branding.brand_of(sequence.customer_id)), by=by)
    step = SequenceStep(
        customer_id=sequence.customer_id, sequence_id=sequence.id, mailing_id=mailing.id, days=days, hour=hour, live={}
    )
    db.session.add(step)
    db.session.flush()
    db.session.refresh(sequence, ["all_steps"])
    audit.record("sequence.add_step", by=by, customer_id=sequence.customer_id, subject=sequence, step_id=step.id)
    return step


def move_step(step: SequenceStep, days: int, hour: int, *, by: int) -> None:
    """Have a step go on another day; who had it does not get it again. Raises Misplaced."""
    sequence = db.session.get_one(Sequence, step.sequence_id, populate_existing=True, with_for_update=True)
    _check(sequence, days, [each.days for each in sequence.steps if each.id != step.id])
    audit.record(
        "sequence.move_step", by=by, customer_id=sequence.customer_id, subject=sequence, step_id=step.id,
        before=f"{step.days} {step.hour}:00", after=f"{days} {hour}:00",
    )  # fmt: skip
    step.days, step.hour = days, hour
    db.session.flush()
    db.session.refresh(sequence, ["all_steps"])
    place_anew(sequence)


def remove_step(step: SequenceStep, *, by: int) -> None:
    """Take a step out: who waits for it waits for the next one. What it sent stays in the report."""
    sequence = db.session.get_one(Sequence, step.sequence_id, populate_existing=True, with_for_update=True)
    audit.record("sequence.remove_step", by=by, customer_id=sequence.customer_id, subject=sequence, step_id=step.id)
    if sequence.started_at is None:
        _delete_step(step)
        db.session.refresh(sequence, ["all_steps"])
        return
    step.removed_at = clock.now()
    note_in_use(step.mailing, "")
    place_anew(sequence)


def _delete_step(step: SequenceStep) -> None:
    mailing = step.mailing
    db.session.delete(step)
    db.session.flush()
    db.session.delete(mailing)
    db.session.flush()


def _check(sequence: Sequence, days: int, others: Collection[int]) -> None:
    if fault := rules.step_fault(sequence.kind, sequence.every_year, days, list(others)):
        raise Misplaced(fault)


def use(step: SequenceStep, *, by: int | None) -> None:
    """Have the draft's texts sent from now on, to whoever the step is due for later."""
    mailing = step.mailing
    first = not step.live_version
    step.live = {name: getattr(mailing, name) for name in TEXTS}
    step.live_version, step.live_at, step.wanted_version = mailing.version, clock.now(), None
    note_in_use(mailing, mailing.html if mailing.body_kind.has_html else "")
    sequence = db.session.get_one(Sequence, step.sequence_id)
    if sequence.started_at is not None:
        audit.record(
            "sequence.use_text", by=by, customer_id=step.customer_id, subject=sequence, step_id=step.id,
            version=mailing.version,
        )  # fmt: skip
    if first and sequence.started_at is not None:
        db.session.flush()
        place_anew(sequence)
