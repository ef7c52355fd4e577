"""Letters: printed, posted, there or back; what was posted is kept as it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import audit, clock, documents
from wem.db import db
from wem.notices.models import Notice
from wem.notices.rules import Channel, NoticeAction, NoticeState
from wem.notices.telling import footer_of
from wem.notices.wording import DOCUMENTS
from wem.settings import settings

OPEN = (NoticeState.waiting, NoticeState.printed, NoticeState.sent)


def waiting(states: Iterable[NoticeState] = OPEN, most: int = 200) -> list[Notice]:
    """Return the letters in these states, those due first."""
    return list(
        db.session.scalars(
            sa.select(Notice)
            .where(Notice.channel == Channel.letter, Notice.state.in_(list(states)))
            .order_by(Notice.due_on, Notice.id)
            .limit(most)
        )
    )


def pdf(letters: Sequence[Notice]) -> bytes:
    """Return the letters as one PDF, each on pages of its own. Raises documents.NotMade."""
    with force_locale("ja"):
        title = str(DOCUMENTS[letters[0].kind]) if len(letters) == 1 else gettext("Notices")
        data = {"title": title, "letters": [_letter(each) for each in letters]}
    return documents.pdf("notices/letter.typ", data)


def _letter(notice: Notice) -> dict[str, Any]:
    provider = settings()
    on = notice.created_at
    return {
        "to": {
            "name": notice.to_name,
            "honorific": notice.to_honorific,
            "postal_code": notice.to_postal_code,
            "address": notice.to_address,
        },
        "day": f"{on.year}年{on.month}月{on.day}日",
        "number": notice.number,
        "sender": {
            "name": provider.PROVIDER_NAME,
            "lines": [f"〒{provider.PROVIDER_POSTAL_CODE}", provider.PROVIDER_ADDRESS, provider.SUPPORT_EMAIL],
        },
        "document": str(DOCUMENTS[notice.kind]),
        "title": notice.title,
        "before": notice.words["before"],
        "facts": notice.words["facts"],
        "after": notice.words["after"],
        "closing": footer_of(notice),
    }


def keep(notice: Notice, content: bytes | None = None) -> None:
    """Keep the document of a notice as it is sent, once. Raises documents.NotMade."""
    if notice.document is None:
        notice.document = documents.keep(
            content or pdf([notice]),
            f"{notice.number}.pdf",
            about=f"notice {notice.id}",
            customer_id=notice.customer_id,
        )


def mark_printed(letters: Iterable[Notice], *, by: int) -> None:
    """Keep each letter as it is printed, and note that it is. Raises documents.NotMade, rules.IllegalMove."""
    for notice in letters:
        notice.move(NoticeAction.print, clock.now())
        keep(notice)
        audit.record("notice.print", by=by, customer_id=notice.customer_id, subject=notice)


def mark_posted(notice: Notice, on: date, *, by: int) -> None:
    """Note the day on which a printed letter went into the post. Raises rules.IllegalMove."""
    notice.move(NoticeAction.send, _moment(on))
    audit.record("notice.post", by=by, customer_id=notice.customer_id, subject=notice, day=on.isoformat())


def mark_reached(notice: Notice, on: date, *, by: int) -> None:
    """Note the day on which a letter was there, by the post's word or the customer's. Raises rules.IllegalMove."""
    notice.move(NoticeAction.reach, _moment(on))
    audit.record("notice.reach", by=by, customer_id=notice.customer_id, subject=notice, day=on.isoformat())


def mark_returned(notice: Notice, on: date, *, by: int) -> None:
    """Note that the post brought a letter back. Raises rules.IllegalMove."""
    notice.move(NoticeAction.fail, _moment(on))
    audit.record("notice.return", by=by, customer_id=notice.customer_id, subject=notice, day=on.isoformat())


def _moment(on: date) -> datetime:
    """Return noon of the day: nobody knows the hour of a letter."""
    return datetime.combine(on, time(12), clock.JAPAN)
