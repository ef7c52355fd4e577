"""A customer's answer to a reader who wrote: the person's own mail is what it answers."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app
from flask_babel import force_locale

from wem.lists.senders import Sender
from wem.outbox import SystemMail
from wem.settings import settings

LIFETIME = timedelta(hours=48)


def answer(
    recipient: str,
    subject: str,
    text: str,
    sender: Sender,
    reply_to: str,
    message_id: str,
    language: str,
    *,
    revealed: bool,
) -> SystemMail:
    """What a person of the customer wrote to a reader; the next reply comes into the same conversation."""
    values = {
        "sender": sender,
        "settings": settings(),
        "current_language": language,
        "subject": subject,
        "revealed": revealed,
        "written": text.splitlines(),
    }
    with force_locale(language):
        plain, html = (
            current_app.jinja_env.get_template(f"emails/mailings/answer.{kind}").render(**values)
            for kind in ("txt", "html")
        )
    # A person wrote it (RFC 3834 section 5); that other mails of ours say otherwise is the rule.
    headers = {"Auto-Submitted": "no"}
    if message_id:
        headers |= {"In-Reply-To": message_id, "References": message_id}
    return SystemMail(
        kind="reader_answer",
        recipient=recipient,
        subject=subject,
        text=plain,
        html=html,
        sender_name=sender.name,
        reply_to=reply_to,
        lifetime=LIFETIME,
        headers=headers,
    )
