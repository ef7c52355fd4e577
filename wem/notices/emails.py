"""A notice as a mail: the words that are kept, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale, gettext

from wem.notices.models import Notice
from wem.outbox import SystemMail
from wem.settings import settings

LIFETIME = timedelta(days=2)


def closing(terms_version: int | None) -> list[str]:
    """Return what stands below a document of the contract: terms, law and court (Art. 24, 25-2)."""
    if terms_version is None:
        return []
    with force_locale("ja"):
        return [
            gettext("This notice is given under the WeM terms of service, version %(version)s.", version=terms_version),
            gettext("Japanese law applies; disputes are heard by the Tokyo District Court, Tachikawa Branch."),
        ]


def plain(name: str, number: str, words: dict[str, object], footer: list[str]) -> str:
    """Return a notice as plain text."""
    with force_locale("ja"):
        return render_template("emails/notices/notice.txt", name=name, number=number, words=words, footer=footer)


def mail(notice: Notice, footer: list[str], files: tuple[tuple[str, str], ...] = ()) -> SystemMail:
    """Return the mail of a notice whose text is written already."""
    with force_locale("ja"):
        name = f"{notice.to_name} {notice.to_honorific}"
        return SystemMail(
            kind="notice",
            recipient=notice.to_email,
            subject=f"【WeM】{notice.title}",
            text=notice.text,
            html=render_template(
                "emails/notices/notice.html",
                name=name,
                number=notice.number,
                words=notice.words,
                footer=footer,
                ours=settings().PORTAL_URL,
            ),
            sender_name=f"WeM（{settings().PROVIDER_NAME}）",
            reply_to=settings().SUPPORT_EMAIL,
            lifetime=LIFETIME,
            files=files,
        )
