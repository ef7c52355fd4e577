"""What the customer's people are told by mail about their mailings: done, held, stopped, failed."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import render_template
from flask_babel import force_locale, gettext

from wem import outbox
from wem.accounts.models import Account, Membership
from wem.accounts.rules import WRITERS
from wem.db import db
from wem.delivery.progress import progress
from wem.mailings.models import Mailing, MailingState
from wem.mailings.wording import held_text
from wem.outbox import SystemMail
from wem.settings import settings

LIFETIME = timedelta(hours=24)
# The states of which people are told, each with its template.
TOLD = {
    MailingState.done: "done",
    MailingState.held: "held",
    MailingState.cancelled: "stopped",
    MailingState.failed: "failed",
}


def tell_people(mailing: Mailing) -> int:
    """Put a mail about the mailing's present state into the outbox for each who works on it; returns how many.

    Each state is told once, however often and from wherever this is called; going on makes it tellable again. Call it
    in the transaction that changes the state.
    """
    db.session.flush()
    state = mailing.state if mailing.state in TOLD else None
    before = Mailing.told_of.is_distinct_from(state)
    changed = db.session.execute(
        sa.update(Mailing)
        .where(Mailing.id == mailing.id, before)
        .values(told_of=state, changed_at=Mailing.changed_at)
        .execution_options(synchronize_session=False)
    )
    if state is None or not changed.rowcount:  # type: ignore[attr-defined]
        return 0
    people = _people(mailing.customer_id)
    for person in people:
        mail = about_state(mailing, person)
        outbox.post(mail, customer_id=mailing.customer_id, about=f"mailing {mailing.id}")
    return len(people)


def about_state(mailing: Mailing, person: Account) -> SystemMail:
    """Say in a person's language what became of a mailing, with the numbers and the page; no reader's address."""
    name = TOLD[mailing.state]
    with force_locale(person.language):
        title = mailing.name or mailing.subject or gettext("(no subject)")
        subject = {
            "done": gettext("Sending is finished: %(subject)s", subject=title),
            "held": gettext("Held, please decide: %(subject)s", subject=title),
            "stopped": gettext("Sending was stopped: %(subject)s", subject=title),
            "failed": gettext("Sending failed: %(subject)s", subject=title),
        }[name]
        page = f"/mailings/{mailing.id}/report" if name in ("done", "stopped") else f"/mailings/{mailing.id}"
        values = {
            "name": person.name,
            "mailing": mailing,
            "title": title,
            "progress": progress(mailing.id),
            "reason": held_text(mailing.held_reason),
            "url": settings().PORTAL_URL.rstrip("/") + page,
            "settings": settings(),
            "current_language": person.language,
        }
        return SystemMail(
            kind=f"mailing_{name}",
            recipient=person.email,
            subject=subject,
            text=render_template(f"emails/mailings/{name}.txt", **values),
            html=render_template(f"emails/mailings/{name}.html", **values),
            sender_name=f"WeM（{settings().PROVIDER_NAME}）",
            lifetime=LIFETIME,
        )


def _people(customer_id: int) -> list[Account]:
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
