"""Writes down what became of each recipient: all outcomes at hand in one transaction, leases prolonged by the same."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from wem import clock
from wem.db import db, insert_ignoring
from wem.delivery.facts import Facts, Standing
from wem.delivery.leasing import OPEN, Lease, deadline_from, lease_until, ours
from wem.delivery.models import Attempt, Batch, Delivery, DeliveryState, Dispatch, Retry
from wem.delivery.outcomes import Outcome
from wem.delivery.rules import without_addresses

log = logging.getLogger("wem.delivery")

# Seconds before what the database refused is asked of it again; then the run is given up.
AGAIN = (0.2, 1.0, 3.0)
# States from which a late "accepted" of a lost lease still counts: it is a fact.
_UNSETTLED = (
    *OPEN,
    DeliveryState.deferred,
    DeliveryState.uncertain,
    DeliveryState.suppressed,
    DeliveryState.cancelled,
    DeliveryState.expired,
)
_SETTLED = ("attempts", "code", "enhanced", "at", "mta_reference")
# The columns of the dispatch that count them have their names.
_COUNTERS = frozenset(DeliveryState) - {*OPEN}
Entry = tuple[Lease, Outcome]
_Got = TypeVar("_Got")


class _OutOfTurn(Exception):
    """A mail that was accepted is not open any more: somebody else had its batch meanwhile."""


class Ledger:
    """Writes outcomes of any batches; `host` is the mail server that gave the answers. Close it in the end."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._facts = Facts()

    def close(self) -> None:
        self._facts.close()

    def commit(self, entries: Sequence[Entry], renew: Iterable[Lease] = ()) -> dict[int, Standing]:
        """Write everything down in one transaction, and prolong leases.

        Returns state and epoch of the dispatches that were written to. What was accepted is a fact; everything else is
        written only where the lease still holds, and the lease is marked as lost where it does not. Writing the same
        again changes nothing. Commits.
        """
        renewing = {id(lease): lease for lease in renew}
        # Who only has facts to tell needs to ask nobody.
        asking = renewing | {id(lease): lease for lease, each in entries if each.state is not DeliveryState.accepted}
        if entries and not asking and (standings := self._facts.write(_by_dispatch(entries))) is not None:
            return standings
        began = time.monotonic()
        for lease in sorted(asking.values(), key=lambda lease: (lease.dispatch_id, lease.number)):
            _hold(lease)
        try:
            changes = self._write(entries, one_by_one=False)
        except _OutOfTurn:
            db.session.rollback()
            # Whose mail it was may have lost more than that: until its next renewal it would send what others send.
            asking = {id(lease): lease for lease, _ in entries} | renewing
            for lease in sorted(asking.values(), key=lambda lease: (lease.dispatch_id, lease.number)):
                _hold(lease)
            changes = self._write(entries, one_by_one=True)
        states = {dispatch_id: count(dispatch_id, changes[dispatch_id]) for dispatch_id in sorted(changes)}
        db.session.commit()
        for lease in asking.values():
            if lease.lost:
                lease.deadline = 0.0
            else:
                lease.deadline, lease.renewed = deadline_from(began), began
        return {dispatch_id: state for dispatch_id, state in states.items() if state is not None}

    def _write(self, entries: Sequence[Entry], one_by_one: bool) -> dict[int, Counter[DeliveryState]]:
        changes: dict[int, Counter[DeliveryState]] = defaultdict(Counter)
        accepted = [entry for entry in entries if entry[1].state is DeliveryState.accepted]
        others: dict[tuple[int, DeliveryState], list[Entry]] = defaultdict(list)
        for lease, outcome in entries:
            if outcome.state is not DeliveryState.accepted and not lease.lost:
                others[lease.dispatch_id, outcome.state].append((lease, outcome))
        if one_by_one:
            _write_facts(accepted, changes)
        elif accepted:
            rows = [_row(lease.dispatch_id, outcome) for lease, outcome in accepted]
            done = db.session.connection().execute(_settled(DeliveryState.accepted), rows)
            if done.rowcount != len(rows):
                raise _OutOfTurn
            for lease, _ in accepted:
                changes[lease.dispatch_id][DeliveryState.accepted] += 1
        for (dispatch_id, state), group in sorted(others.items()):
            rows = [_row(dispatch_id, outcome) for _, outcome in group]
            done = db.session.connection().execute(_settled(state), rows)
            changes[dispatch_id][state] += done.rowcount
        self._write_attempts([entry for group in others.values() for entry in group])
        return changes

    def _write_attempts(self, entries: Sequence[Entry]) -> None:
        """Write down answers that were not a plain yes, and when they are tried again."""
        seen = _uncertain_before(entries)
        retries = [
            {"due": each.due, "dispatch_id": lease.dispatch_id, "seq": each.seq, "attempt": each.attempt}
            for lease, each in entries
            # Nobody saw its end twice: it is sent again once, not for ever.
            if each.due is not None and (lease.dispatch_id, each.seq) not in seen
        ]
        if retries:
            db.session.execute(insert_ignoring(Retry.__table__), retries)
        if told := [self._attempt(lease, each) for lease, each in entries if each.answer is not None]:
            db.session.execute(sa.insert(Attempt), told)

    def _attempt(self, lease: Lease, outcome: Outcome) -> dict[str, Any]:
        answer = outcome.answer
        assert answer is not None
        return {
            "at": outcome.at,
            "dispatch_id": lease.dispatch_id,
            "seq": outcome.seq,
            "number": outcome.attempt,
            "worker": lease.owner,
            "fence": lease.fence,
            "host": self.host,
            "stage": answer.stage,
            "code": answer.code,
            "enhanced": answer.enhanced,
            "reply": without_addresses(answer.text),
            "outcome": outcome.state,
        }


def _by_dispatch(entries: Sequence[Entry]) -> dict[int, list[Outcome]]:
    found: dict[int, list[Outcome]] = defaultdict(list)
    for lease, outcome in entries:
        found[lease.dispatch_id].append(outcome)
    return found


def _hold(lease: Lease) -> None:
    held = db.session.execute(
        sa.update(Batch)
        .where(ours(lease))
        .values(owner=lease.owner, lease_until=lease_until(clock.now()))
        .execution_options(synchronize_session=False)
    )
    lease.lost = not held.rowcount  # type: ignore[attr-defined]


def _write_facts(accepted: Sequence[Entry], changes: dict[int, Counter[DeliveryState]]) -> None:
    """Write what was accepted where the mail may have had another fate since; each counts once."""
    for lease, outcome in sorted(accepted, key=lambda entry: (entry[0].dispatch_id, entry[1].seq)):
        one = sa.and_(Delivery.dispatch_id == lease.dispatch_id, Delivery.seq == outcome.seq)
        before = db.session.scalar(sa.select(Delivery.state).where(one).with_for_update())
        if before not in _UNSETTLED:
            continue
        row = _row(lease.dispatch_id, outcome)
        db.session.execute(
            sa.update(Delivery)
            .where(one)
            .values(state=outcome.state, **{name: row[f"the_{name}"] for name in _SETTLED})
            .execution_options(synchronize_session=False)
        )
        db.session.execute(sa.delete(Retry).where(Retry.dispatch_id == lease.dispatch_id, Retry.seq == outcome.seq))
        changes[lease.dispatch_id][outcome.state] += 1
        if before in _COUNTERS:
            changes[lease.dispatch_id][before] -= 1


def _uncertain_before(entries: Sequence[Entry]) -> set[tuple[int, int]]:
    """Return (dispatch, seq) of those whose end is unseen now and was unseen once already."""
    asked: dict[int, list[int]] = defaultdict(list)
    for lease, outcome in entries:
        if outcome.state is DeliveryState.uncertain and outcome.due is not None:
            asked[lease.dispatch_id].append(outcome.seq)
    return {
        (dispatch_id, seq)
        for dispatch_id, seqs in asked.items()
        for seq in db.session.scalars(
            sa.select(Attempt.seq).where(
                Attempt.dispatch_id == dispatch_id, Attempt.seq.in_(seqs), Attempt.outcome == DeliveryState.uncertain
            )
        )
    }


def count(dispatch_id: int, changes: Counter[DeliveryState]) -> Standing | None:
    """Add to the dispatch's counters, in the transaction of the rows that they count; returns its state and epoch."""
    numbers = {state: number for state, number in sorted(changes.items()) if number and state in _COUNTERS}
    if not numbers:
        return None
    given = {f"more_{state.name}": number for state, number in numbers.items()}
    row = db.session.connection().execute(_counted(tuple(numbers)), {"the_dispatch": dispatch_id, **given}).one()
    return row.state, row.epoch


@cache
def _counted(states: tuple[DeliveryState, ...]) -> Any:
    """Return the statement that adds to these counters: it is needed for every group of outcomes, so it is kept."""
    table = Dispatch.__table__
    more = {state.name: table.c[state.name] + sa.bindparam(f"more_{state.name}", type_=sa.Integer) for state in states}
    return (
        sa.update(table)  # type: ignore[arg-type]
        .where(table.c.id == sa.bindparam("the_dispatch"))
        .values(more)
        .returning(table.c.state, table.c.epoch)
    )


def insisting(act: Callable[[], _Got]) -> _Got:
    """Do what must not be done twice in vain: a database that was restarted, or a deadlock, is asked again.

    Raises what the database raised when it goes on refusing. Nothing is sent meanwhile.
    """
    for wait in AGAIN:
        try:
            return act()
        except sa.exc.DBAPIError as error:
            log.warning("the database refused: %s", type(error.orig).__name__)
            db.session.rollback()
            time.sleep(wait)
    return act()


@cache
def _settled(state: DeliveryState) -> sa.Update:
    table = Delivery.__table__
    return (
        sa.update(table)  # type: ignore[arg-type]
        .where(
            table.c.dispatch_id == sa.bindparam("the_dispatch"),
            table.c.seq == sa.bindparam("the_seq"),
            table.c.state <= max(OPEN),  # an IN takes no part in an executemany
        )
        .values({name: sa.bindparam(f"the_{name}", type_=table.c[name].type) for name in _SETTLED} | {"state": state})
    )


def _row(dispatch_id: int, outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "the_dispatch": dispatch_id,
        "the_seq": outcome.seq,
        "the_attempts": outcome.attempt,
        "the_code": answer.code if answer else None,
        "the_enhanced": answer.enhanced if answer else None,
        "the_at": outcome.at,
        "the_mta_reference": outcome.mta_reference,
    }
