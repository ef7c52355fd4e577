"""Writes down what was accepted, which is what becomes of nearly every mail, past the session.

Through the session a round cost 2.7 ms of processor time, most of it before the database was reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from wem.db import db, driver_connection, driver_error
from wem.delivery.models import Delivery, DeliveryState, DispatchState
from wem.delivery.outcomes import Outcome

_SETTLE = (
    f"UPDATE delivery SET state = {DeliveryState.accepted:d}, attempts = ?, code = ?, enhanced = ?, at = ?,"
    f" mta_reference = ? WHERE dispatch_id = ? AND seq = ? AND state <= {DeliveryState.intent:d}"
)
_COUNT = "UPDATE dispatch SET accepted = accepted + ? WHERE id = ? RETURNING state, epoch"
Standing = tuple[DispatchState, int]


class Facts:
    """Keeps a connection of the driver's own; close it in the end."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._sqlite = db.engine.dialect.name == "sqlite"
        mark = "?" if self._sqlite else "%s"
        self._settle, self._count = _SETTLE.replace("?", mark), _COUNT.replace("?", mark)
        at = Delivery.__table__.c.at.type.dialect_impl(db.engine.dialect)
        self._moment = at.bind_processor(db.engine.dialect) or (lambda moment: moment)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(driver_error()):
                connection.close()

    def write(self, accepted: Mapping[int, Sequence[Outcome]]) -> dict[int, Standing] | None:
        """Write the accepted mails of some dispatches down and count them, in a transaction of its own.

        Returns the state and epoch of these dispatches; None when nothing is written: somebody else writes, or the
        database is away, or one of the mails is not open any more. Then it must be written with more care. Commits.
        """
        try:
            if self._connection is None:
                self._connection = driver_connection()
                if self._sqlite:
                    # Who writes with more care knows how to wait for a turn.
                    self._connection.execute("PRAGMA busy_timeout=0")
            self._connection.execute("BEGIN IMMEDIATE" if self._sqlite else "BEGIN")
            standings = {each: self._write(each, accepted[each]) for each in sorted(accepted)}
            found = {each: standing for each, standing in standings.items() if standing is not None}
            if len(found) < len(accepted):
                self._connection.rollback()
                return None
            self._connection.commit()
            return found
        except driver_error():
            self._undo()
            return None

    def _write(self, dispatch_id: int, outcomes: Sequence[Outcome]) -> Standing | None:
        rows = [
            (
                each.attempt,
                each.answer.code if each.answer else None,
                each.answer.enhanced if each.answer else None,
                self._moment(each.at),
                each.mta_reference,
                dispatch_id,
                each.seq,
            )
            for each in outcomes
        ]
        cursor = self._connection.cursor()
        cursor.executemany(self._settle, rows)
        if cursor.rowcount != len(rows):
            return None
        row = cursor.execute(self._count, (len(rows), dispatch_id)).fetchone()
        return None if row is None else (DispatchState(row[0]), row[1])

    def _undo(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rollback()
        except driver_error():
            self.close()
