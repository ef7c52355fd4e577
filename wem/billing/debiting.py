"""Debit files: making the one of a day once, handing it out, withdrawing it (6-1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from wem import audit, clock, vault
from wem.billing import debit_planning, debit_rules, zengin_rules
from wem.billing.debit_models import LOST, DebitEntry, DebitItem, DebitRun, live_runs
from wem.billing.debit_rules import ENTRY, DebitDay, EntryAction, EntryState, Outcome, RunAction, RunState
from wem.billing.zengin_rules import Collector, Debit
from wem.contracts import places
from wem.contracts.mandate_models import Mandate
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.settings import settings


class NoCollector(Exception):
    """The settings name no collector code: no bank would take the file."""


def make(day: DebitDay, *, by: int) -> DebitRun:
    """Return the run of a day of debit with its file, made now or before: asked for twice, it is the same.

    Raises Illegal when it is not its time, or with nothing to debit; NoCollector.
    """
    made = _live(day.debit_on)
    if made is not None:
        return made
    if lost_runs():
        raise Illegal("a file that was made before a restore waits for staff")
    if not day.may_be_made(clock.today()):
        raise Illegal("it is not its time, or the bank takes it no more")
    ours = debit_planning.collector()
    if settings().production and not ours.code.strip("0"):
        raise NoCollector
    found = debit_planning.plan(day, ours.joined)
    if not found.records:
        raise Illegal("nothing to debit")
    try:
        with db.session.begin_nested():
            return _made(found, ours, by)
    except IntegrityError:
        # Somebody else made it at the same moment.
        made = _live(day.debit_on)
        if made is None:
            raise
        return made


def _live(debit_on: date) -> DebitRun | None:
    return next((run for run in live_runs() if run.debit_on == debit_on), None)


def _made(found: debit_planning.Plan, ours: Collector, by: int) -> DebitRun:
    mandates = _mandates(each[0].candidate.mandate_id for each in found.records)
    known = _known([mandate.contract_id for mandate in mandates.values()])
    asked = _ever_asked([each.candidate.receivable_id for record in found.records for each in record])
    entries, debits = [], []
    for record in found.records:
        mandate = mandates[record[0].candidate.mandate_id]
        amount = sum(each.candidate.open for each in record)
        debit = _debit(mandate, amount, debit_rules.new_code(mandate.id, known.get(mandate.contract_id, [])))
        debits.append(debit)
        entries.append((record, mandate, debit))
    file = zengin_rules.request_file(ours, found.day.debit_on, debits)
    digest = hashlib.sha256(file).hexdigest()
    run = DebitRun(
        month=found.day.month,
        debit_on=found.day.debit_on,
        deadline=found.day.deadline,
        result_on=found.day.result_on,
        collector=ours.as_dict(),
        count=found.count,
        amount=found.amount,
        file_sealed=vault.seal(file, "debit file", digest),
        file_hash=digest,
        made_by=by,
    )
    db.session.add(run)
    db.session.flush()
    rows = [
        {
            "run_id": run.id,
            "place": place,
            "customer_id": mandate.customer_id,
            "contract_id": mandate.contract_id,
            "mandate_id": mandate.id,
            "number": debit.number,
            "amount": debit.amount,
            "new_code": debit.new_code,
            "state": EntryState.waiting,
            "code": "",
            "note": "",
        }
        for place, (_, mandate, debit) in enumerate(entries)
    ]
    db.session.execute(sa.insert(DebitEntry), rows)
    places_ = sa.select(DebitEntry.place, DebitEntry.id).where(DebitEntry.run_id == run.id)
    ids = {row.place: row.id for row in db.session.execute(places_)}
    items = [
        {
            "entry_id": ids[place],
            "receivable_id": each.candidate.receivable_id,
            "amount": each.candidate.open,
            "first": each.candidate.receivable_id not in asked,
        }
        for place, (record, _, _) in enumerate(entries)
        for each in record
    ]
    db.session.execute(sa.insert(DebitItem), items)
    audit.record("debit.make", by=by, subject=run, count=run.count, amount=run.amount, on_day=str(run.debit_on))
    return run


def _mandates(ids: Iterator[int | None]) -> dict[int | None, Mandate]:
    wanted = sorted(id for id in ids if id is not None)
    found: dict[int | None, Mandate] = {}
    for at in range(0, len(wanted), 500):
        part = sa.select(Mandate).where(Mandate.id.in_(wanted[at : at + 500]))
        found.update({row.id: row for row in db.session.scalars(part)})
    return found


def _debit(row: Mandate, amount: int, new_code: int) -> Debit:
    return Debit(
        number=debit_rules.customer_number(row.contract_id),
        bank_code=row.bank_code,
        bank=places.bank_kana().get(row.bank_code, ""),
        branch_code=row.branch_code,
        branch=places.branch_kana(row.bank_code).get(row.branch_code, ""),
        account_type=row.account_type,
        account=row.number,
        holder=row.account_holder,
        amount=amount,
        new_code=new_code,
    )


AT_ONCE = 500  # numbers in one query


def _known(contract_ids: list[int]) -> dict[int, list[int]]:
    """Return the mandates of these contracts by which the bank has answered, other than that it has none.

    Each mandate once, the newest answer last: that of years of debits is not read.
    """
    found: dict[int, list[int]] = {}
    newest = sa.func.max(DebitEntry.id)
    rows = (
        sa.select(DebitEntry.contract_id, DebitEntry.mandate_id)
        .where(DebitEntry.outcome.is_not(None), DebitEntry.outcome != Outcome.no_mandate)
        .group_by(DebitEntry.contract_id, DebitEntry.mandate_id)
        .order_by(newest)
    )
    for at in range(0, len(contract_ids), AT_ONCE):
        part = DebitEntry.contract_id.in_(contract_ids[at : at + AT_ONCE])
        for contract_id, mandate_id in db.session.execute(rows.where(part)):
            found.setdefault(contract_id, []).append(mandate_id)
    return found


def _ever_asked(receivable_ids: list[int]) -> set[int]:
    """Return which of these sums some file has asked for that was not withdrawn."""
    rows = sa.select(DebitItem.receivable_id).join(DebitEntry).where(DebitEntry.state != EntryState.withdrawn)
    found: set[int] = set()
    for at in range(0, len(receivable_ids), AT_ONCE):
        part = DebitItem.receivable_id.in_(receivable_ids[at : at + AT_ONCE])
        found.update(db.session.scalars(rows.where(part).distinct()))
    return found


def note_lost(debit_on: date, count: int, amount: int, made_at: datetime, *, by: int) -> DebitRun:
    """Return a run that stands for a file of which a restored backup knows nothing, and which the bank may have.

    Nobody can read its file or its debits: staff enter what the bank answers by hand, and withdraw it.
    """
    day = debit_planning.of_month(debit_on.replace(day=1))
    run = DebitRun(
        month=day.month,
        debit_on=debit_on,
        deadline=day.deadline,
        result_on=day.result_on,
        collector=debit_planning.collector().as_dict(),
        count=count,
        amount=amount,
        file_sealed=b"",
        file_hash=LOST,
        made_at=made_at,
        made_by=by,
    )
    db.session.add(run)
    db.session.flush()
    return run


def lost_runs() -> list[DebitRun]:
    """Return the files from before a restore that staff have not seen to."""
    return [run for run in live_runs() if run.lost and run.state is RunState.made]


def debits_of(run: DebitRun) -> list[Debit]:
    """Return the debits of a run as its file holds them, in its order. Raises vault.CannotOpen."""
    entries = db.session.scalars(sa.select(DebitEntry).where(DebitEntry.run_id == run.id).order_by(DebitEntry.place))
    rows = list(entries)
    mandates = _mandates(row.mandate_id for row in rows)
    return [replace(_debit(mandates[row.mandate_id], row.amount, row.new_code), number=row.number) for row in rows]


def fetch(run: DebitRun, *, by: int) -> bytes:
    """Return the file to be handed to the bank; that it was fetched is on record. Raises vault.CannotOpen."""
    file = run.file
    run.fetched_at = run.fetched_at or clock.now()
    audit.record("debit.fetch", by=by, subject=run)
    return file


def withdraw(run: DebitRun, note: str, *, by: int) -> None:
    """The file was not handed in: its sums are free for another one. Raises Illegal once the bank has answered."""
    run.take(RunAction.withdraw)
    run.withdrawn_at, run.withdrawn_by, run.note = clock.now(), by, note
    for entry in db.session.scalars(sa.select(DebitEntry).where(DebitEntry.run_id == run.id)):
        entry.take(EntryAction.withdraw, ENTRY)
    audit.record("debit.withdraw", by=by, subject=run, note=note)
