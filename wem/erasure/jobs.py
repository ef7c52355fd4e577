"""The work of erasure: what is due begins, what runs goes on, the log is written, what is too old is forgotten."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import sqlalchemy as sa

from wem import clock, queue
from wem.db import db, let_others_write
from wem.erasure import applicants, backing_up, erasing, log_writing, planning, subjects, unnamed, unowned
from wem.erasure.models import Erasure, is_held
from wem.erasure.rules import ErasureState

SLICE = timedelta(seconds=40)
SECONDS = 20.0
log = logging.getLogger("wem.erasure")


def sweep() -> None:
    """Begin the phases that are due and ring for those that run."""
    last = 0
    while found := planning.ended(last):
        for contract in found:
            last = contract.id
            planning.begin_due(contract, clock.now())
            db.session.commit()
        let_others_write()
    running = sa.select(Erasure.id).where(Erasure.state == ErasureState.running, ~is_held(Erasure.customer_id))
    for id in db.session.scalars(running.order_by(Erasure.id)).all():
        queue.ring(queue.WORK, "wem.erasure.jobs.erase", id)
    db.session.commit()


def erase(erasure_id: int) -> None:
    """Go on with one phase, as far as one slice goes; each piece is committed, and none begun once staff hold it."""
    until = clock.now() + SLICE
    row = _taken(erasure_id)
    if row is None:
        db.session.rollback()
        return
    for _ in erasing.pieces(row):
        db.session.commit()
        let_others_write()
        if row.state is ErasureState.running and (clock.now() >= until or queue.stopping.is_set()):
            queue.ring_now(queue.WORK, "wem.erasure.jobs.erase", erasure_id)
            return
        if _taken(erasure_id) is None:
            break
    db.session.commit()


def _taken(erasure_id: int) -> Erasure | None:
    """Return the row, locked while a piece is done (a second worker waits, and then finds it done); None when it is
    done, or staff hold it."""
    found = sa.select(Erasure).where(
        Erasure.id == erasure_id, Erasure.state == ErasureState.running, ~is_held(Erasure.customer_id)
    )
    return db.session.scalar(found.with_for_update(), execution_options={"populate_existing": True})


def write_log() -> None:
    """Write down, outside the database, who has left since the last time, what was numbered, and that we live."""
    log_writing.note_life()
    log_writing.note_money()
    db.session.commit()
    until = time.monotonic() + SECONDS
    while log_writing.note_readers() and time.monotonic() < until:
        db.session.commit()
        let_others_write()
    db.session.commit()


def forget_old() -> None:
    """Forget replies of who had everything deleted, refused applicants, payments of nobody, old proof of consent, old
    lines of the log."""
    until = time.monotonic() + SECONDS
    while subjects.forget_conversations() and time.monotonic() < until:
        db.session.commit()
        let_others_write()
    while applicants.forget_refused() and time.monotonic() < until:
        db.session.commit()
        let_others_write()
    while unowned.forget_payments() and time.monotonic() < until:
        db.session.commit()
        let_others_write()
    over = False
    while not over and time.monotonic() < until:
        _, over = subjects.forget_consent()
        db.session.commit()
        let_others_write()
    db.session.commit()
    log_writing.forget_old()


def forget_backups() -> None:
    """Delete the backups that are past their age, whoever made the last one and whenever that was (A-23)."""
    folder = backing_up.kept_in()
    if folder is None or not folder.is_dir():
        return  # staff see it on the page of erasures
    gone = backing_up.forget_old(folder)
    if gone:
        log.info("deleted %s backups that were past their age", len(gone))


def erase_unnamed_files() -> None:
    """Erase the files of documents, cases and terminations that no row names."""
    erased = unnamed.erase_unnamed()
    if erased:
        log.info("erased %s files that no row names", erased)
