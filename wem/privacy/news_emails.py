"""Mail about services and campaigns to customers: with the way to stop and the items of 特定電子メール法 4条."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale

from wem import tokens
from wem.outbox import SystemMail
from wem.privacy.news_models import News
from wem.settings import settings
from wem.tokens import Purpose

LIFETIME = timedelta(days=2)


def stop_url(customer_id: int, number: int) -> str:
    """Return the link by which a customer stops mails of a purpose; good as long as our key is."""
    token = tokens.sign(Purpose.news_stop, customer_id, number)
    return f"{settings().PUBLIC_URL.rstrip('/')}/news-stop/{token}"


def news(row: News, recipient: str, name: str, customer_id: int) -> SystemMail:
    """Return one customer's mail; a mail program's own button stops it with one click (RFC 2369, 8058)."""
    url = stop_url(customer_id, row.purpose_id)
    values = {
        "settings": settings(),
        "current_language": "ja",
        "subject": row.subject,
        "name": name,
        "paragraphs": paragraphs(row.text),
        "url": url,
    }
    with force_locale("ja"):
        text, html = (render_template(f"emails/privacy/news.{kind}", **values) for kind in ("txt", "html"))
    # A person wrote it (RFC 3834 section 5).
    headers = {
        "Auto-Submitted": "no",
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return SystemMail(
        kind="customer_news",
        recipient=recipient,
        subject=row.subject,
        text=text,
        html=html,
        sender_name=settings().PROVIDER_NAME,
        reply_to=settings().SUPPORT_EMAIL,
        lifetime=LIFETIME,
        headers=headers,
    )


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text; an empty line begins a new one."""
    return [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
