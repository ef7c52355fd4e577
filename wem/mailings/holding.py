"""Holding all mailings of a customer until staff have decided; nothing of theirs starts or goes on meanwhile."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock
from wem.db import db, insert_ignoring
from wem.mailings import controlling, telling
from wem.mailings.models import Mailing, SendingHold, held_by_staff
from wem.mailings.states import HeldReason, MailingState, NotPossible


def hold_customer(customer_id: int) -> bool:
    """Let no mailing of the customer start or go on; False when it is so already. The caller commits.

    What is being sent is held by `hold_mailings`, mailing by mailing.
    """
    at = clock.now()
    db.session.execute(
        insert_ignoring(SendingHold).values(customer_id=customer_id, held_at=at, released_at=at, note="")
    )
    held = db.session.execute(
        sa.update(SendingHold)
        .where(SendingHold.customer_id == customer_id, SendingHold.released_at.is_not(None))
        .values(held_at=at, released_at=None, released_by=None, note="")
        .execution_options(synchronize_session=False)
    )
    if not held.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record("mailings.hold", by=None, customer_id=customer_id, reason=HeldReason.complaints.value)
    return True


def hold_mailings(customer_id: int) -> int:
    """Hold what the customer has scheduled or is sending, and tell its people; returns how many. Commits each."""
    numbers = db.session.scalars(
        sa.select(Mailing.id)
        .where(Mailing.customer_id == customer_id, Mailing.state.in_((MailingState.scheduled, MailingState.sending)))
        .order_by(Mailing.id)
    ).all()
    db.session.commit()
    held = 0
    for number in numbers:
        mailing = db.session.get_one(Mailing, number, populate_existing=True)
        try:
            if held_by_staff(customer_id):
                controlling.hold(mailing, HeldReason.complaints, by=None)
                telling.tell_people(mailing)
                held += 1
            db.session.commit()
        except NotPossible:
            db.session.rollback()  # it has ended, or somebody else has held it
    return held


def release_customer(customer_id: int, note: str, *, by: int) -> bool:
    """Let the customer send again; False when nothing is held. What was held waits for the customer's own decision."""
    released = db.session.execute(
        sa.update(SendingHold)
        .where(SendingHold.customer_id == customer_id, SendingHold.released_at.is_(None))
        .values(released_at=clock.now(), released_by=by, note=note)
        .execution_options(synchronize_session=False)
    )
    if not released.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record("mailings.release", by=by, customer_id=customer_id, note=note)
    return True
