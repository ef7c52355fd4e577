"""`bin/wem restore`: brings a backup back and erases anew what was erased since, by the log outside (A-23)."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from wem import clock
from wem.billing import debiting
from wem.billing.debit_models import DebitRun
from wem.billing.debit_rules import RunState
from wem.billing.invoice_models import InvoiceCounter
from wem.contracts.models import Contract
from wem.contracts.stop_models import LEFT_BY_US
from wem.db import db
from wem.delivery import controlling
from wem.delivery.models import Dispatch
from wem.erasure import backup_rules, dumping, erasing, log_rules, log_writing, planning
from wem.erasure.backing_up import FILES, MANIFEST
from wem.erasure.backup_rules import Manifest
from wem.erasure.log_rules import Line
from wem.erasure.models import Erasure
from wem.erasure.rules import ErasureState, Phase
from wem.lists import leaving, registering
from wem.lists.states import SuppressionReason
from wem.lists.subscription_models import Subscriber
from wem.outbox import OutboxMail, OutboxState
from wem.settings import settings

# These say no for every list of the customer.
EVERYTHING = (SuppressionReason.everything, SuppressionReason.complaint, SuppressionReason.removed)


class Refused(Exception):
    """The backup is not brought back; the message says why."""


def read_manifest(path: Path) -> Manifest:
    """Return what a backup says of itself. Raises Refused for a file that is none, for another database, too old."""
    try:
        with tarfile.open(path) as tar:
            member = tar.extractfile(MANIFEST)
            manifest = Manifest(**json.load(member)) if member else None
    except (OSError, KeyError, TypeError, ValueError, tarfile.TarError) as error:
        raise Refused(f"{path} is no backup of WeM, or cut short: {error}") from error
    if manifest is None or manifest.form != backup_rules.FORM:
        raise Refused(f"{path} has a form that this version does not know")
    if manifest.database != db.engine.dialect.name:
        raise Refused(f"it holds a database of {manifest.database}, and DATABASE_URL is of {db.engine.dialect.name}")
    if backup_rules.over(manifest.moment, int(settings().BACKUP_DAYS), clock.now()):
        raise Refused(f"it is older than {settings().BACKUP_DAYS} days; what was erased since is no longer on record")
    return manifest


def check_log(manifest: Manifest) -> None:
    """Refuse a backup whose erasures since the log cannot tell, before anything is lost. Raises Refused, ValueError."""
    lacking = log_rules.lacks(log_writing.lines(), manifest.moment, clock.now())
    if lacking:
        raise Refused(
            f"log of erasures {log_writing.path()}: {lacking}. Without it who was erased since the backup is back. "
            "Put the newest log in its place; if it is lost, --without-log brings back what there is"
        )


def bring_back(path: Path, *, without_log: bool = False) -> Manifest:
    """Put database and files of a backup in the place of the present ones. Raises Refused, dumping.Failed.

    `without_log`: somebody knows that what was erased since the backup comes back, as far as the log does not tell.
    """
    manifest = read_manifest(path)
    root = settings().var
    root.mkdir(parents=True, exist_ok=True)
    if not without_log:
        check_log(manifest)
    # It must be readable before anything is lost.
    log_writing.lines()
    with tempfile.TemporaryDirectory(dir=root, prefix=".restore-") as work, tarfile.open(path) as tar:
        _unpack(tar, Path(work))
        dumping.bring_back(Path(work) / dumping.file_name())
        before, fresh = root / "files", Path(work) / FILES
        if before.exists():
            shutil.rmtree(before)
        if fresh.exists():
            fresh.replace(before)
    return manifest


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    """Unpack files and folders, and nothing that would lie outside; raises Refused."""
    for member in tar.getmembers():
        inside = (folder / member.name).resolve().is_relative_to(folder.resolve())
        if not inside or not (member.isfile() or member.isdir()):
            raise Refused(f"it holds {member.name!r}, which no backup of WeM does")
    if hasattr(tarfile, "data_filter"):
        tar.extractall(folder, filter="data")
    else:
        # Debian 12 has Python 3.11.2, which knows no filters yet.
        tar.extractall(folder)


def stand_still() -> dict[str, int]:
    """Keep what may have been sent since the backup from going out twice; staff go on with it by hand.

    Mailings under way are paused, mails of the product that waited are withdrawn. The caller commits.
    """
    numbers: Counter[str] = Counter()
    for id in db.session.scalars(sa.select(Dispatch.id).where(Dispatch.finished_at.is_(None))).all():
        numbers["mailings"] += controlling.hold(id) is not None
    waiting = (OutboxState.waiting, OutboxState.leased)
    gone = db.session.execute(
        sa.delete(OutboxMail).where(OutboxMail.state.in_(waiting)).execution_options(synchronize_session=False)
    )
    numbers["mails"] = int(gone.rowcount)  # type: ignore[attr-defined]
    return dict(numbers)


def erase_anew(since: datetime) -> dict[str, int]:
    """Do again what the log says was erased since a moment; returns the numbers. Commits as it goes."""
    numbers: Counter[str] = Counter()
    known = [line for line in log_writing.lines() if line.at >= since]
    for line in log_rules.readers(known):
        numbers["reader"] += _reader(line)
    for line in known:
        if line.phase:
            numbers[line.phase] += _phase(line)
    return dict(numbers)


def carry_on() -> dict[str, int]:
    """Go on with the numbers of invoices where they were, and put files for the bank that the backup does not know in
    their place, for staff to look at; returns how many of each. The caller commits.
    """
    known, numbers = log_writing.lines(), Counter[str]()
    for year, last in log_rules.last_numbers(known).items():
        counter = db.session.get(InvoiceCounter, year)
        if counter is None:
            counter = InvoiceCounter(year=year, last=0)
            db.session.add(counter)
        numbers["invoices"] += max(last - counter.last, 0)
        counter.last = max(last, counter.last)
    for run in log_rules.runs(known):
        same = sa.select(DebitRun.id).where(
            sa.or_(
                DebitRun.made_at == run.made_at,
                sa.and_(DebitRun.debit_on == run.debit_on, DebitRun.state != RunState.withdrawn),
            )
        )
        if db.session.scalar(same.limit(1)) is None:
            debiting.note_lost(run.debit_on, run.count, run.amount, run.made_at, by=run.made_by)
            numbers["debits"] += 1
    return dict(numbers)


def _phase(line: Line) -> bool:
    last = sa.select(Contract).where(Contract.customer_id == line.customer).order_by(Contract.id.desc()).limit(1)
    contract = db.session.scalar(last)
    if contract is None:
        return False
    phase = Phase(line.phase)
    row = db.session.scalar(sa.select(Erasure).where(Erasure.contract_id == contract.id, Erasure.phase == phase))
    row = planning.reopened(row) if row else planning.begun(contract, phase, by=None)
    db.session.commit()
    for _ in erasing.pieces(row, tell=False):
        db.session.commit()
    db.session.commit()
    return row.state is ErasureState.done


def _reader(line: Line) -> bool:
    reader = db.session.get(Subscriber, line.reader)
    if reader is None or reader.customer_id != line.customer:
        return False
    held = registering.hold(reader.id)
    ended = [list_id for list_id in held.live() if list_id not in line.on] if held else []
    if not ended:
        db.session.commit()
        return False
    # As it was: a no to everything stays one, and what the customer tidied up was no refusal. Old lines say nothing.
    tidied = line.reason == LEFT_BY_US
    reason = None if tidied else SuppressionReason(line.reason or SuppressionReason.unsubscribed)
    if reason is not None and reason in EVERYTHING and not line.on:
        done = leaving.leave_everything(reader, reason)
    else:
        done = leaving.leave(reader, ended, reason)
    db.session.commit()
    return bool(done)
