"""Paging by key: as fast on the last page of a million rows as on the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from flask import request

from wem.db import db
from wem.web.numbers import row_number

T = TypeVar("T")
PER_PAGE = 50


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows of one page, newest first; `older` and `newer` are the keys for the neighbours, None at the ends."""

    rows: Sequence[T]
    older: int | None
    newer: int | None


def page_of(statement: sa.Select[Any], key: Any, per_page: int = PER_PAGE, *, order: Any = None) -> Page[Any]:
    """Return the page that `?before=` or `?after=` asks for, ordered by a unique integer column, newest first.

    `order`: a column of the same table that comes before it, as the day on which something happened.
    No OFFSET and no COUNT: one range of the index is read.
    """
    before, after = row_number(request.args.get("before")), row_number(request.args.get("after"))
    columns = [key] if order is None else [order, key]
    if after is not None:
        asked = statement.where(_beyond(key, order, after, newer=True)).order_by(*(each.asc() for each in columns))
        found = list(db.session.scalars(asked.limit(per_page + 1)))
        more_newer = len(found) > per_page
        rows = found[:per_page][::-1]
        return Page(rows, _key(rows, key, -1) if rows else None, _key(rows, key, 0) if more_newer else None)
    asked = statement if before is None else statement.where(_beyond(key, order, before, newer=False))
    found = list(db.session.scalars(asked.order_by(*(each.desc() for each in columns)).limit(per_page + 1)))
    rows = found[:per_page]
    older = _key(rows, key, -1) if len(found) > per_page else None
    return Page(rows, older, _key(rows, key, 0) if before is not None and rows else None)


def _beyond(key: Any, order: Any, number: int, *, newer: bool) -> sa.ColumnElement[bool]:
    """Select what comes after a row in one direction; of a row that is gone nothing is known but its number."""
    further: sa.ColumnElement[bool] = key > number if newer else key < number
    place = None if order is None else db.session.scalar(sa.select(order).where(key == number))
    if place is None:
        return further
    return sa.or_(order > place if newer else order < place, sa.and_(order == place, further))


def _key(rows: Sequence[Any], key: Any, place: int) -> int:
    return int(getattr(rows[place], key.key))
