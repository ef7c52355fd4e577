"""Carries out one phase of an erasure, piece by piece; cut short anywhere it goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from wem import audit, clock
from wem.billing.debit_models import DebitEntry, DebitRun
from wem.contracts.models import Contract
from wem.db import db
from wem.delivery import controlling
from wem.delivery.models import Dispatch
from wem.erasure import arrived, consent_record, log_writing, people, sweeping
from wem.erasure.models import Erasure
from wem.erasure.rules import ErasureState, Phase


def pieces(row: Erasure, *, tell: bool = True) -> Iterator[None]:
    """Do the next pieces of a phase; whoever iterates commits each. What was erased is written to the log at its end.

    `tell`: the customer gets the fixed part of the record of consent; not for what a restored backup brought back.
    """
    if row.phase is Phase.readers:
        if tell and row.document_id is None:
            yield from consent_record.give(row, db.session.get_one(Contract, row.contract_id))
            if row.document_id is None:
                return  # a part could not be set: the sweep comes again
        if not _stopped(row.customer_id):
            return  # a worker has some of it in hand: the sweep comes again
        for number in arrived.portions(row):
            row.add("inbound_mail", number)
            yield
        if arrived.waits(row):
            return
        for number in arrived.loose_inquiries(row.customer_id):
            row.add("inquiry", number)
            yield
    if row.phase is Phase.customer:
        people.adopt_papers(row.customer_id)
        blanked = people.blank(row.customer_id)
        if blanked:
            row.add_all(blanked)
            yield
    if row.phase is Phase.books:
        people.adopt_books(row.customer_id)
    for numbers in sweeping.portions(row.customer_id, row.phase):
        row.add_all(numbers)
        yield
    if row.phase is Phase.books:
        row.add("debit_run", _empty_runs())
    # Before the commit: what a crash in between leaves in the log is erased once more, and nothing is forgotten.
    log_writing.note_phase(row)
    row.state, row.finished_at = ErasureState.done, clock.now()
    audit.record(
        "erasure.finish", by=row.started_by, customer_id=row.customer_id, subject=row, phase=row.phase.value,
        deleted=row.rows, files=row.counts.get("files", 0),
    )  # fmt: skip
    yield


def _stopped(customer_id: int) -> bool:
    """End what is still to be sent; returns whether no worker has any of it in hand."""
    free = True
    found = sa.select(Dispatch.id).where(Dispatch.customer_id == customer_id, Dispatch.finished_at.is_(None))
    for id in db.session.scalars(found).all():
        try:
            dispatch = controlling.cancel(id)
        except controlling.CannotControl:
            continue
        free = free and not controlling.in_hand(dispatch)
    return free


def _empty_runs() -> int:
    """Delete the bank's files of which no debit is left; returns how many."""
    gone = db.session.execute(
        sa.delete(DebitRun)
        .where(DebitRun.id.not_in(sa.select(DebitEntry.run_id)))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
