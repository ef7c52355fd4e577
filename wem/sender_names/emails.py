"""What the customer's people are told by mail about a name that they asked for."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale, gettext

from wem.accounts.models import Account
from wem.outbox import SystemMail
from wem.sender_names.models import SenderName
from wem.sender_names.rules import NameState
from wem.settings import settings

LIFETIME = timedelta(hours=24)


def about_decision(row: SenderName, person: Account, waiting: int, sequences: int) -> SystemMail:
    """Say in a person's language what we decided and why; of a withdrawn name, how many mailings wait under it and how
    many sequences send under it."""
    with force_locale(person.language):
        subject = {
            NameState.approved: gettext("Sender name approved: %(name)s", name=row.name),
            NameState.refused: gettext("Sender name not approved: %(name)s", name=row.name),
            NameState.withdrawn: gettext("Sender name no longer approved: %(name)s", name=row.name),
        }[row.state]
        values = {
            "name": person.name,
            "row": row,
            "waiting": waiting,
            "sequences": sequences,
            "url": f"{settings().PORTAL_URL.rstrip('/')}/settings/sender-names",
            "settings": settings(),
            "current_language": person.language,
        }
        return SystemMail(
            kind="sender_name_decided",
            recipient=person.email,
            subject=subject,
            text=render_template("emails/sender_names/decided.txt", **values),
            html=render_template("emails/sender_names/decided.html", **values),
            sender_name=f"WeM（{settings().PROVIDER_NAME}）",
            lifetime=LIFETIME,
        )
