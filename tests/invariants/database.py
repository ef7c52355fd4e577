"""Whether anything in the database changed: cheap to ask, exact in what it answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from wem.db import Base, db

# (table, column): why it may change by looking at a page.
MAY_CHANGE = {("sign_in", "seen_at"): "a sign of life: an unused sign-in ends by itself"}
# table: why rows may come by looking at a page.
MAY_GROW = {"customer_look": "it is the record of who looked at whose personal data"}

Snapshot = dict[str, list[tuple[Any, ...]]]


class Watch:
    """Tells since when the SQLite file of the application has changed, seen from a connection of its own."""

    def __init__(self) -> None:
        path = db.engine.url.database
        assert path, "the tests of all routes run on SQLite"
        self.connection = sqlite3.connect(path)
        self.version = self._version()
        self.rows = self.snapshot()

    def _version(self) -> int:
        # Goes up with each commit of another connection.
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def snapshot(self) -> Snapshot:
        """Return all rows of all tables, without what may change."""
        return {table.name: self._rows(table) for table in Base.metadata.sorted_tables if table.name not in MAY_GROW}

    def _rows(self, table: Any) -> list[tuple[Any, ...]]:
        names = [f'"{column.name}"' for column in table.columns if (table.name, column.name) not in MAY_CHANGE]
        return sorted(self.connection.execute(f'SELECT {", ".join(names)} FROM "{table.name}"'), key=repr)

    def changed(self, but: Iterable[str] = ()) -> list[str]:
        """Return the tables that changed since the last call, apart from those named."""
        version = self._version()
        if version == self.version:
            return []
        before, self.rows, self.version = self.rows, self.snapshot(), version
        return [name for name, rows in self.rows.items() if rows != before[name] and name not in set(but)]

    def difference(self, table: str, before: Snapshot) -> list[tuple[Any, ...]]:
        """Return the rows of a table that are new or other than before."""
        return [row for row in self.rows[table] if row not in before[table]]

    def close(self) -> None:
        self.connection.close()
