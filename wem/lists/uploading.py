"""An upload from file to decision: received, columns chosen, checked, applied or discarded, undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from wem import audit, clock, outbox, queue, storage
from wem.accounts.models import Account, Membership
from wem.contracts.models import contract_in_force, customer_may
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import forgetting, upload_emails, workbooks
from wem.lists.models import Field, MailingList
from wem.lists.problems import FileProblem, UnreadableFile
from wem.lists.reading import MAX_FILE, FileShape, detect
from wem.lists.rules import mask_cells
from wem.lists.states import FieldKind, UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.lists.upload_statement import keep_statement

OF_READERS = (UploadKind.invitation, UploadKind.attested)
DISCARDABLE = (UploadState.received, UploadState.reading, UploadState.checked, UploadState.waiting)
# A failed one may have been applied, or undone, in part.
UNDOABLE = (UploadState.applied, UploadState.failed)


class Refused(Exception):
    """The act is not possible in the upload's present state; nothing was changed."""


class FieldTaken(Refused):
    """A field that the upload would make has been made meanwhile as something else: choose the columns anew."""


def store(stream: BinaryIO) -> tuple[str, int, FileShape]:
    """Keep an uploaded file and tell its shape; returns key, size in bytes and shape. Raises UnreadableFile.

    A workbook is kept as the CSV of its first sheet: it would have to be unpacked anew for each reading. Slow:
    call it outside any transaction.
    """
    try:
        key, size = storage.keep("uploads", stream, MAX_FILE)
    except storage.TooLarge:
        raise UnreadableFile(FileProblem.TOO_LARGE) from None
    try:
        return key, size, _shape(storage.path_of(key))
    except BaseException:
        storage.erase(key)
        raise


def _shape(path: Path) -> FileShape:
    shape = detect(path)
    if shape.kind == "xlsx":
        sheets = workbooks.to_csv(path, path)
        shape = replace(detect(path, encoding="utf-8", delimiter=","), sheets=sheets)
    return _without_addresses(shape)


def shape_again(key: str, before: FileShape, *, encoding: str, delimiter: str, has_header: bool) -> FileShape:
    """Return the shape of a kept file as a person corrected it. Slow: call it outside any transaction."""
    if before.sheets:
        encoding, delimiter = before.encoding, before.delimiter
    shape = detect(storage.path_of(key), encoding=encoding, delimiter=delimiter, has_header=has_header)
    return _without_addresses(replace(shape, sheets=before.sheets))


def _without_addresses(shape: FileShape) -> FileShape:
    # A file without headings, read as one that has them, shows its first reader there.
    return replace(shape, header=[name[:100] for name in mask_cells(shape.header, None)], sample=[])


def receive(
    mailing_list: MailingList, kind: UploadKind, filename: str, key: str, size: int, shape: FileShape, *, by: int
) -> Upload:
    """Note a file that is kept; the caller commits. Raises Refused for attested files without the contract's leave."""
    if kind is UploadKind.attested and not attested_allowed(mailing_list.customer_id):
        raise Refused
    upload = Upload(
        customer_id=mailing_list.customer_id,
        list_id=mailing_list.id,
        kind=kind,
        state=UploadState.received,
        filename=filename[:200],
        storage_key=key,
        size=size,
        shape=shape.as_dict(),
        created_by=by,
    )
    db.session.add(upload)
    db.session.flush()
    audit.record(
        "upload.receive", by=by, customer_id=upload.customer_id, subject=upload, kind=kind.value, list=upload.list_id
    )
    return upload


def attested_allowed(customer_id: int) -> bool:
    """Return whether the contract lets this customer upload consent gathered elsewhere."""
    contract = contract_in_force(customer_id)
    return contract is not None and contract.attested_uploads


def correct(upload: Upload, shape: FileShape) -> None:
    """Read the file from now on as a person said."""
    move(upload, UploadState.received, among=(UploadState.received, UploadState.checked), shape=shape.as_dict())


def check(upload: Upload, mapping: dict[str, Any], statement: dict[str, Any], *, by: int) -> None:
    """Have the file checked with these columns, in the background; costs nothing. Raises Refused."""
    counts = ("total", "read", "good", "bad", "duplicate", "known", "elsewhere", "raising", "opted_out")
    shape = {**upload.shape, "records": None, "marks": []}
    move(
        upload,
        UploadState.reading,
        among=(UploadState.received, UploadState.checked),
        mapping=mapping,
        statement=statement,
        shape=shape,
        cursor=0,
        lease_until=None,
        **dict.fromkeys(counts, 0),
    )
    queue.ring(queue.WORK, "wem.lists.jobs.read_upload", upload.id)


def discard(upload: Upload, *, by: int) -> None:
    """Throw a file away that was not applied; nothing of it stays. Raises Refused."""
    move(upload, UploadState.discarded, among=DISCARDABLE, finished_at=clock.now())
    queue.ring(queue.WORK, "wem.lists.jobs.erase_upload", upload.id)
    audit.record("upload.discard", by=by, customer_id=upload.customer_id, subject=upload)


def apply(upload: Upload, *, by: int) -> None:
    """Apply a checked upload; an attested one is handed to staff first. Raises Refused."""
    if not applicable(upload) or not customer_may(upload.customer_id, Use.upload):
        raise Refused
    if upload.kind is UploadKind.attested:
        if not attested_allowed(upload.customer_id):
            raise Refused
        shown_text_id = keep_statement(upload)
        move(
            upload,
            UploadState.waiting,
            among=(UploadState.checked,),
            mapping=_with_fields(upload),
            statement={**upload.statement, "shown_text_id": shown_text_id},
        )
    else:
        move(
            upload,
            UploadState.applying,
            among=(UploadState.checked,),
            cursor=0,
            lease_until=None,
            mapping=_with_fields(upload),
        )
        queue.ring(queue.WORK, "wem.lists.jobs.apply_upload", upload.id)
    audit.record(
        "upload.apply", by=by, customer_id=upload.customer_id, subject=upload, good=upload.good, known=upload.known
    )


def applicable(upload: Upload) -> bool:
    """Return whether applying a checked upload would do anything."""
    match upload.kind:
        case UploadKind.stop_list:
            return upload.good > 0
        case UploadKind.ending:
            return upload.known > 0
    return upload.good + upload.elsewhere > 0 or (upload.known > 0 and bool(upload.mapping.get("update_known")))


def _with_fields(upload: Upload) -> dict[str, Any]:
    """Make the fields that the columns ask for, and return the mapping that names them. Raises FieldTaken."""
    mapping = dict(upload.mapping)
    present = {
        field.key: field
        for field in db.session.scalars(sa.select(Field).where(Field.customer_id == upload.customer_id))
    }
    fields = dict(mapping.get("fields", {}))
    taken = forgetting.taken_keys(upload.customer_id) - set(present)
    for new in mapping.pop("new", []):
        known = present.get(new["key"])
        if new["key"] in taken:
            raise FieldTaken
        if known is not None and (known.kind != new["kind"] or known.label != new["label"]):
            raise FieldTaken
        if known is None:
            db.session.add(
                Field(
                    customer_id=upload.customer_id,
                    key=new["key"],
                    label=new["label"],
                    kind=FieldKind(new["kind"]),
                    options=new["options"],
                    position=len(present) + new["column"],
                )
            )
        fields[str(new["column"])] = new["key"]
    return {**mapping, "fields": fields}


def approve(upload: Upload, note: str, *, by: int) -> None:
    """Let an attested upload through (staff); its addresses become active in the background. Raises Refused."""
    if not customer_may(upload.customer_id, Use.upload) or not attested_allowed(upload.customer_id):
        raise Refused
    _decide(upload, UploadState.applying, note, by, cursor=0, lease_until=None)
    queue.ring(queue.WORK, "wem.lists.jobs.apply_upload", upload.id)
    audit.record("upload.approve", by=by, customer_id=upload.customer_id, subject=upload, note=note, good=upload.good)


def refuse(upload: Upload, note: str, *, by: int) -> None:
    """Turn an attested upload down (staff); its rows and file are erased. Raises Refused."""
    _decide(upload, UploadState.refused, note, by, finished_at=clock.now())
    queue.ring(queue.WORK, "wem.lists.jobs.erase_upload", upload.id)
    audit.record("upload.refuse", by=by, customer_id=upload.customer_id, subject=upload, note=note)


def _decide(upload: Upload, state: UploadState, note: str, by: int, **values: Any) -> None:
    values |= {"decided_by": by, "decided_at": clock.now(), "decision_note": note[:500]}
    move(upload, state, among=(UploadState.waiting,), **values)
    # Who no longer works for the customer is told nothing.
    account = db.session.scalar(
        sa.select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Account.id == upload.created_by, Membership.customer_id == upload.customer_id)
    )
    if account is not None:
        outbox.post(upload_emails.decided(upload, account), customer_id=upload.customer_id, about=f"upload {upload.id}")


def undo(upload: Upload, *, by: int) -> None:
    """Take back what an upload of readers did, in the background; the month's peak stays. Raises Refused."""
    if not undoable(upload):
        raise Refused
    move(upload, UploadState.undoing, among=UNDOABLE, cursor=0, lease_until=None)
    queue.ring(queue.WORK, "wem.lists.jobs.undo_upload", upload.id)
    audit.record("upload.undo", by=by, customer_id=upload.customer_id, subject=upload, applied=upload.applied)


def undoable(upload: Upload) -> bool:
    """Return whether an upload put readers on the list that it could take back."""
    return upload.kind in OF_READERS and upload.state in UNDOABLE and upload.applied > upload.undone


def move(upload: Upload, state: UploadState, *, among: Collection[UploadState], **values: Any) -> None:
    """Bring an upload from one of these states into another, once, whoever else tries. Raises Refused."""
    moved = db.session.execute(
        sa.update(Upload)
        .where(Upload.id == upload.id, Upload.state.in_(among))
        .values(state=state, fence=Upload.fence + 1, problem="", **values)
        .execution_options(synchronize_session=False)
    )
    if not moved.rowcount:  # type: ignore[attr-defined]
        raise Refused
    db.session.refresh(upload)


def stop_list_is_due(customer_id: int) -> bool:
    """Return whether to offer a stop list first: no file of readers and no stop list came in so far."""
    return not db.session.scalar(
        sa.select(sa.exists().where(Upload.customer_id == customer_id, Upload.state != UploadState.discarded))
    )


def field_labels(customer_id: int) -> dict[str, str]:
    """Return the customer's fields, labels by key, in their order."""
    rows: Sequence[Any] = db.session.execute(
        sa.select(Field.key, Field.label).where(Field.customer_id == customer_id).order_by(Field.position, Field.id)
    ).all()
    return dict(rows)
