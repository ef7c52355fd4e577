"""The timetable: each periodic job and its time, in one screen; every job may run twice or late without harm."""

from __future__ import annotations

import logging
import pkgutil
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from rq.timeouts import BaseTimeoutException
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock, queue
from wem.db import Base, db, insert_ignoring

# A ring further in the future than clocks may differ was made by a clock that has been set back since.
SKEW = timedelta(minutes=1)
# Most chores find nothing to do. A process for each of them took a fifth of a small machine, and kept what people wait
# for behind it: those of these queues are done together, one after the other.
TOGETHER = (queue.WORK, queue.INBOUND)
# How often their job is rung as long as one of them is due.
RINGS = timedelta(seconds=5)
# No further chore is begun in a job that is so many seconds old: one may take 55 itself.
SECONDS = 40.0

log = logging.getLogger("wem.schedule")


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
    Periodic("wem.mailings.jobs.follow_trials", queue.WORK, timedelta(seconds=10)),
    Periodic("wem.sequences.jobs.sweep", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.mailings.review_jobs.follow_reviews", queue.WORK, timedelta(seconds=60)),
    Periodic("wem.mailings.publishing_jobs.publish_sent", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.mailings.jobs.follow_maintenance", queue.WORK, timedelta(seconds=10)),
    Periodic("wem.mailings.jobs.erase_old_replies", queue.WORK, timedelta(hours=1)),
    Periodic("wem.mailings.image_jobs.make_images", queue.WORK, timedelta(seconds=15)),
    Periodic("wem.mailings.image_jobs.tidy_images", queue.WORK, timedelta(hours=1)),
    Periodic("wem.domains.jobs.check_due", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.mailings.jobs.follow_domains", queue.WORK, timedelta(minutes=1)),
    # The day begins at 0:00 in Japan; permissions follow the dates themselves, this writes down what has come.
    Periodic("wem.contracts.jobs.apply_due", queue.WORK, timedelta(minutes=5)),
    Periodic("wem.billing.jobs.follow_contracts", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.billing.jobs.sweep", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.billing.jobs.tell", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.billing.jobs.keep_documents", queue.WORK, timedelta(minutes=1)),
    # Whoever's count of the day is kept is left out: the first run after midnight counts all.
    Periodic("wem.lists.jobs.count_anew", queue.WORK, timedelta(minutes=10)),
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
    Periodic("wem.erasure.jobs.sweep", queue.WORK, timedelta(minutes=5)),
    Periodic("wem.erasure.jobs.write_log", queue.WORK, timedelta(minutes=1)),
    Periodic("wem.erasure.jobs.forget_old", queue.WORK, timedelta(hours=1)),
    Periodic("wem.erasure.jobs.forget_backups", queue.WORK, timedelta(hours=1)),
    Periodic("wem.erasure.jobs.erase_unnamed_files", queue.WORK, timedelta(hours=24)),
    Periodic("wem.tracking.jobs.roll_up", queue.WORK, timedelta(seconds=15)),
    Periodic("wem.tracking.jobs.forget_old", queue.WORK, timedelta(hours=1)),
)


class TimetableRun(Base):
    """When a periodic job was rung or begun last; moved on by whoever does, so that two timetables ring once."""

    __tablename__ = "timetable_run"

    job: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    rung_at: Mapped[datetime]


def ring_due(at: datetime) -> list[str]:
    """Ring what is due at a moment and return its names; safe beside a second timetable.

    What is done together is one job for its queue (`do_due`), rung again until all of it is begun.
    """
    rung = []
    due = _due(at)
    for name in TOGETHER:
        if any(periodic.queue == name for periodic in due) and _take(f"wem.schedule.do_due {name}", RINGS, at):
            queue.ring_now(name, "wem.schedule.do_due", name)
            rung.append(f"wem.schedule.do_due {name}")
    for periodic in due:
        if periodic.queue not in TOGETHER and _take(periodic.job, periodic.every, at):
            queue.ring_now(periodic.queue, periodic.job)
            rung.append(periodic.job)
    return rung


def do_due(name: str) -> list[str]:
    """Do the chores of a queue that are due, what waits longest first, and return their names; safe beside a second
    worker. A fault in one keeps no other from being done."""
    done, until = [], time.monotonic() + SECONDS
    for periodic in _due(clock.now()):
        if periodic.queue != name:
            continue
        if queue.stopping.is_set() or time.monotonic() > until:
            break
        if not _take(periodic.job, periodic.every, clock.now()):
            continue
        try:
            pkgutil.resolve_name(periodic.job)()
        except BaseTimeoutException:
            raise
        except Exception:
            log.exception("%s failed", periodic.job)
        finally:
            db.session.remove()
        done.append(periodic.job)
    return done


def _due(at: datetime) -> list[Periodic]:
    """Return what is due at a moment, what waits longest first."""
    rung = {run.job: run.rung_at for run in db.session.scalars(sa.select(TimetableRun))}
    db.session.rollback()
    never = datetime.fromtimestamp(0, clock.JAPAN)
    times = {periodic: rung.get(periodic.job, never) for periodic in TIMETABLE}
    due = [each for each, last in times.items() if last <= at - each.every or last > at + SKEW]
    return sorted(due, key=lambda periodic: times[periodic] + periodic.every)


def _take(job: str, every: timedelta, at: datetime) -> bool:
    """Write down that a job is rung or begun at a moment; False when somebody else was faster. Commits."""
    db.session.execute(insert_ignoring(TimetableRun).values(job=job, rung_at=datetime.fromtimestamp(0, clock.JAPAN)))
    last = TimetableRun.rung_at
    taken = db.session.execute(
        sa.update(TimetableRun)
        .where(TimetableRun.job == job, sa.or_(last <= at - every, last > at + SKEW))
        .values(rung_at=at)
    )
    db.session.commit()
    return bool(taken.rowcount)  # type: ignore[attr-defined]
