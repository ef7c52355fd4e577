"""Writes hits down after the answer has left: a reader never waits for counting."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from wem import clock, queue
from wem.db import db, patience_seconds
from wem.settings import settings
from wem.tracking.models import Hit
from wem.tracking.rules import agent_of, network_of

# So long a hit waits for a busy database. Then it is kept in memory and goes in with the next one of this process.
WAIT_MILLISECONDS = 250
MOST_KEPT = 10_000
RING_SECONDS = 1.0
# While Redis is away the timetable's ring is enough.
RING_AGAIN_SECONDS = 30.0
log = logging.getLogger("wem.tracking")


def write_down(dispatch_id: int, seq: int, number: int, *, address: str | None, agent: str) -> bool:
    """Add a hit, and those that are still kept; False when the database was busy. Has its own transaction."""
    kept = _kept()
    rows = [
        *_emptied(kept),
        {
            "dispatch_id": dispatch_id,
            "seq": seq,
            "number": number,
            "at": clock.now(),
            "network": network_of(address),
            "agent": agent_of(agent),
            "counted": False,
        },
    ]
    try:
        with _impatient() as connection:
            connection.execute(sa.insert(Hit.__table__), rows)  # type: ignore[arg-type]
            connection.commit()
    except SQLAlchemyError as error:  # also when no connection is free
        kept.extend(rows)
        log.warning("%s hits wait in memory: %s", len(kept), getattr(error, "orig", type(error).__name__))
        return False
    return True


def announce() -> None:
    """Have the hits counted soon; at most once a second, for each ring is a round to Redis."""
    now, ring_from = time.monotonic(), current_app.extensions.get("wem.hits_ring_from", 0.0)
    if now >= ring_from:
        current_app.extensions["wem.hits_ring_from"] = now + RING_SECONDS
        if not queue.ring_now(queue.WORK, "wem.tracking.jobs.roll_up"):
            current_app.extensions["wem.hits_ring_from"] = time.monotonic() + RING_AGAIN_SECONDS


def _kept() -> deque[dict[str, Any]]:
    kept: deque[dict[str, Any]] = current_app.extensions.setdefault("wem.hits_kept", deque(maxlen=MOST_KEPT))
    return kept


def _emptied(kept: deque[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    while True:
        try:
            yield kept.popleft()
        except IndexError:  # another thread may empty it too
            return


@contextmanager
def _impatient() -> Iterator[Connection]:
    """Give a connection that waits a quarter of a second for others and not at all for the disk.

    A count of the last moment may be lost with the power; what others write is as safe as ever.
    """
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            limit = f"{WAIT_MILLISECONDS}ms"
            connection.execute(
                sa.select(
                    sa.func.set_config("lock_timeout", limit, True),
                    sa.func.set_config("statement_timeout", limit, True),
                    sa.func.set_config("synchronous_commit", "off", True),
                )
            )
            yield connection
            return
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA synchronous=NORMAL")
        patience = patience_seconds.set(WAIT_MILLISECONDS / 1000)
        try:
            yield connection
        finally:
            patience_seconds.reset(patience)
            connection.rollback()
            driver.execute(f"PRAGMA synchronous={settings().SQLITE_SYNCHRONOUS}")
