"""Checking an uploaded file: its rows read chunk by chunk into upload_row, each with what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from wem import storage
from wem.db import db
from wem.hashing import address_hasher
from wem.lists import upload_steps
from wem.lists.models import EVERY_LIST, Field, ListField, Subscriber, Subscription, Suppression, Upload, UploadRow
from wem.lists.reading import FileShape, rows, survey
from wem.lists.reading_ahead import ahead
from wem.lists.registering import LIVE
from wem.lists.states import RowState, UploadKind, UploadState
from wem.lists.upload_classing import Span, batches, classify
from wem.lists.upload_erasing import erase_some_rows
from wem.lists.upload_rows import BAD, COLUMNS, Checked, RowChecker, ValueColumn, column_names
from wem.lists.upload_steps import Turn

FRAME = 10_000  # rows held in memory
# From so many rows on the file is read by a process of its own, and the pages that every chunk changes are written
# once for five frames.
LARGE, FRAMES = 100_000, 5


def steps(turn: Turn) -> Iterator[None]:
    """Check the file from where the last commit stands; yields where the caller commits.

    Reads outside any transaction. At the end the preview stands. Raises UnreadableFile, OSError, Lost.
    """
    upload = db.session.get_one(Upload, turn.upload_id)
    if upload.cursor == 0:
        # What an earlier choice of columns left.
        while erase_some_rows(turn.upload_id):
            upload_steps.advance(turn)
            yield
    shape, path = FileShape.from_dict(upload.shape), storage.path_of(upload.storage_key or "")
    check, cursor = _checker(upload, shape), upload.cursor
    span = (upload.customer_id, upload.list_id)
    kind, everywhere = upload.kind, bool(upload.mapping.get("everywhere"))
    yield
    if shape.records is None:
        shape = survey(path, shape)
        upload_steps.advance(turn, shape=shape.as_dict(), total=shape.records)
        yield
    large = (shape.records or 0) - cursor >= LARGE
    read = batches(map(check, rows(path, shape, cursor)), FRAME)
    with closing(ahead(read) if large else read) as frames:
        while frame := next(frames, None):
            upload_steps.advance(turn)
            first, last, bad, size = frame[0][1], 0, 0, 0
            for rest in chain([frame], islice(frames, FRAMES - 1 if large else 0)):
                _insert(rest)
                last, bad, size = rest[-1][1], bad + sum(row[2] == BAD for row in rest), size + len(rest)
            counts = _meet(Span(turn.upload_id, *span, first, last), size - bad, kind, everywhere)
            upload_steps.add(turn, bad=bad, **counts)
            upload_steps.advance(turn, cursor=last, read=last)
            yield
    upload_steps.leave(turn, state=UploadState.checked, read=shape.records, cursor=0)


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


def _meet(span: Span, readable: int, kind: UploadKind, everywhere: bool) -> dict[str, int]:
    """Find what the readable rows of a chunk meet, and return by how much the upload's counts change."""
    duplicate = _mark_duplicates(span)
    rest = readable - duplicate
    if kind in (UploadKind.stop_list, UploadKind.ending):
        return {
            "duplicate": duplicate,
            "good": rest,
            "known": _subscriptions_met(span, everywhere),
            "opted_out": _stopped_already(span, everywhere),
        }
    classes = classify(span)
    fresh = rest - classes.opted_out - len(classes.known) - len(classes.elsewhere)
    return {
        "duplicate": duplicate,
        "good": fresh,
        "known": len(classes.known),
        "elsewhere": len(classes.elsewhere),
        "raising": fresh + len(classes.raising),
        "opted_out": classes.opted_out,
    }


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


def _mark_duplicates(span: Span) -> int:
    """Mark the rows whose address stands in an earlier row of the file; the place names that row."""
    earlier = aliased(UploadRow)
    same = (
        earlier.upload_id == span.upload_id,
        earlier.address_hash == UploadRow.address_hash,
        earlier.record < UploadRow.record,
    )
    first = sa.select(sa.cast(sa.func.min(earlier.record), sa.String)).where(*same).scalar_subquery()
    marked = db.session.execute(
        sa.update(UploadRow)
        # SELECT * would have SQLite read all rows before this one instead of the index of addresses.
        .where(*span.rows(RowState.good), sa.select(earlier.record).where(*same).exists())
        .values(state=RowState.duplicate, place=first)
        .execution_options(synchronize_session=False)
    )
    return int(marked.rowcount)  # type: ignore[attr-defined]


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
    return (
        db.session.scalar(sa.select(sa.func.count()).select_from(UploadRow).where(*span.rows(RowState.good), said_no))
        or 0
    )
