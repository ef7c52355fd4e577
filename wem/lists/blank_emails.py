"""The answers to mails sent to a dedicated address (空メール): fixed where the law speaks, with room for own words.

Each names the sender and how to reach it (特定電子メール法 4条), says for what list and how to stop, and is marked as
written by a machine (RFC 3834).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from flask import current_app
from flask_babel import force_locale, gettext

from wem.lists.emails import SenderDetails
from wem.outbox import SystemMail
from wem.settings import settings

LIFETIME = timedelta(hours=24)
_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,240}>").fullmatch


class Answer(enum.StrEnum):
    """The answers that a customer can add own words to."""

    link = "link"
    already = "already"
    closed = "closed"
    stopped = "stopped"


@dataclass(frozen=True)
class Setting:
    """What all answers of a list share: the list, who sends, the way out by mail, the customer's own words."""

    list_name: str
    sender: SenderDetails
    way_out: str
    language: str = "ja"
    words: dict[str, str] = field(default_factory=dict)


def link(recipient: str, setting: Setting, notice: Sequence[str], url: str) -> SystemMail:
    """The link that ends a sign-up by mail, good for 24 hours; with the notice of Art. 17-2."""
    with force_locale(setting.language):
        subject = gettext("Please complete your registration: %(sender)s", sender=setting.sender.name)
        return _mail(Answer.link, recipient, subject, setting, notice=notice, url=url)


def already(recipient: str, setting: Setting, preferences: str) -> SystemMail:
    """Says to who is on the list that nothing needs doing, with the way out."""
    with force_locale(setting.language):
        subject = gettext("You are registered already: %(sender)s", sender=setting.sender.name)
        return _mail(Answer.already, recipient, subject, setting, preferences=preferences)


def closed(recipient: str, setting: Setting) -> SystemMail:
    """Says that the list takes no sign-ups at present."""
    with force_locale(setting.language):
        subject = gettext("Registration is closed: %(sender)s", sender=setting.sender.name)
        return _mail(Answer.closed, recipient, subject, setting)


def stopped(recipient: str, setting: Setting, *, was_on: bool, preferences: str) -> SystemMail:
    """Says that the list has stopped; `preferences` only for who is on another list still."""
    with force_locale(setting.language):
        subject = gettext("Mails have been stopped: %(sender)s", sender=setting.sender.name)
        return _mail(Answer.stopped, recipient, subject, setting, was_on=was_on, preferences=preferences)


def in_answer_to(mail: SystemMail, message_id: str) -> SystemMail:
    """Return the mail with the headers of an automatic answer to the mail with this Message-ID (RFC 3834 3.1)."""
    headers = {"Auto-Submitted": "auto-replied"}
    if _ID(message_id):
        headers |= {"In-Reply-To": message_id, "References": message_id}
    return replace(mail, headers=headers)


def _mail(answer: Answer, recipient: str, subject: str, setting: Setting, **values: object) -> SystemMail:
    # The environment itself, not render_template: these mails are also made by jobs, without a request.
    values |= {
        "sender": setting.sender,
        "settings": settings(),
        "current_language": setting.language,
        "subject": subject,
        "lists": [setting.list_name],
        "words": [line for line in setting.words.get(answer.value, "").splitlines() if line.strip()],
        "way_out": setting.way_out,
    }
    text, html = (
        current_app.jinja_env.get_template(f"emails/lists/blank_{answer.value}.{kind}").render(**values)
        for kind in ("txt", "html")
    )
    return SystemMail(
        kind=KINDS[answer],
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        sender_name=setting.sender.name,
        lifetime=LIFETIME,
    )


KINDS = {
    Answer.link: "reader_blank_link",
    Answer.already: "reader_blank_already",
    Answer.closed: "reader_blank_closed",
    Answer.stopped: "reader_blank_stopped",
}
