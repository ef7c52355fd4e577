"""The right to work on an upload: a lease that each chunk renews, so that two jobs at once do the work of one."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.db import ROOMY_LOG_PAGES, db
from wem.lists.states import UploadState
from wem.lists.upload_models import Upload

# Longer than any chunk; a killed worker's upload goes on after this time.
LEASE = timedelta(seconds=60)
SLOW = 0.4  # seconds
WORKING = (UploadState.reading, UploadState.applying, UploadState.undoing)


class Lost(Exception):
    """The upload is no longer ours to work on: discarded, or taken over after our lease ran out. Roll back."""


@dataclass(frozen=True)
class Turn:
    """Our lease on an upload in one state."""

    upload_id: int
    customer_id: int
    state: UploadState
    fence: int


def take(upload_id: int, state: UploadState) -> Turn | None:
    """Take the lease on an upload that is in this state; None when another job has it or the contract stands still.

    The caller commits before it works.
    """
    _write_log_back_seldom()
    upload = db.session.get(Upload, upload_id)
    if upload is None or not customer_may(upload.customer_id, Use.upload):
        return None
    at = clock.now()
    fence = upload.fence + 1
    taken = db.session.execute(
        sa.update(Upload)
        .where(
            Upload.id == upload_id,
            Upload.state == state,
            Upload.fence == upload.fence,
            sa.or_(Upload.lease_until.is_(None), Upload.lease_until < at),
        )
        .values(owner=f"{socket.gethostname()}:{os.getpid()}"[:64], lease_until=at + LEASE, fence=fence)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        return None
    return Turn(upload_id, upload.customer_id, state, fence)


def _write_log_back_seldom() -> None:
    """Write SQLite's log back before anybody else has to, but not too often: most pages change in every chunk."""
    if db.engine.dialect.name == "sqlite":
        db.session.connection().exec_driver_sql(f"PRAGMA wal_autocheckpoint={ROOMY_LOG_PAGES}")


def advance(turn: Turn, **values: Any) -> None:
    """Renew the lease and write what this chunk changed, in the chunk's transaction; raises Lost.

    Comes first in the transaction: it holds the upload's row until the commit.
    """
    values.setdefault("lease_until", clock.now() + LEASE)
    held = db.session.execute(
        sa.update(Upload)
        .where(Upload.id == turn.upload_id, Upload.fence == turn.fence, Upload.state == turn.state)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not held.rowcount:  # type: ignore[attr-defined]
        raise Lost


def add(turn: Turn, **by: int) -> None:
    """Add to the upload's counts, in the chunk's transaction; raises Lost."""
    advance(turn, **{name: getattr(Upload, name) + number for name, number in by.items() if number})


def leave(turn: Turn, **values: Any) -> None:
    """Give the lease back after work that got on, with the next state if it is done; raises Lost."""
    advance(turn, **{"lease_until": None, "owner": None, "problem": "", **values})


def pause(turn: Turn, until: datetime, problem: str) -> None:
    """Give the lease back; nobody goes on before this moment. Raises Lost."""
    advance(turn, lease_until=until, owner=None, problem=problem)


def paced(rows: int, seconds: float, most: int) -> int:
    """Return how many rows the next chunk has when one of `rows` took so long: on SQLite others wait for each."""
    if seconds > SLOW:
        return max(rows // 2, most // 10)
    return min(rows * 2, most) if seconds < SLOW / 3 else rows


def waiting_for_work() -> list[tuple[int, UploadState]]:
    """Return the uploads that a lost queue or a killed worker left behind and that may go on."""
    rows = db.session.execute(
        sa.select(Upload.id, Upload.state, Upload.customer_id)
        .where(Upload.state.in_(WORKING), sa.or_(Upload.lease_until.is_(None), Upload.lease_until < clock.now()))
        .order_by(Upload.id)
        .limit(100)
    ).all()
    return [(id, state) for id, state, customer_id in rows if customer_may(customer_id, Use.upload)]
