"""The queues and how work gets into them: rung after the commit, lost without harm."""

from __future__ import annotations

import logging
import re
import threading
from typing import Any

import redis
from flask import current_app, has_request_context
from rq import Queue
from rq.exceptions import DuplicateJobError
from sqlalchemy import event
from sqlalchemy.orm import Session

from wem.db import db
from wem.settings import settings

HI = "hi"  # the outbox: confirmations, passwords
SEND = "send"  # customers' mailings
INBOUND = "inbound"  # mail that we receive
WORK = "work"  # uploads, expansion, counting, erasure
QUEUES = (HI, SEND, INBOUND, WORK)
JOB_SECONDS = 120  # a job takes at most 55 s; what takes longer hangs

log = logging.getLogger("wem.queue")

# Set in a worker's job when its worker was told to stop: long jobs look, and end at the next safe point. They do not
# wait for it: a signal sets it in the main thread, which would stand still for ever when it came in the midst of that.
stopping = threading.Event()


def connection() -> redis.Redis:
    """Return the application's connection to Redis; short patience, because Redis may be gone."""
    kept: redis.Redis | None = current_app.extensions.get("wem.redis")
    if kept is None:
        kept = redis.Redis.from_url(settings().redis_url, socket_connect_timeout=1, socket_timeout=5)
        current_app.extensions["wem.redis"] = kept
    return kept


def ring(queue: str, job: str, *ids: int | str) -> None:
    """Have `job` (a dotted name) called with these ids by a worker of `queue` once this transaction is committed.

    The same ring twice is one job while it waits. A ring that Redis loses is made again by the timetable's sweep.
    """
    if queue not in QUEUES:
        raise ValueError(f"no such queue: {queue}")
    db.session.info.setdefault("rings", {})[(queue, job, ids)] = None


def ring_now(queue: str, job: str, *ids: int | str, first: bool = False) -> bool:
    """Put the job into the queue at once, before all that waits if it is to be the first; False when Redis does not
    answer."""
    job_id = re.sub(r"[^A-Za-z0-9_-]", "-", "_".join(map(str, (job.removeprefix("wem."), *ids))))
    # Two places: while one job runs, and may have looked already, a second can wait to look again.
    for place in ("a", "b"):
        try:
            Queue(queue, connection=connection(), serializer="json").enqueue(
                job,
                *ids,
                job_id=f"{job_id}-{place}",
                unique=True,
                result_ttl=0,
                failure_ttl=0,
                job_timeout=JOB_SECONDS,
                at_front=first,
            )
        except DuplicateJobError:
            continue
        except redis.RedisError as error:
            log.warning("Redis did not take %s: %s; the sweep will ring again", job_id, error)
            return False
        break
    return True


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    # Fires for released savepoints too; their work is not durable yet.
    if session.in_nested_transaction():
        return
    rings: dict[Any, None] = session.info.pop("rings", {})
    # Before a page somebody sits who waits. Thirty chores of the timetable kept a mailing from starting for a minute on
    # a busy machine. What jobs ring themselves goes behind: turn by turn a large upload would keep all others waiting.
    somebody_waits = has_request_context()
    for queue, job, ids in rings:
        ring_now(queue, job, *ids, first=somebody_waits and queue == WORK)


@event.listens_for(Session, "after_soft_rollback")
def _rolled_back(session: Session, previous: Any) -> None:
    # An undone savepoint leaves what was rung before it; what it rang itself finds nothing to do.
    if not previous.nested:
        session.info.pop("rings", None)
