"""The report of an upload's refused rows; addresses stand in it masked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from wem.db import db
from wem.lists.models import UploadRow
from wem.lists.states import RowState
from wem.lists.upload_texts import reason_of


def refused_after(upload_id: int, after: int, limit: int) -> sa.Select[Any]:
    """Return the refused rows behind a record, in order."""
    return (
        sa.select(UploadRow)
        # Written out, so that the index of refused rows serves.
        .where(UploadRow.upload_id == upload_id, UploadRow.record > after, sa.text("state IN (1, 2)"))
        .order_by(UploadRow.record)
        .limit(limit)
    )


def report_lines(upload_id: int, head: list[str]) -> Iterator[str]:
    """Yield the lines of the report as CSV, its head first."""
    # The byte order mark lets Excel read UTF-8.
    yield "\ufeff" + _line(head)
    after = 0
    while rows := db.session.scalars(refused_after(upload_id, after, 1000)).all():
        after = rows[-1].record
        for row in rows:
            place = (row.place or "") if row.state is RowState.bad else ""
            yield _line(
                [str(row.record), place, row.address or "" if row.state is RowState.bad else "", reason_of(row)]
            )
        db.session.expunge_all()


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    # What Excel would calculate is text here.
    csv.writer(out).writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in cells])
    return out.getvalue()
