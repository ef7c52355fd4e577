"""How the machinery is at this moment: queues and workers in Redis, work and its age in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
import sqlalchemy as sa
from rq import Queue, Worker

from wem import clock, queue
from wem.accounts.models import Customer
from wem.db import Moment, db
from wem.delivery.models import Batch, BatchState, Dispatch, DispatchKind, DispatchState
from wem.lists.states import UploadState
from wem.lists.upload_models import Upload
from wem.outbox import OutboxMail, OutboxState

MOVING_UPLOADS = (
    UploadState.received,
    UploadState.reading,
    UploadState.checked,
    UploadState.waiting,
    UploadState.applying,
    UploadState.undoing,
)
OPEN_DISPATCHES = (
    DispatchState.preparing,
    DispatchState.waiting,
    DispatchState.sending,
    DispatchState.resting,
    DispatchState.pausing,
    DispatchState.paused,
    DispatchState.cancelling,
    DispatchState.held,
)
SHOWN = 20
# The timetable knows the domains; from here only its table is read.
TIMETABLE_RUN = sa.table("timetable_run", sa.column("rung_at", Moment()))
# A worker signs on again and again; the timetable rings every ten seconds.
TIMETABLE_LATE = timedelta(minutes=2)
OUTBOX_LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Line:
    """One queue: jobs that wait, jobs in hand, workers alive."""

    name: str
    waiting: int
    running: int
    workers: int


def queues() -> list[Line] | None:
    """Return the queues as Redis has them; None when Redis does not answer."""
    try:
        connection = queue.connection()
        alive = [set(worker.queue_names()) for worker in Worker.all(connection=connection)]
        return [
            Line(
                name,
                (found := Queue(name, connection=connection, serializer="json")).count,
                found.started_job_registry.count,
                sum(name in names for names in alive),
            )
            for name in queue.QUEUES
        ]
    except redis.RedisError:
        return None


def batches() -> dict[str, int]:
    """Return how many batches are ready, leased, and leased beyond their time."""
    at = clock.now()

    def counted(*conditions: Any) -> int:
        return db.session.scalar(sa.select(sa.func.count()).select_from(Batch).where(*conditions)) or 0

    return {
        "ready": counted(Batch.state == BatchState.ready),
        "leased": counted(Batch.state == BatchState.leased, Batch.lease_until >= at),
        "expired": counted(Batch.state == BatchState.leased, Batch.lease_until < at),
    }


def outbox() -> dict[str, Any]:
    """Return how many of the service's own mails wait, and since when the oldest that is due does."""
    due = sa.and_(OutboxMail.state == OutboxState.waiting, OutboxMail.not_before <= clock.now())
    waiting = db.session.scalar(
        sa.select(sa.func.count()).select_from(OutboxMail).where(OutboxMail.state == OutboxState.waiting)
    )
    oldest: datetime | None = db.session.scalar(sa.select(sa.func.min(OutboxMail.created_at)).where(due))
    return {"waiting": waiting or 0, "oldest": oldest, "late": is_late(oldest, OUTBOX_LATE)}


def is_late(since: datetime | None, patience: timedelta) -> bool:
    """Return whether something waits for longer than it should."""
    return since is not None and clock.now() - since > patience


def timetable() -> dict[str, Any]:
    """Return when the timetable rang last, and whether that is too long ago."""
    rung: datetime | None = db.session.scalar(sa.select(sa.func.max(TIMETABLE_RUN.c.rung_at)))
    return {"rung": rung, "late": rung is None or is_late(rung, TIMETABLE_LATE)}


def dispatches() -> list[tuple[Dispatch, str]]:
    """Return mailings on their way with their customers' names, those served last first."""
    found = db.session.execute(
        sa.select(Dispatch, Customer.name)
        .join(Customer, Customer.id == Dispatch.customer_id)
        .where(Dispatch.state.in_(OPEN_DISPATCHES), Dispatch.kind == DispatchKind.bulk)
        .order_by(Dispatch.touched_at.desc())
        .limit(SHOWN)
    )
    return [(dispatch, name) for dispatch, name in found]


def uploads() -> list[tuple[Upload, str]]:
    """Return uploads on their way with their customers' names, newest first."""
    found = db.session.execute(
        sa.select(Upload, Customer.name)
        .join(Customer, Customer.id == Upload.customer_id)
        .where(Upload.state.in_(MOVING_UPLOADS))
        .order_by(Upload.id.desc())
        .limit(SHOWN)
    )
    return [(upload, name) for upload, name in found]
