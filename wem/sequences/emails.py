"""What the customer's people are told by mail about their sequences: that one waits for their decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import render_template
from flask_babel import force_locale, gettext

from wem.accounts.models import Account
from wem.outbox import SystemMail
from wem.sequences.models import Sequence
from wem.sequences.wording import held_text
from wem.settings import settings

LIFETIME = timedelta(hours=24)


def held(sequence: Sequence, person: Account) -> SystemMail:
    """Say in a person's language that a sequence sends nothing for now, why, and where to decide."""
    with force_locale(person.language):
        values: dict[str, Any] = {
            "name": person.name,
            "title": sequence.name,
            "reason": held_text(sequence.held_reason),
            "progress": None,
            "tolerance": sequence.tolerance,
            "url": f"{settings().PORTAL_URL.rstrip('/')}/sequences/{sequence.id}",
            "settings": settings(),
            "current_language": person.language,
        }
        return SystemMail(
            kind="sequence_held",
            recipient=person.email,
            subject=gettext("Sequence on hold, action needed: %(title)s", title=sequence.name),
            text=render_template("emails/sequences/held.txt", **values),
            html=render_template("emails/sequences/held.html", **values),
            sender_name=f"WeM（{settings().PROVIDER_NAME}）",
            lifetime=LIFETIME,
        )
