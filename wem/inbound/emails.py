"""Staff's answer to somebody who wrote to the service: the person's own mail is what it answers."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale

from wem.outbox import SystemMail
from wem.settings import settings

LIFETIME = timedelta(hours=48)
LONGEST_SUBJECT = 200


def answer(recipient: str, subject: str, text: str, message_id: str) -> SystemMail:
    """What a member of staff wrote; an answer to it comes to the help desk."""
    values = {"settings": settings(), "current_language": "ja", "subject": subject, "written": text.splitlines()}
    with force_locale("ja"):
        plain, html = (render_template(f"emails/inbound/answer.{kind}", **values) for kind in ("txt", "html"))
    # A person wrote it (RFC 3834 section 5).
    headers = {"Auto-Submitted": "no"}
    if message_id:
        headers |= {"In-Reply-To": message_id, "References": message_id}
    return SystemMail(
        kind="inbound_answer",
        recipient=recipient,
        subject=answer_subject(subject),
        text=plain,
        html=html,
        sender_name=settings().PROVIDER_NAME,
        reply_to=settings().SUPPORT_EMAIL,
        lifetime=LIFETIME,
        headers=headers,
    )


def answer_subject(subject: str) -> str:
    """Return the subject of an answer: Re: once, however often it went to and fro."""
    bare = subject
    while bare[:3].lower() == "re:":
        bare = bare[3:].strip()
    return f"Re: {bare}"[:LONGEST_SUBJECT].strip()
