"""Checking an uploaded file: its rows read chunk by chunk into upload_row, each with what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from wem import storage
from wem.db import db, reading_only
from wem.hashing import address_hasher
from wem.lists import upload_steps
from wem.lists.models import Field, ListField
from wem.lists.reading import FileShape, rows, survey
from wem.lists.reading_ahead import ahead
from wem.lists.registering import LIVE
from wem.lists.states import RowState, UploadKind, UploadState
from wem.lists.subscription_models import EVERY_LIST, Subscriber, Subscription, Suppression
from wem.lists.upload_classing import Span, batches, classify
from wem.lists.upload_erasing import erase_some_rows
from wem.lists.upload_models import Upload, UploadRow
from wem.lists.upload_rows import BAD, COLUMNS, Checked, RowChecker, ValueColumn, column_names
from wem.lists.upload_steps import Turn

FRAME = 10_000  # rows held in memory and written at once
# From so many rows on the file is read by a process of its own.
LARGE = 100_000
PART = 250_000  # rows sorted at a time


def steps(turn: Turn) -> Iterator[None]:
    """Check the file from where the last commit stands; yields where the caller commits.

    Reads outside any transaction, unless the file is large. At the end the preview stands. Raises UnreadableFile,
    OSError, Lost.
    """
    upload = db.session.get_one(Upload, turn.upload_id)
    if upload.read == 0:
        # What an earlier choice of columns left.
        while erase_some_rows(turn.upload_id):
            upload_steps.advance(turn)
            yield
    shape, path = FileShape.from_dict(upload.shape), storage.path_of(upload.storage_key or "")
    check, read, met, searched = _checker(upload, shape), upload.read, max(upload.cursor, 0), max(-upload.cursor, 0)
    found = upload.duplicate
    whole, meet = Span(upload.id, upload.customer_id, upload.list_id, 1, 0), _meeting(upload)
    yield
    if shape.records is None:
        shape = survey(path, shape)
        upload_steps.advance(turn, shape=shape.as_dict(), total=shape.records)
        yield
    total = shape.records or 0
    if not met:
        yield from _read(turn, map(check, rows(path, shape, read)), total - read)
        yield from _mark_duplicates(turn, total, searched, found)
    for first in range(met + 1, total + 1, FRAME):
        last = min(first + FRAME - 1, total)
        upload_steps.advance(turn, cursor=last)
        upload_steps.add(turn, **meet(replace(whole, first=first, last=last)))
        yield
    upload_steps.leave(turn, state=UploadState.checked, read=total, cursor=0)


def _read(turn: Turn, checked: Iterator[Checked], left: int) -> Iterator[None]:
    """Keep the records as they come from the file."""
    large = left >= LARGE
    read = batches(checked, FRAME)
    with closing(ahead(read) if large else read) as frames:
        # The next frame is waited for outside any transaction.
        for frame in frames:
            upload_steps.advance(turn, read=frame[-1][1])
            _insert(frame)
            upload_steps.add(turn, bad=sum(row[2] == BAD for row in frame))
            yield


def _checker(upload: Upload, shape: FileShape) -> RowChecker:
    names = column_names(shape.header, shape.columns)
    readers_only = upload.kind in (UploadKind.stop_list, UploadKind.ending)
    return RowChecker(
        upload.id,
        int(upload.mapping["address"]),
        [] if readers_only else _value_columns(upload),
        names,
        address_hasher(),
        keep_address=not readers_only,
    )


def _value_columns(upload: Upload) -> list[ValueColumn]:
    fields = {
        field.key: field
        for field in db.session.scalars(sa.select(Field).where(Field.customer_id == upload.customer_id))
    }
    required = set(
        db.session.scalars(
            sa.select(Field.key)
            .join(ListField, ListField.field_id == Field.id)
            .where(ListField.list_id == upload.list_id, ListField.required.is_(True))
        )
    )
    found = [
        ValueColumn(int(column), key, fields[key].kind, list(fields[key].options), key in required)
        for column, key in upload.mapping.get("fields", {}).items()
        if key in fields
    ]
    for new in upload.mapping.get("new", []):
        found.append(ValueColumn(new["column"], new["key"], new["kind"], new["options"]))
    return found


def _meeting(upload: Upload) -> Callable[[Span], dict[str, int]]:
    """Return the function that finds what the rows of a span meet: by how much the upload's counts change."""
    if upload.kind not in (UploadKind.stop_list, UploadKind.ending):
        return _meet
    everywhere = bool(upload.mapping.get("everywhere"))
    return lambda span: {
        "good": _count(*span.rows(RowState.good)),
        "known": _subscriptions_met(span, everywhere),
        "opted_out": _stopped_already(span, everywhere),
    }


def _meet(span: Span) -> dict[str, int]:
    classes = classify(span)
    fresh = _count(*span.rows(RowState.good))
    return {
        "good": fresh,
        "known": len(classes.known),
        "elsewhere": len(classes.elsewhere),
        "raising": fresh + len(classes.raising),
        "opted_out": classes.opted_out,
    }


def _count(*conditions: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(UploadRow).where(*conditions)) or 0


def _insert(chunk: Sequence[Checked]) -> None:
    # Past the ORM and its types: a million rows, the fields already written as JSON.
    connection = db.session.connection()
    names = ", ".join(COLUMNS)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY upload_row ({names}) FROM STDIN") as copy:
            for row in chunk:
                copy.write_row(row)
    else:
        places = ", ".join("?" * len(COLUMNS))
        connection.exec_driver_sql(f"INSERT INTO upload_row ({names}) VALUES ({places})", list(chunk))


def _mark_duplicates(turn: Turn, total: int, searched: int, found: int) -> Iterator[None]:
    """Mark the rows whose address stands in an earlier row of the file; the place names that row.

    By sorting, part by part of the hashes, so that memory stays flat: an index of addresses would cost more than all
    else, for each row comes and goes once. Goes on behind the parts that were searched, with what was found so far.
    """
    parts = max(1, -(-total // PART))
    bounds = [(n * 65_536 // parts).to_bytes(2, "big") for n in range(parts)]
    for part, low in enumerate(bounds[searched:], searched):
        here = [UploadRow.upload_id == turn.upload_id, UploadRow.address_hash >= low]
        if part + 1 < parts:
            here.append(UploadRow.address_hash < bounds[part + 1])
        first = sa.func.min(UploadRow.record).over(partition_by=UploadRow.address_hash).label("first")
        sorted_rows = sa.select(UploadRow.record, UploadRow.state, first).where(*here).subquery()
        again = _read_alone(
            sa.select(sorted_rows.c.record, sorted_rows.c.first).where(
                sorted_rows.c.record != sorted_rows.c.first, sorted_rows.c.state != RowState.duplicate
            )
        )
        for some in batches(again, FRAME):
            found += len(some)
            upload_steps.advance(turn, duplicate=found)
            db.session.connection().execute(
                _DUPLICATE, [{"of_upload": turn.upload_id, "of_record": one, "of": str(other)} for one, other in some]
            )
            yield
        upload_steps.advance(turn, cursor=-part - 1)
        yield


def _read_alone(query: sa.Select[Any]) -> Sequence[Any]:
    """Return what a long search finds, in a transaction of its own that lets others write."""
    db.session.rollback()
    token = reading_only.set(True)
    try:
        return db.session.execute(query).all()
    finally:
        reading_only.reset(token)
        db.session.rollback()


_DUPLICATE = (
    sa.update(UploadRow)
    .where(UploadRow.upload_id == sa.bindparam("of_upload"), UploadRow.record == sa.bindparam("of_record"))
    .values(state=RowState.duplicate, place=sa.bindparam("of"))
)


def _subscriptions_met(span: Span, everywhere: bool) -> int:
    """Return how many subscriptions of this span's addresses would end."""
    reader = (
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == span.customer_id, Subscriber.address_key == UploadRow.address_key)
        .scalar_subquery()
    )
    found = db.session.scalars(
        sa.select(reader.label("reader")).where(*span.rows(RowState.good)).where(reader.is_not(None))
    ).all()
    total = 0
    for some in batches(found, 5_000):
        live = sa.select(sa.func.count()).where(Subscription.subscriber_id.in_(some), Subscription.state.in_(LIVE))
        total += db.session.scalar(live if everywhere else live.where(Subscription.list_id == span.list_id)) or 0
    return total


def _stopped_already(span: Span, everywhere: bool) -> int:
    lists = (EVERY_LIST,) if everywhere else (EVERY_LIST, span.list_id)
    said_no = sa.exists().where(
        Suppression.customer_id == span.customer_id,
        Suppression.address_hash == UploadRow.address_hash,
        Suppression.list_id.in_(lists),
    )
    return _count(*span.rows(RowState.good), said_no)
