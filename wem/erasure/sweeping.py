"""Takes a phase's rows and files out of the database, portion by portion; begun anew it finds what is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from wem import clock, storage
from wem.db import db
from wem.erasure import finding
from wem.erasure.plan_rules import Now, Numbered, Rows
from wem.erasure.rules import Phase

AT_ONCE = 5_000
WITH_FILES_AT_ONCE = 200
FILES = "files"


def portions(customer_id: int, phase: Phase) -> Iterator[dict[str, int]]:
    """Blank, then delete what is a customer's in a phase; yields numbers by table where the caller commits.

    A file goes before the row that names it: cut short in between, the row is found again.
    """
    for name, rows in finding.blanked_in(phase):
        yield from _blanked(name, rows, customer_id)
    for name, rows in finding.gone_in(phase):
        yield from _deleted(name, rows, customer_id)


def _blanked(name: str, rows: Rows, customer_id: int) -> Iterator[dict[str, int]]:
    table = finding.table_of(name)
    values = {column: _value(table, value) for column, value in rows.values.items()}
    wanted = sa.select(table.c.id, *finding.file_columns(name, rows))
    wanted = wanted.where(finding.whose(name, rows, customer_id), _has_words(table, rows)).order_by(table.c.id)
    while found := db.session.execute(wanted.limit(_at_once(rows))).all():
        files = _erase_files(found)
        db.session.execute(sa.update(table).where(table.c.id.in_([row.id for row in found])).values(values))
        yield {name: len(found), FILES: files}


def _value(table: sa.Table, value: Any) -> Any:
    if isinstance(value, Numbered):
        return sa.literal(value.before) + sa.cast(table.c.id, sa.String) + sa.literal(value.after)
    return clock.now() if value is Now else value


def _has_words(table: sa.Table, rows: Rows) -> sa.ColumnElement[bool]:
    """Return the condition on rows that are not blanked yet."""
    return sa.or_(
        *(
            sa.cast(table.c[column], sa.String) != "{}"
            if value == {}
            else table.c[column].is_distinct_from(_value(table, value))
            for column, value in rows.values.items()
            if value is not Now
        )
    )


def _deleted(name: str, rows: Rows, customer_id: int) -> Iterator[dict[str, int]]:
    table = finding.table_of(name)
    keys = list(table.primary_key.columns)
    # The newest first: of a table whose rows name one another the later one names the earlier.
    wanted = sa.select(*keys, *finding.file_columns(name, rows)).where(finding.whose(name, rows, customer_id))
    wanted = wanted.order_by(*(key.desc() for key in keys)).limit(_at_once(rows))
    while found := db.session.execute(wanted).all():
        files = _erase_files([row[len(keys) - 1 :] for row in found]) if rows.files else 0
        db.session.execute(sa.delete(table).where(_among(keys, [tuple(row[: len(keys)]) for row in found])))
        yield {name: len(found), FILES: files}


def _at_once(rows: Rows) -> int:
    return WITH_FILES_AT_ONCE if rows.files else AT_ONCE


def _among(keys: list[sa.Column[Any]], found: list[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
    if len(keys) == 1:
        return keys[0].in_([key for (key,) in found])
    return sa.tuple_(*keys).in_(found)


def _erase_files(found: Any) -> int:
    """Erase the files that rows name behind their first column; returns how many there were."""
    number = 0
    for row in found:
        for key in row[1:]:
            if key:
                number += storage.path_of(key).exists()
                storage.erase(key)
    return number
