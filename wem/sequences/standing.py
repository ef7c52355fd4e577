"""Whether a sequence may send now: what makes it wait by itself, and what holds it until its customer decides."""

from __future__ import annotations

import sqlalchemy as sa

from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.db import db
from wem.lists.takedown_models import Takedown, TakenDown
from wem.mailings import controlling as mailings
from wem.mailings import maintenance
from wem.mailings.models import Mailing, held_by_staff
from wem.mailings.states import HeldReason
from wem.sender_names.asking import not_approved
from wem.sequences.leaving import FieldLost, SegmentLost, askable
from wem.sequences.models import Sequence


def waits(sequence: Sequence) -> bool:
    """Return whether nothing is sent for now and the sequence goes on by itself: announced maintenance (13-1)."""
    return maintenance.window_now(sequence.customer_id) is not None


def forbidden(sequence: Sequence) -> HeldReason | None:
    """Return why the customer has to decide before anything more of it is sent; None when it may go on."""
    if not customer_may(sequence.customer_id, Use.send):
        return mailings.forbidden_by(sequence.customer_id)
    if held_by_staff(sequence.customer_id):
        return HeldReason.complaints
    if _taken_down(sequence):
        return HeldReason.staff
    if sequence.mailing_list.archived_at is not None:
        return HeldReason.problems
    live = {step.live.get("sender_name_id") for step in sequence.used}
    if not_approved(sequence.customer_id, live):
        return HeldReason.sender_name
    try:
        askable(sequence)
    except SegmentLost:
        return HeldReason.segment
    except FieldLost:
        return HeldReason.problems
    return None


def _taken_down(sequence: Sequence) -> bool:
    """Return whether our staff have taken down one of its mails, as it was written or as it was sent."""
    down = sa.exists().where(
        Takedown.customer_id == sequence.customer_id,
        Takedown.kind == TakenDown.mailing,
        Takedown.lifted_at.is_(None),
        Mailing.id == Takedown.target_id,
        Mailing.sequence_id == sequence.id,
    )
    return bool(db.session.scalar(sa.select(down)))
