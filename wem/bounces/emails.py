"""What the customer's people are told by mail about complaints; numbers, never a reader."""

from __future__ import annotations

from flask import render_template
from flask_babel import force_locale, format_decimal, gettext

from wem.accounts.models import Account
from wem.bounces.complaint_rules import WINDOW, Judgement, Standing
from wem.outbox import SystemMail
from wem.settings import settings

KINDS = {Judgement.warn: "complaints_warning", Judgement.hold: "complaints_hold"}


def about_complaints(share: Standing, person: Account) -> SystemMail:
    """Say in a person's language how many readers complained, what follows and what to do."""
    held = share.judgement is Judgement.hold
    with force_locale(person.language):
        subject = (
            gettext("Your mailings are held: many readers complained")
            if held
            else gettext("Please act: readers complain about your mailings")
        )
        values = {
            "name": person.name,
            "held": held,
            "complaints": share.complaints,
            "accepted": share.accepted,
            "percent": format_decimal(round(share.rate * 100, 2)),
            "days": WINDOW.days,
            "url": settings().PORTAL_URL.rstrip("/") + "/mailings",
            "settings": settings(),
            "current_language": person.language,
        }
        return SystemMail(
            kind=KINDS[share.judgement],
            recipient=person.email,
            subject=subject,
            text=render_template("emails/bounces/complaints.txt", **values),
            html=render_template("emails/bounces/complaints.html", **values),
            sender_name=f"WeM（{settings().PROVIDER_NAME}）",
        )
