"""The receipt of a report of abuse: nothing in it was typed by a person, for anybody can type any address."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale, gettext

from wem.outbox import SystemMail
from wem.settings import settings

LIFETIME = timedelta(hours=24)


def receipt(recipient: str, number: str) -> SystemMail:
    """Say that a report has come, under which number, and that there may be no answer (Art. 19-4)."""
    with force_locale("ja"):
        values = {"settings": settings(), "current_language": "ja", "number": number}
        return SystemMail(
            kind="report_receipt",
            recipient=recipient,
            subject=gettext("We have received your report (no. %(number)s)", number=number),
            text=render_template("emails/cases/receipt.txt", **values),
            html=render_template("emails/cases/receipt.html", **values),
            sender_name=settings().PROVIDER_NAME,
            lifetime=LIFETIME,
        )
