"""Where received mail is kept: a SQLite file of its own, written by one thread, many mails to a commit."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS content (id INTEGER PRIMARY KEY, raw BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS mail (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_at TEXT NOT NULL, sender TEXT NOT NULL,
  recipient TEXT NOT NULL COLLATE NOCASE, subject TEXT NOT NULL, from_header TEXT NOT NULL, to_header TEXT NOT NULL,
  message_id TEXT NOT NULL, size INTEGER NOT NULL, content_id INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS mail_recipient ON mail (recipient);
"""
# The bytes stand in a table of their own, so that listing and searching 100,000 mails never walks over them.
INSERT = """INSERT INTO mail
            (received_at, sender, recipient, subject, from_header, to_header, message_id, size, content_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
LISTED = """id, received_at, sender, recipient, subject, from_header AS "from", to_header AS "to", message_id, size"""
MOST_IN_A_COMMIT = 500
WORTH_SHRINKING = 4096  # pages


@dataclass(frozen=True)
class Received:
    """One SMTP transaction as it came in; it becomes one row per recipient."""

    received_at: str
    sender: str
    recipients: list[str]
    subject: str
    from_header: str
    to_header: str
    message_id: str
    raw: bytes


Work = Callable[[sqlite3.Connection], Any]


class Store:
    """The kept mails. `keep` and `delete_all` go through the writing thread in order; reading never waits for it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "mailbox.sqlite3"
        self._waiting: queue.SimpleQueue[tuple[Work, Future[Any], bool] | None] = queue.SimpleQueue()
        with closing(self._connect()) as connection:
            connection.executescript("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;" + SCHEMA)
        self._writer = threading.Thread(target=self._write, name="mailbox-writer", daemon=True)
        self._writer.start()

    def keep(self, mail: Received) -> Future[list[int]]:
        """Return a future with the ids, one per recipient, done once they are committed."""
        return self._enqueue(lambda connection: _insert(connection, mail))

    def delete_all(self) -> int:
        """Delete every mail, give the disk space back, return how many there were. Ids are never used again."""
        return int(self._enqueue(_delete_all, alone=True).result(timeout=120))

    def close(self) -> None:
        """Write what is waiting and end the writing thread."""
        self._waiting.put(None)
        self._writer.join(timeout=30)

    def _enqueue(self, work: Work, alone: bool = False) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.put((work, future, alone))
        return future

    def _write(self) -> None:
        with closing(self._connect()) as connection:
            while (first := self._waiting.get()) is not None:
                together, last = [first], first
                while not last[2] and len(together) < MOST_IN_A_COMMIT:
                    try:
                        following = self._waiting.get_nowait()
                    except queue.Empty:
                        break
                    if following is None:
                        self._waiting.put(None)
                        break
                    together.append(following)
                    last = following
                _commit(connection, [each for each in together if not each[2]])
                if last[2]:
                    _do_alone(connection, last)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        # NORMAL: a commit outlives the death of this process, which is what tests do to it; power loss is not.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.row_factory = sqlite3.Row
        return connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA query_only = ON")
            yield connection

    def mails(
        self,
        recipient: str = "",
        subject: str = "",
        anywhere: str = "",
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """Return what is known of the mails that match, newest first; oldest first when `after` an id is given.

        `recipient` is a whole address, `*` standing for anything; `subject` a part of it; `anywhere` a part of either.
        """
        where, values = _conditions(recipient, subject, anywhere)
        if after is not None:
            where, values = [*where, "id > ?"], [*values, after]
        if before is not None:
            where, values = [*where, "id < ?"], [*values, before]
        order = "ASC" if after is not None else "DESC"
        with self._reading() as connection:
            sql = f"SELECT {LISTED} FROM mail {_where(where)} ORDER BY id {order} LIMIT ?"
            return [dict(row) for row in connection.execute(sql, [*values, limit])]

    def count(self, recipient: str = "", subject: str = "", anywhere: str = "") -> int:
        where, values = _conditions(recipient, subject, anywhere)
        with self._reading() as connection:
            return int(connection.execute(f"SELECT count(*) FROM mail {_where(where)}", values).fetchone()[0])

    def newest(self) -> int:
        """Return the newest id ever given, 0 when there was none: changes with every arrival."""
        with self._reading() as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'mail'").fetchone()
            return int(row[0]) if row else 0

    def mail(self, id: int) -> tuple[dict[str, Any], bytes] | None:
        """Return what is known of one mail and its bytes as they came, or None."""
        raw = "(SELECT raw FROM content WHERE content.id = content_id) AS raw"
        with self._reading() as connection:
            row = connection.execute(f"SELECT {LISTED}, {raw} FROM mail WHERE id = ?", [id]).fetchone()
        if row is None:
            return None
        known = dict(row)
        return known, known.pop("raw")

    def walk(self, step: int = 2000) -> Iterator[list[dict[str, Any]]]:
        """Yield id, recipient, message_id and subject of every mail in portions, oldest first."""
        last = 0
        while True:
            with self._reading() as connection:
                rows = connection.execute(
                    "SELECT id, recipient, message_id, subject FROM mail WHERE id > ? ORDER BY id LIMIT ?", [last, step]
                ).fetchall()
            if not rows:
                return
            yield [dict(row) for row in rows]
            last = rows[-1]["id"]


def _commit(connection: sqlite3.Connection, together: list[tuple[Work, Future[Any], bool]]) -> None:
    if not together:
        return
    # A client that hangs up cancels its future: the mail had arrived and is kept, but nobody can be told.
    waiting = [future if future.set_running_or_notify_cancel() else Future() for _, future, _ in together]
    try:
        connection.execute("BEGIN IMMEDIATE")
        results = [work(connection) for work, _, _ in together]
        connection.execute("COMMIT")
    except Exception as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for future in waiting:
            future.set_exception(error)
        return
    for future, result in zip(waiting, results, strict=True):
        future.set_result(result)


def _do_alone(connection: sqlite3.Connection, entry: tuple[Work, Future[Any], bool]) -> None:
    work, future, _ = entry
    try:
        future.set_result(work(connection))
    except Exception as error:
        future.set_exception(error)


def _insert(connection: sqlite3.Connection, mail: Received) -> list[int]:
    content = connection.execute("INSERT INTO content (raw) VALUES (?)", [mail.raw]).lastrowid
    before = (mail.received_at, mail.sender)
    after = (mail.subject, mail.from_header, mail.to_header, mail.message_id, len(mail.raw), content)
    ids = [connection.execute(INSERT, (*before, recipient, *after)).lastrowid for recipient in mail.recipients]
    return [id for id in ids if id is not None]


def _delete_all(connection: sqlite3.Connection) -> int:
    connection.execute("BEGIN IMMEDIATE")
    count = connection.execute("DELETE FROM mail").rowcount
    connection.execute("DELETE FROM content")
    connection.execute("COMMIT")
    if connection.execute("PRAGMA page_count").fetchone()[0] > WORTH_SHRINKING:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return int(count)


def _conditions(recipient: str, subject: str, anywhere: str) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    if "*" in recipient:
        where, values = ["recipient LIKE ? ESCAPE '\\'"], [_escaped(recipient).replace("*", "%")]
    elif recipient:
        # Old carrier addresses (`a..b@`, `a.@`) come quoted on the wire; asked for unquoted they are found as well.
        local, _, domain = recipient.rpartition("@")
        where, values = ["recipient IN (?, ?)"], [recipient, f'"{local}"@{domain}']
    if subject:
        where, values = [*where, "subject LIKE ? ESCAPE '\\'"], [*values, f"%{_escaped(subject)}%"]
    if anywhere:
        part = f"%{_escaped(anywhere)}%"
        where = [*where, "(recipient LIKE ? ESCAPE '\\' OR subject LIKE ? ESCAPE '\\')"]
        values = [*values, part, part]
    return where, values


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _where(conditions: list[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""
