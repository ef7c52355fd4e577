"""Writes the log of erasures, outside the database and its backups: a restored backup is erased anew by it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from wem import clock
from wem.contracts.models import Stop
from wem.db import db
from wem.erasure.log_rules import Line, needed, read
from wem.erasure.models import Erasure, ErasurePlace
from wem.lists.models import Subscription
from wem.lists.registering import LIVE
from wem.settings import settings

PLACE = "stops"
AT_ONCE = 1_000
# On PostgreSQL a lower number may become visible after a higher one, for as long as a transaction may last.
SETTLED = timedelta(minutes=2)
# Beyond the age of the oldest backup.
SPARE_DAYS = 7


def path() -> Path:
    """Return where the log is: by the setting, best on another disk than database and backups."""
    config = settings()
    return Path(config.ERASURE_LOG) if config.ERASURE_LOG else config.var / "erasures.log"


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes from writing the log meanwhile."""
    path().parent.mkdir(parents=True, exist_ok=True)
    with open(path().with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def append(lines: Iterable[Line]) -> None:
    """Add lines durably."""
    text = "".join(f"{line.written()}\n" for line in lines)
    if not text:
        return
    with _alone(), open(path(), "a+b") as file:
        # What a crash cut short must not run into what comes now.
        if file.tell() and not _ends_well(file.fileno(), file.tell()):
            file.write(b"\n")
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _ends_well(descriptor: int, size: int) -> bool:
    return os.pread(descriptor, 1, size - 1) == b"\n"


def lines() -> list[Line]:
    """Return the log. Raises ValueError when it is none."""
    if not path().exists():
        return []
    return list(read(path().read_text("utf-8").splitlines()))


def note_phase(row: Erasure) -> None:
    """Write down that a phase of a customer's data is erased."""
    append([Line(clock.now(), row.customer_id, phase=row.phase.value)])


def note_readers() -> int:
    """Write down which readers have left something or all since the last call; returns how many stops it saw.

    Every way out writes a stop (`contracts.models.Stop`). The caller commits.
    """
    place = db.session.get(ErasurePlace, PLACE, with_for_update=True)
    if place is None:
        place = ErasurePlace(name=PLACE, number=0)
        db.session.add(place)
    found = db.session.execute(
        sa.select(Stop.id, Stop.at, Stop.customer_id, Stop.subscriber_id)
        .where(Stop.id > place.number, Stop.at <= clock.now() - SETTLED)
        .order_by(Stop.id)
        .limit(AT_ONCE)
    ).all()
    if not found:
        return 0
    readers = {row.subscriber_id for row in found if row.subscriber_id is not None}
    on: dict[int, list[int]] = {reader: [] for reader in readers}
    left = sa.select(Subscription.subscriber_id, Subscription.list_id).where(
        Subscription.subscriber_id.in_(readers), Subscription.state.in_(LIVE)
    )
    for reader, list_id in db.session.execute(left):
        on[reader].append(list_id)
    append(
        Line(row.at, row.customer_id, reader=row.subscriber_id, on=tuple(sorted(on[row.subscriber_id])))
        for row in found
        if row.subscriber_id is not None
    )
    place.number = found[-1].id
    return len(found)


def forget_old() -> int:
    """Take out of the log what every backup that may be restored knows; returns how many lines."""
    with _alone():
        known = lines()
        kept = needed(known, clock.now(), int(settings().BACKUP_DAYS) + SPARE_DAYS)
        if len(kept) < len(known):
            fresh = path().with_suffix(".new")
            with open(fresh, "wb") as file:
                file.write("".join(f"{line.written()}\n" for line in kept).encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path())
    return len(known) - len(kept)
