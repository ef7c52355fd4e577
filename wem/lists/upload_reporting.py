"""The report of an upload's refused rows, by reason and row by row; addresses stand in it masked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from wem.db import db
from wem.lists.states import RowState
from wem.lists.upload_models import UploadRow
from wem.lists.upload_rows import SAID
from wem.lists.upload_texts import reason_of, reason_of_all

PER_PAGE = 50
# So many rows are looked at to tell the reasons; who has more refused ones sees what is wrong from these.
LOOKED_AT = 10_000
NAMED = 5


@dataclass
class Reason:
    """One reason for which rows of one column are refused: how many, and the first of them with what stood there."""

    text: str
    column: str
    number: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)


def reasons(upload_id: int) -> list[Reason]:
    """Return the reasons of the first ten thousand refused rows, the most frequent first."""
    found: dict[tuple[RowState, str | None, str | None], Reason] = {}
    for row in db.session.execute(_refused(upload_id, 0, LOOKED_AT)):
        bad = row.state is RowState.bad
        group = (row.state, row.problem, row.place) if bad else (row.state, None, None)
        reason = found.setdefault(
            group, Reason(reason_of_all(row.state, row.problem), (row.place or "") if bad else "")
        )
        reason.number += 1
        if len(reason.first) < NAMED:
            reason.first.append((row.record, said_in(row)))
    return sorted(found.values(), key=lambda reason: -reason.number)


def page_after(upload_id: int, after: int) -> tuple[list[sa.Row], int | None]:
    """Return the refused rows behind a record, and the record behind which the next page begins."""
    rows = list(db.session.execute(_refused(upload_id, after, PER_PAGE + 1)))
    return rows[:PER_PAGE], rows[PER_PAGE - 1].record if len(rows) > PER_PAGE else None


def said_in(row: sa.Row) -> str:
    """Return what stood in the cell for which a row is refused; gone once the upload is over."""
    return str(row.fields.get(SAID, "")) if row.state is RowState.bad and row.fields else ""


def report_lines(upload_id: int, head: list[str]) -> Iterator[str]:
    """Yield the lines of the report as CSV, its head first."""
    # The byte order mark lets Excel read UTF-8.
    yield "\ufeff" + _line(head)
    after = 0
    while rows := db.session.execute(_refused(upload_id, after, 1000)).all():
        after = rows[-1].record
        for row in rows:
            bad = row.state is RowState.bad
            address, place = (row.address or "", row.place or "") if bad else ("", "")
            yield _line([str(row.record), address, place, said_in(row), reason_of(row)])


def _refused(upload_id: int, after: int, limit: int) -> sa.Select:
    columns = (
        UploadRow.record,
        UploadRow.state,
        UploadRow.address,
        UploadRow.fields,
        UploadRow.problem,
        UploadRow.place,
    )
    return (
        sa.select(*columns)
        # Written out, so that the index of refused rows serves.
        .where(UploadRow.upload_id == upload_id, UploadRow.record > after, sa.text("state IN (1, 2)"))
        .order_by(UploadRow.record)
        .limit(limit)
    )


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    # What Excel would calculate is text here.
    csv.writer(out).writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in cells])
    return out.getvalue()
