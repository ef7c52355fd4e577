"""What a sender looks at while it sends: the numbered stops, the dispatch's epoch, the contract."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.contracts.stop_models import Stop
from wem.db import db, driver_connection, driver_error, reading_only
from wem.delivery.leasing import Lease
from wem.delivery.models import Batch, BatchState, Dispatch, DispatchState

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
        self._bell: Any = None

    def close(self) -> None:
        bell, self._bell = self._bell, None
        if bell is not None:
            bell.close()

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
        """Whether a stop with a higher number than the last is there; a bell that broke has rung."""
        try:
            if self._bell is None:
                self._bell = driver_connection()
            cursor = self._bell.cursor()
            try:
                cursor.execute(f"SELECT 1 FROM stop WHERE id > {int(self.seen)} LIMIT 1")
                return cursor.fetchone() is not None
            finally:
                cursor.close()
        except driver_error():
            self.close()
            return True

    def look(self) -> set[tuple[int, int]]:
        """Return (customer, subscriber) of those who stopped since the last look, also those committed out of order."""
        began = time.monotonic()
        with looking():
            rows = db.session.execute(
                sa.select(Stop.id, Stop.customer_id, Stop.subscriber_id)
                .where(Stop.id > self.seen - LOOK_BACK)
                .order_by(Stop.id)
            ).all()
        self.looked_at = began
        fresh = [row for row in rows if row.id not in self.known]
        if fresh:
            self.seen = max(self.seen, fresh[-1].id)
            self.known = {number for number in self.known if number > self.seen - 2 * LOOK_BACK}
            self.known.update(row.id for row in fresh)
        return {(row.customer_id, row.subscriber_id) for row in fresh if row.subscriber_id is not None}


def running(dispatch_ids: Collection[int]) -> dict[int, tuple[DispatchState, int]]:
    """Return the state and epoch of dispatches: who has an older epoch missed a pause, a cancel or a resume."""
    if not dispatch_ids:
        return {}
    with looking():
        rows = db.session.execute(
            sa.select(Dispatch.id, Dispatch.state, Dispatch.epoch).where(Dispatch.id.in_(dispatch_ids))
        )
        return {row.id: (row.state, row.epoch) for row in rows}


def taken_over(leases: Collection[Lease]) -> set[tuple[int, int]]:
    """Return (dispatch, number) of those that are ours no longer: other clocks than ours may have run ahead."""
    if not leases:
        return set()
    batch = sa.tuple_(Batch.dispatch_id, Batch.number)
    with looking():
        rows = db.session.execute(
            sa.select(Batch.dispatch_id, Batch.number, Batch.fence).where(
                batch.in_([(lease.dispatch_id, lease.number) for lease in leases]), Batch.state == BatchState.leased
            )
        )
        fences = {(row.dispatch_id, row.number): row.fence for row in rows}
    return {
        (lease.dispatch_id, lease.number)
        for lease in leases
        if fences.get((lease.dispatch_id, lease.number)) != lease.fence
    }


def may_send(customer_id: int) -> bool:
    """Return whether the customer's contract permits sending at this moment."""
    with looking():
        return customer_may(customer_id, Use.send)
