"""What there is to do about letters, notices that came back, and maintenance today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.notices import letters, models
from wem.notices.models import Incident, Notice
from wem.notices.rules import NoticeState

SHOWN = 20
# After so many days a letter should be there, or back.
PATIENCE = timedelta(days=14)


@dataclass(frozen=True)
class NoticeWork:
    """Letters to print or post, letters in the post of which nobody has heard, what came back, maintenance of a day."""

    due: list[Notice]
    silent: list[Notice]
    came_back: list[Notice]
    windows: list[Incident]

    def __bool__(self) -> bool:
        return bool(self.due or self.silent or self.came_back or self.windows)


def notice_work(today: date) -> NoticeWork:
    """Return what there is to do on a day, the oldest first."""
    unsent = letters.waiting([NoticeState.waiting, NoticeState.printed])
    in_post = letters.waiting([NoticeState.sent])
    return NoticeWork(
        [each for each in unsent if each.due_on is None or each.due_on <= today][:SHOWN],
        [each for each in in_post if each.sent_at and each.sent_at.date() + PATIENCE <= today][:SHOWN],
        models.came_back(SHOWN),
        _windows(today),
    )


def _windows(today: date) -> list[Incident]:
    """Maintenance that begins today, is on, or should be over and is not closed."""
    midnight = datetime.combine(today + timedelta(days=1), time(), clock.JAPAN)
    found = sa.select(Incident).where(Incident.planned, Incident.closed_at.is_(None), Incident.begins_at < midnight)
    return list(db.session.scalars(found.order_by(Incident.begins_at).limit(SHOWN)))
