"""What an upload leaves behind, erased: rows, file, and after thirty days the report of refused rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa

from wem import clock, storage
from wem.db import db
from wem.lists.states import RowState, UploadState
from wem.lists.upload_models import Upload, UploadRow

AT_ONCE = 10_000
# How long the record numbers and reasons of refused rows stay, without any address.
REPORT_KEPT = timedelta(days=30)
# A file that nobody decides about is not kept: it is full of addresses.
UNDECIDED_KEPT = timedelta(days=7)
OVER = (UploadState.applied, UploadState.refused, UploadState.discarded, UploadState.undone, UploadState.failed)
# After these the report of refused rows still helps.
WITH_REPORT = (UploadState.applied, UploadState.undone, UploadState.undoing)
UNDECIDED = (UploadState.received, UploadState.checked)
REPORTED = (RowState.bad, RowState.duplicate)


def steps(upload_id: int) -> Iterator[None]:
    """Erase what an upload that is over still holds: every address, the file, and the report if it was not applied.

    Yields where the caller commits; the file goes last, so that an erasing cut short is taken up again.
    """
    upload = db.session.get(Upload, upload_id)
    if upload is None or upload.state not in (*OVER, UploadState.undoing) or upload.storage_key is None:
        return
    with_report, key = upload.state in WITH_REPORT, upload.storage_key
    nothing_to_prove = upload.state is UploadState.discarded or (
        upload.state is UploadState.failed and not upload.applied
    )
    evidence = upload.statement.get("evidence") if nothing_to_prove else None
    while erase_some_rows(upload_id, all_but_reported=with_report):
        yield
    while with_report and _blank_some_rows(upload_id):
        yield
    yield
    storage.erase(key)
    if evidence:
        storage.erase(evidence)
    db.session.execute(
        sa.update(Upload)
        .where(Upload.id == upload_id)
        .values(storage_key=None)
        .execution_options(synchronize_session=False)
    )
    yield


def erase_some_rows(upload_id: int, *, all_but_reported: bool = False) -> int:
    """Delete the next rows of an upload; returns how many."""
    wanted = sa.select(UploadRow.record).where(UploadRow.upload_id == upload_id)
    if all_but_reported:
        wanted = wanted.where(UploadRow.state.not_in(REPORTED))
    return _on_some(wanted, sa.delete(UploadRow), upload_id, all_but_reported)


def _blank_some_rows(upload_id: int) -> int:
    wanted = sa.select(UploadRow.record).where(
        UploadRow.upload_id == upload_id,
        UploadRow.state.in_(REPORTED),
        sa.or_(UploadRow.address.is_not(None), UploadRow.address_hash.is_not(None)),
    )
    blank = sa.update(UploadRow).values(
        address=None, address_key=None, address_hash=None, domain_group=None, fields=sa.null()
    )
    return _on_some(wanted, blank, upload_id, False)


def _on_some(wanted: sa.Select, act: sa.Delete | sa.Update, upload_id: int, all_but_reported: bool) -> int:
    records = db.session.scalars(wanted.order_by(UploadRow.record).limit(AT_ONCE)).all()
    if not records:
        return 0
    act = act.where(UploadRow.upload_id == upload_id, UploadRow.record.between(records[0], records[-1]))
    if isinstance(act, sa.Update):
        act = act.where(UploadRow.state.in_(REPORTED))
    elif all_but_reported:
        act = act.where(UploadRow.state.not_in(REPORTED))
    db.session.execute(act.execution_options(synchronize_session=False))
    return len(records)


def to_erase() -> list[int]:
    """Return uploads that are over and still hold their file."""
    return list(
        db.session.scalars(
            sa.select(Upload.id).where(Upload.state.in_(OVER), Upload.storage_key.is_not(None)).limit(100)
        )
    )


def discard_undecided() -> int:
    """Discard files that nobody decided about in seven days; returns how many. The caller commits."""
    discarded = db.session.execute(
        sa.update(Upload)
        .where(Upload.state.in_(UNDECIDED), Upload.created_at < clock.now() - UNDECIDED_KEPT)
        .values(state=UploadState.discarded, finished_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(discarded.rowcount)  # type: ignore[attr-defined]


def erase_old_reports() -> int:
    """Delete the next rows of reports that are thirty days old; returns how many. The caller commits."""
    # A month's window: older ones are gone already, and need no look each time.
    oldest, newest = clock.now() - REPORT_KEPT * 2, clock.now() - REPORT_KEPT
    has_rows = sa.exists().where(UploadRow.upload_id == Upload.id)
    upload_id = db.session.scalar(
        sa.select(Upload.id).where(Upload.finished_at > oldest, Upload.finished_at <= newest, has_rows).limit(1)
    )
    return erase_some_rows(upload_id) if upload_id is not None else 0
