"""What the customer's people are told by mail about their mailings: done, held, stopped, failed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import render_template
from flask_babel import force_locale, gettext

from wem.accounts.models import Account
from wem.delivery.progress import progress
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, MailingState
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


def about_state(mailing: Mailing, title: str, person: Account) -> SystemMail:
    """Say in a person's language what became of a mailing, with the numbers and the page; no reader's address."""
    name = TOLD[mailing.state]
    by_itself = mailing.held_reason == HeldReason.maintenance.value
    with force_locale(person.language):
        subject = {
            "done": gettext("Sending complete: %(subject)s", subject=title),
            "held": gettext("On hold during maintenance: %(subject)s", subject=title)
            if by_itself
            else gettext("On hold, action needed: %(subject)s", subject=title),
            "stopped": gettext("Sending was stopped: %(subject)s", subject=title),
            "failed": gettext("Sending failed: %(subject)s", subject=title),
        }[name]
        page = f"/mailings/{mailing.id}/report" if name in ("done", "stopped") else f"/mailings/{mailing.id}"
        values = {
            "name": person.name,
            "mailing": mailing,
            "title": title,
            "progress": progress(mailing.id),
            "by_itself": by_itself,
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


def about_refusal(mailing: Mailing, title: str, note: str, person: Account) -> SystemMail:
    """Say in a person's language that our staff did not let a mailing go, and why."""
    with force_locale(person.language):
        values: dict[str, Any] = {
            "name": person.name,
            "title": title,
            "note": note,
            "url": f"{settings().PORTAL_URL.rstrip('/')}/mailings/{mailing.id}",
            "settings": settings(),
            "current_language": person.language,
        }
        return SystemMail(
            kind="mailing_refused",
            recipient=person.email,
            subject=gettext("Not approved, changes needed: %(subject)s", subject=title),
            text=render_template("emails/mailings/refused.txt", **values),
            html=render_template("emails/mailings/refused.html", **values),
            sender_name=f"WeM（{settings().PROVIDER_NAME}）",
            lifetime=LIFETIME,
        )
