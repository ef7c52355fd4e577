"""Writes the log of erasures, outside the database and its backups: a restored backup is erased anew by it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from wem import clock
from wem.billing.debit_models import DebitRun
from wem.billing.invoice_models import InvoiceCounter
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.erasure.log_rules import Line, Run, needed, read
from wem.erasure.models import Erasure, ErasurePlace
from wem.lists.registering import LIVE
from wem.lists.subscription_models import Subscription
from wem.settings import settings

PLACE, DAY, RUNS, WITHDRAWN = "stops", "log day", "debit runs", "debit runs withdrawn"
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
    """Return the log; nothing when there is none. Raises ValueError when it is something else."""
    if not path().exists():
        return []
    return list(read(path().read_text("utf-8").splitlines()))


def note_phase(row: Erasure) -> None:
    """Write down that a phase of a customer's data is erased."""
    append([Line(clock.now(), row.customer_id, phase=row.phase.value)])


def note_readers() -> int:
    """Write down which readers have left something or all since the last call; returns how many stops it saw.

    Every way out writes a stop (`contracts.stop_models.Stop`). The caller commits.
    """
    place = _place(PLACE)
    found = db.session.execute(
        sa.select(Stop.id, Stop.at, Stop.customer_id, Stop.subscriber_id, Stop.reason)
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
        Line(
            row.at,
            row.customer_id,
            reader=row.subscriber_id,
            on=tuple(sorted(on[row.subscriber_id])),
            reason=row.reason or "",
        )
        for row in found
        if row.subscriber_id is not None
    )
    place.number = found[-1].id
    return len(found)


def _place(name: str) -> ErasurePlace:
    place = db.session.get(ErasurePlace, name, with_for_update=True)
    if place is None:
        place = ErasurePlace(name=name, number=0)
        db.session.add(place)
    return place


def note_life() -> None:
    """Write a sign of life once a day, by which a restore knows a log that is not the newest. The caller commits."""
    place, day = _place(DAY), clock.today().toordinal()
    if place.number != day or not path().exists():
        append([Line(clock.now())])
        place.number = day


def note_money() -> None:
    """Write down the last numbers of invoices, and files for the bank that were made or withdrawn since the last call:
    a restored backup must give no number and ask for no debit a second time. The caller commits.
    """
    found = []
    for counter in db.session.scalars(sa.select(InvoiceCounter)):
        place = _place(f"invoices {counter.year}")
        if counter.last != place.number:
            found.append(Line(clock.now(), year=counter.year, last=counter.last))
            place.number = counter.last
    made, gone = _place(RUNS), _place(WITHDRAWN)
    since = datetime.fromtimestamp(gone.number, clock.JAPAN)
    news = sa.select(DebitRun).where(sa.or_(DebitRun.id > made.number, DebitRun.withdrawn_at > since))
    for run in db.session.scalars(news.order_by(DebitRun.id)):
        withdrawn = run.withdrawn_at
        known = Run(run.id, run.debit_on, run.count, run.amount, run.made_at, run.made_by, withdrawn is not None)
        found.append(Line(clock.now(), run=known))
        made.number = max(made.number, run.id)
        # The next second, for this one is not over; a line that stands twice does no harm.
        gone.number = max(gone.number, int(withdrawn.timestamp())) if withdrawn else gone.number
    append(found)


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
