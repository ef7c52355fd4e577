"""Numbers in addresses: what no row can have does not exist."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

HIGHEST = 2**63 - 1  # of a BIGINT


def row_number(text: str | None) -> int | None:
    """Return the number of a row that a query or a field names; None for what no row can have."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


class RowNumber(IntegerConverter):
    """An integer that the database can hold; a longer one is 404, not an error of the driver."""

    def __init__(self, map: Map, **options: Any) -> None:
        super().__init__(map, **{"max": HIGHEST, **options})


def set_up_numbers(app: Flask) -> None:
    app.url_map.converters["int"] = RowNumber
