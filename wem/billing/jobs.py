"""The work of billing: dry runs and closes in slices, first and last accounts, notices of invoices, their documents."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import sqlalchemy as sa

from wem import clock, queue
from wem.billing import (
    closing,
    debit_answering,
    drafting,
    final,
    first_invoices,
    first_payments,
    issuing,
    mandate_ending,
    moved_starts,
    papers,
    telling,
)
from wem.billing.debit_models import DebitRun
from wem.billing.invoice_models import Invoice
from wem.billing.month_models import MonthClose
from wem.billing.rules import CloseState
from wem.contracts.application_models import Application
from wem.contracts.models import Contract
from wem.db import db, let_others_write

SLICE = timedelta(seconds=40)
# A piece of a notice or a document is slower than one of an invoice; others wait in the same queue.
SHORT_SLICE = timedelta(seconds=15)
log = logging.getLogger("wem.billing")
JOBS = {CloseState.drafting: "wem.billing.jobs.draft_month", CloseState.running: "wem.billing.jobs.close_month"}


def draft_month() -> None:
    """Work out the dry run that waits, as far as one slice goes."""
    _go_on(CloseState.drafting, drafting.pieces)


def close_month() -> None:
    """Close the month that was begun, as far as one slice goes; each piece is committed."""
    _go_on(CloseState.running, closing.pieces)


def _go_on(state: CloseState, pieces: Callable[[MonthClose], Iterator[object]]) -> None:
    until, close = clock.now() + SLICE, _locked(state)
    if close is None:
        db.session.rollback()
        return
    for _ in pieces(close):
        db.session.commit()
        let_others_write()
        if clock.now() >= until or queue.stopping.is_set():
            queue.ring_now(queue.WORK, JOBS[state])
            return
        _locked(state)
    db.session.commit()


def _locked(state: CloseState) -> MonthClose | None:
    """Hold the row while a piece is done: a second worker waits, and then finds it done."""
    found = sa.select(MonthClose).where(MonthClose.state == state).order_by(MonthClose.month).limit(1)
    return db.session.scalar(found.with_for_update(), execution_options={"populate_existing": True})


def sweep() -> None:
    """Ring again for dry runs, closes and banks' answers that a lost queue or a killed worker left."""
    found = sa.select(MonthClose.state).where(MonthClose.state.in_(tuple(JOBS))).distinct()
    for state in db.session.scalars(found):
        queue.ring(queue.WORK, JOBS[state])
    for run_id in debit_answering.waiting():
        queue.ring(queue.WORK, "wem.billing.jobs.carry_out_answer", run_id)
    db.session.commit()


def carry_out_answer(run_id: int) -> None:
    """Do what follows from a bank's answer to a debit file, all of it or nothing."""
    run = db.session.get(DebitRun, run_id, with_for_update=True, populate_existing=True)
    if run is not None:
        debit_answering.carry_out(run)
    db.session.commit()


def follow_contracts() -> None:
    """Give contracts what came in for their applications; make first invoices and the last accounts of those that are
    over (4-1, 14-3, 15-2); let first fees follow a corrected start date (4-4), and take returns off that waited for the
    bank's answer.
    """
    _each(first_payments.waiting(), lambda id: first_payments.hand_over(db.session.get_one(Application, id)))
    _each(first_invoices.waiting(), lambda id: first_invoices.account(db.session.get_one(Application, id)))
    _each(moved_starts.waiting(), lambda id: moved_starts.follow(db.session.get_one(Contract, id)))
    _each(issuing.waiting_credits(), lambda id: issuing.set_off(db.session.get_one(Invoice, id)))
    _each(final.waiting(), lambda id: final.account(db.session.get_one(Contract, id)))


def tell() -> None:
    """Tell customers of invoices that they were not told of, as far as one slice goes."""
    _each(_portions(telling.untold), telling.tell_of)


def keep_documents() -> None:
    """Keep the documents of invoices as they are given out."""
    _each(_portions(papers.unkept), papers.keep)


def _portions(ids: Callable[[int], list[int]]) -> Iterator[int]:
    until, last = clock.now() + SHORT_SLICE, 0
    while clock.now() < until and (found := ids(last)):
        for id in found:
            last = id
            yield id


def _each(ids: Iterable[int], act: Callable[[int], object]) -> None:
    for id in ids:
        try:
            act(id)
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("billing failed for %s; it is tried again", id)
        let_others_write()


def end_mandates() -> None:
    """Stop the mandates of contracts that ended and owe nothing any more (15-2)."""
    mandate_ending.end_mandates(clock.today())
    db.session.commit()
