"""What follows when a mail of the product itself did not get there: it is noted, and never ends a contract."""

from __future__ import annotations

import re
from datetime import datetime

import sqlalchemy as sa

from wem.arriving import ArrivedMail, Fate
from wem.bounces.models import Unmatched
from wem.bounces.states import Kind, Reading, Reported, Severity
from wem.bounces.unmatched import keep
from wem.contracts import reaching, refusing
from wem.db import db
from wem.lists.expiring import end_early
from wem.notices import telling
from wem.notices.models import Notice
from wem.outbox import OutboxMail

ABOUT_SUBSCRIPTION = re.compile(r"subscription (\d+)")


def take(mail: ArrivedMail, told: Reported, outbox_id: int) -> Fate:
    """Note that a mail of the outbox came back, and do what follows. The caller commits."""
    row = db.session.get(OutboxMail, outbox_id)
    if row is None:
        return keep(mail, Reading(Kind.bounce, (told,)), Unmatched.gone)
    return Fate.taken if note(row, mail.received_at, told.severity is Severity.hard) else Fate.ignored


def note(row: OutboxMail, at: datetime, hard: bool) -> bool:
    """Write down that a mail did not arrive, once, and do what follows; False when it is on record already.

    `hard`: the address is dead, so nobody will ever confirm from there.
    """
    noted = db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.id == row.id, OutboxMail.not_arrived_at.is_(None))
        .values(not_arrived_at=at)
        .execution_options(synchronize_session=False)
    )
    if not noted.rowcount:  # type: ignore[attr-defined]
        return False
    telling.mark_not_arrived(row.id, at)
    db.session.refresh(row)
    about = ABOUT_SUBSCRIPTION.fullmatch(row.about or "")
    if about and hard:
        end_early(int(about[1]))
    reaching.judge(row)
    notice = db.session.scalar(sa.select(Notice).where(Notice.outbox_id == row.id))
    if notice is not None:
        refusing.follow_about(notice.about)
    return True
