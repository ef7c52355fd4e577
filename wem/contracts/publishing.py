"""Makes a new version of terms, consent clauses or manual public (Art. 3-2, 3-3, 21-1, 民法 548条の4)."""

from __future__ import annotations

import hashlib
from datetime import date

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import audit, clock
from wem.contracts import date_rules
from wem.contracts.text_models import TextVersion
from wem.contracts.text_rules import FIRST, TextKind
from wem.contracts.wording import TEXT_KINDS
from wem.db import db
from wem.notices.models import Announcement
from wem.settings import settings


class TooSoon(ValueError):
    """The version would hold before it has been public for long enough (A-18)."""


def least_days() -> int:
    """Return for how many days a version that is worse for customers must be public before it holds."""
    return int(settings().ADVERSE_NOTICE_DAYS)


def publish(kind: TextKind, text: str, summary: str, effective_from: date, adverse: bool, *, by: int) -> TextVersion:
    """Return the new version, public from now on and announced; the caller commits. Raises TooSoon."""
    at = clock.now()
    if not date_rules.announced_in_time(at.date(), effective_from, adverse, least_days()):
        raise TooSoon
    last = db.session.scalar(sa.select(sa.func.max(TextVersion.number)).where(TextVersion.kind == kind)) or FIRST
    kept = text.replace("\r\n", "\n").strip() + "\n"
    version = TextVersion(
        kind=kind,
        number=last + 1,
        text=kept,
        sha256=hashlib.sha256(kept.encode()).hexdigest(),
        summary=summary,
        adverse=adverse,
        published_at=at,
        effective_from=effective_from,
        created_by=by,
    )
    db.session.add(version)
    with force_locale("ja"):
        title = gettext("New version %(number)s of: %(what)s", number=version.number, what=TEXT_KINDS[kind])
        day = f"{effective_from.year}年{effective_from.month}月{effective_from.day}日"
        body = gettext("It holds from %(day)s.", day=day) + f"\n\n{summary}"
    db.session.add(Announcement(title=title, body=body, published_at=at, created_by=by))
    db.session.flush()
    audit.record("text.publish", by=by, subject=version, text=kind.value, day=effective_from.isoformat())
    return version
