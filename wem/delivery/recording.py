"""Writes down what became of each recipient: many outcomes to a commit, the lease prolonged by the same commit."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.delivery.leasing import OPEN, Lease, deadline_from, lease_until, ours
from wem.delivery.models import Attempt, Batch, Delivery, DeliveryState, Dispatch, Retry
from wem.delivery.rules import without_addresses
from wem.delivery.smtp import Answer

MOST = 25
SECONDS = 0.5
# States from which a late "accepted" of a lost lease still counts: it is a fact.
_UNSETTLED = (*OPEN, DeliveryState.deferred, DeliveryState.uncertain)
_SETTLED = ("attempts", "code", "enhanced", "at", "mta_reference")
_COUNTERS = {
    DeliveryState.accepted: Dispatch.accepted,
    DeliveryState.deferred: Dispatch.deferred,
    DeliveryState.bounced: Dispatch.bounced,
    DeliveryState.suppressed: Dispatch.suppressed,
    DeliveryState.cancelled: Dispatch.cancelled,
    DeliveryState.expired: Dispatch.expired,
    DeliveryState.uncertain: Dispatch.uncertain,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recipient in this try; `due` is when it is tried again."""

    seq: int
    state: DeliveryState
    attempt: int
    at: datetime
    answer: Answer | None = None
    due: datetime | None = None


class Ledger:
    """The outcomes of one batch that are not committed yet."""

    def __init__(self, lease: Lease, host: str) -> None:
        self.lease = lease
        self.host = host
        self._waiting: list[Outcome] = []
        self._first = 0.0

    def add(self, outcome: Outcome) -> None:
        if not self._waiting:
            self._first = time.monotonic()
        self._waiting.append(outcome)

    @property
    def due(self) -> bool:
        """Whether it is time to commit: by number, by time, or to prolong the lease."""
        if self.lease.stale:
            return True
        return bool(self._waiting) and (len(self._waiting) >= MOST or time.monotonic() - self._first >= SECONDS)

    def commit(self) -> bool:
        """Write everything down and prolong the lease; returns whether the batch is still ours. Commits."""
        outcomes, began = self._waiting, time.monotonic()
        held = self._hold(len(outcomes))
        if outcomes:
            changes = self._write(outcomes) if held else self._write_facts(outcomes)
            count(self.lease.dispatch_id, changes)
        db.session.commit()
        self._waiting = []
        if held:
            self.lease.deadline, self.lease.renewed = deadline_from(began), began
        else:
            self.lease.deadline = 0.0
        return held

    def _hold(self, number: int) -> bool:
        held = db.session.execute(
            sa.update(Batch)
            .where(ours(self.lease))
            .values(lease_until=lease_until(clock.now()), open=Batch.open - number)
            .execution_options(synchronize_session=False)
        )
        return bool(held.rowcount)  # type: ignore[attr-defined]

    def _write(self, outcomes: list[Outcome]) -> Counter[DeliveryState]:
        changes: Counter[DeliveryState] = Counter()
        for state in {outcome.state for outcome in outcomes}:
            rows = [_row(outcome) for outcome in outcomes if outcome.state is state]
            done = db.session.connection().execute(_settle(self.lease.dispatch_id, state), rows)
            changes[state] += done.rowcount
        retries = [
            {"due": each.due, "dispatch_id": self.lease.dispatch_id, "seq": each.seq, "attempt": each.attempt}
            for each in outcomes
            if each.due is not None
        ]
        if retries:
            db.session.execute(sa.insert(Retry), retries)
        if attempts := [
            self._attempt(each) for each in outcomes if each.answer is not None and not each.answer.accepted
        ]:
            db.session.execute(sa.insert(Attempt), attempts)
        return changes

    def _write_facts(self, outcomes: list[Outcome]) -> Counter[DeliveryState]:
        """Write only what was accepted: whoever has the batch now decides about the rest."""
        changes: Counter[DeliveryState] = Counter()
        db.session.execute(sa.select(Dispatch.id).where(Dispatch.id == self.lease.dispatch_id).with_for_update())
        for outcome in outcomes:
            if outcome.state is not DeliveryState.accepted:
                continue
            one = sa.and_(Delivery.dispatch_id == self.lease.dispatch_id, Delivery.seq == outcome.seq)
            before = db.session.scalar(sa.select(Delivery.state).where(one).with_for_update())
            if before not in _UNSETTLED:
                continue
            row = _row(outcome)
            db.session.execute(
                sa.update(Delivery)
                .where(one)
                .values(state=outcome.state, **{name: row[f"the_{name}"] for name in _SETTLED})
                .execution_options(synchronize_session=False)
            )
            db.session.execute(
                sa.delete(Retry).where(Retry.dispatch_id == self.lease.dispatch_id, Retry.seq == outcome.seq)
            )
            changes[outcome.state] += 1
            if before in _COUNTERS:
                changes[before] -= 1
        return changes

    def _attempt(self, outcome: Outcome) -> dict[str, Any]:
        answer = outcome.answer
        assert answer is not None
        return {
            "at": outcome.at,
            "dispatch_id": self.lease.dispatch_id,
            "seq": outcome.seq,
            "number": outcome.attempt,
            "worker": self.lease.owner,
            "fence": self.lease.fence,
            "host": self.host,
            "stage": answer.stage,
            "code": answer.code,
            "enhanced": answer.enhanced,
            "reply": without_addresses(answer.text),
            "outcome": outcome.state,
        }


def count(dispatch_id: int, changes: Counter[DeliveryState]) -> None:
    """Add to the dispatch's counters, in the transaction of the rows that they count."""
    values: dict[Any, Any] = {
        _COUNTERS[state]: _COUNTERS[state] + number
        for state, number in changes.items()
        if number and state in _COUNTERS
    }
    if values:
        db.session.execute(
            sa.update(Dispatch)
            .where(Dispatch.id == dispatch_id)
            .values(values)
            .execution_options(synchronize_session=False)
        )


def _settle(dispatch_id: int, state: DeliveryState) -> sa.Update:
    table = Delivery.__table__
    return (
        sa.update(table)  # type: ignore[arg-type]
        .where(
            table.c.dispatch_id == dispatch_id,
            table.c.seq == sa.bindparam("the_seq"),
            table.c.state <= max(OPEN),  # an IN takes no part in an executemany
        )
        .values({name: sa.bindparam(f"the_{name}", type_=table.c[name].type) for name in _SETTLED} | {"state": state})
    )


def _row(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "the_seq": outcome.seq,
        "the_attempts": outcome.attempt,
        "the_code": answer.code if answer else None,
        "the_enhanced": answer.enhanced if answer else None,
        "the_at": outcome.at,
        "the_mta_reference": without_addresses(answer.text)[:100] if answer and answer.accepted else None,
    }
