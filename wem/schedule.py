"""The timetable: each periodic job and its time, in one screen; every job may run twice or late without harm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock, queue
from wem.db import Base, db, insert_ignoring

# A ring further in the future than clocks may differ was made by a clock that has been set back since.
SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Periodic:
    """A job and how often it is rung."""

    job: str
    queue: str
    every: timedelta


TIMETABLE = (
    Periodic("wem.delivery.jobs.drain_outbox", queue.HI, timedelta(seconds=10)),
    Periodic("wem.delivery.jobs.sweep", queue.SEND, timedelta(seconds=10)),
    Periodic("wem.delivery.jobs.look_up_providers", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.mailings.jobs.start_due", queue.WORK, timedelta(seconds=10)),
    Periodic("wem.mailings.jobs.sweep", queue.WORK, timedelta(seconds=15)),
    Periodic("wem.mailings.jobs.follow_maintenance", queue.WORK, timedelta(seconds=10)),
    Periodic("wem.mailings.jobs.erase_old_replies", queue.WORK, timedelta(hours=1)),
    Periodic("wem.domains.jobs.check_due", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.mailings.jobs.follow_domains", queue.WORK, timedelta(minutes=1)),
    # The day begins at 0:00 in Japan; permissions follow the dates themselves, this writes down what has come.
    Periodic("wem.contracts.jobs.apply_due", queue.WORK, timedelta(minutes=5)),
    Periodic("wem.lists.jobs.sweep_uploads", queue.WORK, timedelta(seconds=15)),
    Periodic("wem.lists.jobs.erase_expired", queue.WORK, timedelta(minutes=5)),
    Periodic("wem.lists.jobs.erase_unnamed_files", queue.WORK, timedelta(hours=1)),
    Periodic("wem.inbound.jobs.sweep", queue.INBOUND, timedelta(seconds=15)),
    Periodic("wem.inbound.jobs.poll_imap", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.inbound.jobs.adopt_files", queue.WORK, timedelta(hours=1)),
    Periodic("wem.inbound.jobs.erase_old", queue.WORK, timedelta(hours=1)),
    Periodic("wem.accounts.jobs.forget_old", queue.WORK, timedelta(hours=1)),
    Periodic("wem.inquiries.jobs.tidy", queue.WORK, timedelta(hours=1)),
    Periodic("wem.bounces.jobs.follow_refusals", queue.INBOUND, timedelta(seconds=15)),
    Periodic("wem.bounces.jobs.watch_postponed", queue.INBOUND, timedelta(minutes=1)),
    Periodic("wem.bounces.jobs.judge_all_complaints", queue.WORK, timedelta(minutes=5)),
    Periodic("wem.bounces.jobs.review_removals", queue.WORK, timedelta(minutes=10)),
    Periodic("wem.bounces.jobs.forget_old", queue.WORK, timedelta(hours=1)),
    Periodic("wem.billing.jobs.end_mandates", queue.WORK, timedelta(hours=1)),
    Periodic("wem.contracts.jobs.remind_of_first_fees", queue.WORK, timedelta(hours=1)),
    Periodic("wem.contracts.jobs.forget_drafts", queue.WORK, timedelta(hours=1)),
    Periodic("wem.notices.jobs.follow_mails", queue.WORK, timedelta(seconds=15)),
    Periodic("wem.notices.jobs.keep_documents", queue.WORK, timedelta(minutes=5)),
    Periodic("wem.contracts.jobs.follow_refusals", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.cases.jobs.forget_reports", queue.WORK, timedelta(hours=1)),
    Periodic("wem.cases.jobs.sweep", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.operating.jobs.sweep", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.privacy.jobs.sweep", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.privacy.jobs.forget_old", queue.WORK, timedelta(hours=1)),
    Periodic("wem.tracking.jobs.roll_up", queue.WORK, timedelta(seconds=15)),
    Periodic("wem.tracking.jobs.forget_old", queue.WORK, timedelta(hours=1)),
)


class TimetableRun(Base):
    """When a periodic job was rung last; moved on by whoever rings, so that two timetables ring once."""

    __tablename__ = "timetable_run"

    job: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    rung_at: Mapped[datetime]


def ring_due(at: datetime) -> list[str]:
    """Ring what is due at a moment and return its names; safe beside a second timetable."""
    rung = []
    for periodic in TIMETABLE:
        db.session.execute(
            insert_ignoring(TimetableRun).values(job=periodic.job, rung_at=datetime.fromtimestamp(0, clock.JAPAN))
        )
        taken = db.session.execute(
            sa.update(TimetableRun)
            .where(
                TimetableRun.job == periodic.job,
                sa.or_(TimetableRun.rung_at <= at - periodic.every, TimetableRun.rung_at > at + SKEW),
            )
            .values(rung_at=at)
        )
        db.session.commit()
        if taken.rowcount:  # type: ignore[attr-defined]
            queue.ring_now(periodic.queue, periodic.job)
            rung.append(periodic.job)
    return rung
