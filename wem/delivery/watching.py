"""What a sender looks at while it sends: the numbered stops, the dispatch's epoch, the contract."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from wem.contracts.models import Stop, customer_may
from wem.contracts.rules import Use
from wem.db import db, reading_only
from wem.delivery.models import Dispatch, DispatchState

# A stop may be committed after one with a higher number: so many numbers below the last one are read again.
LOOK_BACK = 1000
SECONDS = 0.5


@contextmanager
def looking() -> Iterator[None]:
    """Read in a transaction of its own that takes no lock, and is over when this is."""
    token = reading_only.set(True)
    try:
        yield
        db.session.commit()
    finally:
        db.session.rollback()
        reading_only.reset(token)


class Watch:
    """The stops that came since the recipients were read; begin it before reading them, close it in the end."""

    def __init__(self) -> None:
        self.seen = 0
        self.known: set[int] = set()
        self.looked_at = 0.0
        # Asked before every mail, so it goes without session and transaction.
        bell = db.engine.raw_connection()
        self._bell: Any = bell.driver_connection
        assert self._bell is not None
        bell.detach()
        if db.engine.dialect.name == "postgresql":
            self._bell.autocommit = True

    def close(self) -> None:
        self._bell.close()

    def begin(self) -> None:
        """Take everything that stands there now as known; within `looking`."""
        self.seen = db.session.scalar(sa.select(sa.func.max(Stop.id))) or 0
        self.known = set(db.session.scalars(sa.select(Stop.id).where(Stop.id > self.seen - LOOK_BACK)))
        self.looked_at = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time for a thorough look."""
        return time.monotonic() - self.looked_at >= SECONDS

    @property
    def rung(self) -> bool:
        """Whether a stop with a higher number than the last is there."""
        cursor = self._bell.cursor()
        try:
            cursor.execute(f"SELECT 1 FROM stop WHERE id > {int(self.seen)} LIMIT 1")
            return cursor.fetchone() is not None
        finally:
            cursor.close()

    def look(self, customer_id: int) -> set[int]:
        """Return this customer's subscribers who stopped since the last look, also those committed out of order."""
        with looking():
            rows = db.session.execute(
                sa.select(Stop.id, Stop.customer_id, Stop.subscriber_id)
                .where(Stop.id > self.seen - LOOK_BACK)
                .order_by(Stop.id)
            ).all()
        self.looked_at = time.monotonic()
        fresh = [row for row in rows if row.id not in self.known]
        if fresh:
            self.seen = max(self.seen, fresh[-1].id)
            self.known = {number for number in self.known if number > self.seen - 2 * LOOK_BACK}
            self.known.update(row.id for row in fresh)
        return {row.subscriber_id for row in fresh if row.customer_id == customer_id and row.subscriber_id is not None}


def still_sending(dispatch_id: int, epoch: int) -> bool:
    """Return whether the dispatch runs and nobody paused, cancelled or resumed it since."""
    with looking():
        row = db.session.execute(sa.select(Dispatch.state, Dispatch.epoch).where(Dispatch.id == dispatch_id)).one()
    return row.state is DispatchState.sending and row.epoch == epoch


def may_send(customer_id: int) -> bool:
    """Return whether the customer's contract permits sending at this moment."""
    with looking():
        return customer_may(customer_id, Use.send)
