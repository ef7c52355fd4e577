"""Tells the customer's people what became of a mailing, each state once."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from wem import outbox
from wem.accounts.models import Account, Membership
from wem.accounts.rules import WRITERS
from wem.db import db
from wem.mailings import emails
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, MailingState
from wem.mailings.titles import Titles

log = logging.getLogger("wem.mailings")


def try_to_tell(mailing: Mailing) -> None:
    """Tell the customer's people; a mail that cannot be written must not keep the mailing from its state."""
    try:
        with db.session.begin_nested():
            tell_people(mailing)
    except Exception:
        log.exception("the people of mailing %s could not be told", mailing.id)


def tell_people(mailing: Mailing) -> int:
    """Put a mail about the mailing's present state into the outbox for each who works on it; returns how many.

    Each state is told once, however often and from wherever this is called; going on makes it tellable again. Call it
    in the transaction that changes the state.
    """
    db.session.flush()
    state = mailing.state if mailing.state in emails.TOLD else None
    if mailing.held_reason == HeldReason.review.value:
        state = None  # our staff decide, not the customer's people
    if mailing.sequence_id is not None and state is MailingState.done:
        state = None  # a sequence sends each day, for years
    before = Mailing.told_of.is_distinct_from(state)
    changed = db.session.execute(
        sa.update(Mailing)
        .where(Mailing.id == mailing.id, before)
        .values(told_of=state, changed_at=Mailing.changed_at)
        .execution_options(synchronize_session=False)
    )
    if state is None or not changed.rowcount:  # type: ignore[attr-defined]
        return 0
    told, title = people(mailing.customer_id), Titles(mailing.customer_id).of(mailing)
    for person in told:
        mail = emails.about_state(mailing, title, person)
        outbox.post(mail, customer_id=mailing.customer_id, about=f"mailing {mailing.id}")
    return len(told)


def tell_refused(mailing: Mailing, note: str) -> None:
    """Put a mail into the outbox for each who works on mailings: our staff sent this one back, and why."""
    title = Titles(mailing.customer_id).of(mailing)
    for person in people(mailing.customer_id):
        mail = emails.about_refusal(mailing, title, note, person)
        outbox.post(mail, customer_id=mailing.customer_id, about=f"mailing {mailing.id}")


def people(customer_id: int) -> list[Account]:
    """Return who of a customer is told what becomes of its mailings."""
    return list(
        db.session.scalars(
            sa.select(Account)
            .join(Membership, Membership.account_id == Account.id)
            .where(
                Membership.customer_id == customer_id,
                Membership.role.in_(WRITERS),
                Membership.told_of_mailings,
                Account.ended_at.is_(None),
            )
            .order_by(Account.id)
        )
    )
