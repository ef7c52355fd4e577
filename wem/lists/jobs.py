"""What workers do for lists: uploads in slices of some seconds, expiry, erasure."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

from wem import audit, clock, queue
from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.db import db, let_others_write, reading_only
from wem.lists import (
    blank_addresses,
    closing,
    expiring,
    forgetting,
    recounting,
    taking_mail,
    upload_applying,
    upload_checking,
    upload_ending,
    upload_erasing,
    upload_faults,
    upload_files,
    upload_steps,
    upload_undoing,
)
from wem.lists.problems import UnreadableFile
from wem.lists.states import UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.lists.upload_steps import Turn

# Then the next in the queue has its turn.
SLICE = timedelta(seconds=20)
GIVE_WAY_EVERY = timedelta(milliseconds=100)
FILE_GONE = "file_gone"
log = logging.getLogger("wem.lists")
JOBS = {
    UploadState.reading: "wem.lists.jobs.read_upload",
    UploadState.applying: "wem.lists.jobs.apply_upload",
    UploadState.undoing: "wem.lists.jobs.undo_upload",
}


def read_upload(upload_id: int) -> None:
    """Check an upload's file as far as one slice goes."""
    _work(upload_id, UploadState.reading, upload_checking.steps)


def apply_upload(upload_id: int) -> None:
    """Apply an upload as far as one slice goes."""
    upload = db.session.get(Upload, upload_id)
    if upload is None:
        return
    readers = upload.kind in (UploadKind.invitation, UploadKind.attested)
    _work(upload_id, UploadState.applying, upload_applying.steps if readers else upload_ending.steps)


def undo_upload(upload_id: int) -> None:
    """Undo an upload as far as one slice goes."""
    _work(upload_id, UploadState.undoing, upload_undoing.steps)


def _work(upload_id: int, state: UploadState, steps: Callable[[Turn], Iterator[None]]) -> None:
    turn = upload_steps.take(upload_id, state)
    db.session.commit()
    if turn is None:
        return
    try:
        over = _slice(turn, steps)
        if over:
            _finished(upload_id)
        else:
            upload_steps.leave(turn)
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        try:
            _broken_off(turn, error)
            db.session.commit()
        except upload_steps.Lost:
            db.session.rollback()


def _broken_off(turn: Turn, error: Exception) -> None:
    match error:
        case upload_steps.Lost():
            return
        case upload_applying.Raced():
            upload_steps.leave(turn)
            queue.ring(queue.WORK, JOBS[turn.state], turn.upload_id)
            return
        case UnreadableFile():
            _fail(turn, error.problem.value)
        case FileNotFoundError():
            _fail(turn, FILE_GONE)
        case _ if not upload_faults.note(turn, error):
            return
    _finished(turn.upload_id)


def _fail(turn: Turn, problem: str) -> None:
    upload_steps.leave(turn, state=UploadState.failed, problem=problem, finished_at=clock.now())


def _slice(turn: Turn, steps: Callable[[Turn], Iterator[None]]) -> bool:
    """Work until the slice is over; True when the work is done. Stands still as soon as the contract does."""
    begun = clock.now()
    until, gave_way = begun + SLICE, begun
    for _ in steps(turn):
        db.session.commit()
        if clock.now() - gave_way > GIVE_WAY_EVERY:
            let_others_write()
            gave_way = clock.now()
        if not customer_may(turn.customer_id, Use.upload):
            return False
        if clock.now() >= until or queue.stopping.is_set():
            queue.ring(queue.WORK, JOBS[turn.state], turn.upload_id)
            return False
        db.session.rollback()
    return True


def _finished(upload_id: int) -> None:
    upload = db.session.get_one(Upload, upload_id, populate_existing=True)
    audit.record(
        f"upload.{upload.state.value}",
        by=None,
        customer_id=upload.customer_id,
        subject=upload,
        good=upload.good,
        bad=upload.bad,
        applied=upload.applied,
        undone=upload.undone,
        problem=upload.problem,
    )
    if upload.state in upload_erasing.OVER:
        queue.ring(queue.WORK, "wem.lists.jobs.erase_upload", upload_id)


def erase_upload(upload_id: int) -> None:
    """Erase the rows and the file of an upload that is over."""
    until = clock.now() + SLICE
    for _ in upload_erasing.steps(upload_id):
        db.session.commit()
        let_others_write()
        if clock.now() >= until:
            queue.ring_now(queue.WORK, "wem.lists.jobs.erase_upload", upload_id)
            return


def sweep_uploads() -> None:
    """Ring again for uploads that a lost queue or a killed worker left, and for those to be erased."""
    for upload_id, state in upload_steps.waiting_for_work():
        queue.ring(queue.WORK, JOBS[state], upload_id)
    for upload_id in upload_erasing.to_erase():
        queue.ring(queue.WORK, "wem.lists.jobs.erase_upload", upload_id)
    db.session.commit()


def count_anew() -> None:
    """Count each customer's registered addresses anew, once a day, and keep the day's count as evidence (7-2)."""
    day, until = clock.today(), clock.now() + SLICE
    waiting = recounting.without_snapshot(day)
    db.session.rollback()
    for customer_id in waiting:
        # Counting takes its time with many readers and must keep nobody from writing.
        token = reading_only.set(True)
        try:
            kept, counted = recounting.count(customer_id)
            db.session.rollback()
        finally:
            reading_only.reset(token)
        if kept != counted:
            log.error("the count of customer %d is %d, counted anew %d", customer_id, kept, counted)
        recounting.keep(customer_id, day, kept, counted)
        db.session.commit()
        let_others_write()
        if clock.now() >= until:
            return


def erase_expired() -> None:
    """Erase what is past its time: what nobody confirmed or decided, old reports, deleted fields and
    lists; take back dedicated addresses whose list or contract is over.
    """
    until = clock.now() + SLICE
    for portion in (
        expiring.erase_expired,
        upload_erasing.discard_undecided,
        upload_erasing.erase_old_reports,
        forgetting.forget_values,
        closing.end_subscriptions,
        blank_addresses.take_back_ended,
        taking_mail.forget_taken,
    ):
        while portion() and clock.now() < until:
            db.session.commit()
            let_others_write()
        db.session.commit()


def erase_unnamed_files() -> None:
    """Erase uploaded files and evidence that no upload names: what a request cut short left behind."""
    erased = upload_files.erase_unnamed()
    if erased:
        log.warning("%d files that no upload named were erased", erased)
