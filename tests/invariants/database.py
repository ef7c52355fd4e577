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


class Watch:
    """Tells since when the SQLite file of the application has changed, seen from a connection of its own.

    Triggers note which tables are written to, and only those are compared: to read all of them after each request took
    much of the time of a crawl.
    """

    def __init__(self) -> None:
        path = db.engine.url.database
        assert path, "the tests of all routes run on SQLite"
        self.connection = sqlite3.connect(path)
        self.tables = {table.name: table for table in Base.metadata.sorted_tables if table.name not in MAY_GROW}
        self._note_writes()
        self.noted = 0
        self.version = self._version()
        self.rows = {name: self._rows(name) for name in self.tables}

    def _note_writes(self) -> None:
        script = ["CREATE TABLE IF NOT EXISTS noted_write (id INTEGER PRIMARY KEY, name TEXT)"]
        for name in self.tables:
            for write in ("INSERT", "UPDATE", "DELETE"):
                note = f"INSERT INTO noted_write (name) VALUES ('{name}')"
                script.append(
                    f'CREATE TRIGGER IF NOT EXISTS "noted {write} {name}" AFTER {write} ON "{name}" BEGIN {note}; END'
                )
        self.connection.executescript(f"BEGIN; {'; '.join(script)}; COMMIT")

    def _version(self) -> int:
        # Goes up with each commit of another connection.
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return all rows of a table, without what may change."""
        names = [f'"{each.name}"' for each in self.tables[table].columns if (table, each.name) not in MAY_CHANGE]
        return sorted(self.connection.execute(f'SELECT {", ".join(names)} FROM "{table}"'), key=repr)

    def changed(self, but: Iterable[str] = ()) -> list[str]:
        """Return the tables that changed since the last call, apart from those named."""
        version = self._version()
        if version == self.version:
            return []
        self.version = version
        found = []
        for name in self._written():
            rows = self._rows(name)
            if rows != self.rows[name] and name not in set(but):
                found.append(name)
            self.rows[name] = rows
        return found

    def _written(self) -> list[str]:
        notes = "SELECT name, max(id) FROM noted_write WHERE id > ? GROUP BY name"
        found = dict(self.connection.execute(notes, (self.noted,)))
        self.noted = max([self.noted, *found.values()])
        return list(found)

    def close(self) -> None:
        self.connection.close()
