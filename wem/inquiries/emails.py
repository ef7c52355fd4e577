"""Mails of the help desk to whoever asked: the receipt, an answer, the question whether an order is the customer's."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale, gettext

from wem import tokens
from wem.inquiries.models import Inquiry
from wem.mailings.reply_rules import answer_subject
from wem.outbox import SystemMail
from wem.settings import settings
from wem.tokens import Purpose

LIFETIME = timedelta(hours=48)
CONFIRM_LIFETIME = timedelta(days=7)


def receipt(inquiry: Inquiry, reply_to: str, in_reply_to: str) -> SystemMail:
    """Says once that a mail was taken in, under which number, and by when an answer is to be expected (Art. 23-1)."""
    with force_locale(inquiry.language):
        subject = gettext("[%(number)s] We have received your inquiry", number=inquiry.number)
        text, html = _rendered("receipt", inquiry)
    # A machine's answer to a mail (RFC 3834): nothing answers it in turn.
    return SystemMail(
        kind="inquiry_receipt",
        recipient=inquiry.address,
        subject=subject,
        text=text,
        html=html,
        sender_name=settings().PROVIDER_NAME,
        reply_to=reply_to,
        lifetime=LIFETIME,
        headers={"Auto-Submitted": "auto-replied", **_threaded(in_reply_to, in_reply_to)},
    )


def answer(
    inquiry: Inquiry,
    recipient: str,
    text: str,
    reply_to: str,
    in_reply_to: str,
    references: str,
    *,
    files: tuple[tuple[str, str], ...] = (),
    on_portal: bool = False,
) -> SystemMail:
    """What a member of staff wrote, with files by their keys; an answer to it comes into the same thread.

    `on_portal`: files that are too large for a mail are to be fetched there.
    """
    with force_locale(inquiry.language):
        url = f"{settings().PORTAL_URL.rstrip('/')}/inquiries/{inquiry.id}"
        subject = answer_subject(f"[{inquiry.number}] {inquiry.subject}")
        plain, html = _rendered("answer", inquiry, written=text.splitlines(), url=url if on_portal else "")
    # A person wrote it (RFC 3834 section 5).
    return SystemMail(
        files=files,
        kind="inquiry_answer",
        recipient=recipient,
        subject=subject,
        text=plain,
        html=html,
        sender_name=settings().PROVIDER_NAME,
        reply_to=reply_to,
        lifetime=LIFETIME,
        headers={"Auto-Submitted": "no", **_threaded(in_reply_to, references)},
    )


def confirmation(inquiry: Inquiry, recipient: str) -> SystemMail:
    """Asks the registered address whether an order that came by mail is the customer's; the link is good for a week."""
    with force_locale("ja"):
        url = settings().PORTAL_URL.rstrip("/") + "/inquiries/confirm/" + tokens.sign(Purpose.order, inquiry.id)
        subject = gettext("[%(number)s] Is this order yours?", number=inquiry.number)
        text, html = _rendered("confirmation", inquiry, url=url)
    return SystemMail(
        kind="inquiry_confirmation",
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        sender_name=settings().PROVIDER_NAME,
        reply_to=settings().SUPPORT_EMAIL,
        lifetime=CONFIRM_LIFETIME,
    )


def _rendered(template: str, inquiry: Inquiry, **values: object) -> tuple[str, str]:
    given = {"settings": settings(), "current_language": inquiry.language, "inquiry": inquiry, **values}
    text, html = (render_template(f"emails/inquiries/{template}.{kind}", **given) for kind in ("txt", "html"))
    return text, html


def _threaded(in_reply_to: str, references: str) -> dict[str, str]:
    found = {"In-Reply-To": in_reply_to, "References": references}
    return {name: value for name, value in found.items() if value}
