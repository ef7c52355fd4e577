"""Compares what the sink noted with the audience and with the database: the history is the judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from bench.delivering.sinks import Taken
from wem.db import db
from wem.delivery.models import Delivery, DeliveryState, Dispatch
from wem.lists.subscription_models import Subscriber

EXAMPLES = 3
GRACE = 1.0  # seconds after a committed stop in which a mail may still leave
COUNTERS = ("accepted", "deferred", "bounced", "suppressed", "cancelled", "expired", "uncertain")


@dataclass
class Found:
    """What one run showed. All but duplicates, drops, refused and uncertain must be 0."""

    recipients: int = 0
    lost: int = 0
    unexpected: int = 0
    falsely_accepted: int = 0
    falsely_bounced: int = 0
    not_settled: int = 0
    changed_ids: int = 0
    wrong_counters: int = 0
    duplicates: int = 0
    drops: int = 0
    refused: int = 0
    uncertain: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        return bool(
            self.lost
            + self.unexpected
            + self.falsely_accepted
            + self.falsely_bounced
            + self.not_settled
            + self.changed_ids
            + self.wrong_counters
        )


def audience(dispatch_id: int) -> dict[str, int]:
    """Return address and seq of everybody whom the dispatch is to reach; ask before readers leave."""
    rows = db.session.execute(
        sa.select(Subscriber.address, Delivery.seq)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.dispatch_id == dispatch_id)
    )
    found = dict(iter(rows))
    db.session.rollback()
    return found


def check(dispatch_id: int, people: dict[str, int], lines: Iterable[Taken], stopped: dict[str, float]) -> Found:
    """Return what became of everybody; `stopped` is when somebody's stop was committed (epoch seconds)."""
    lines = list(lines)
    arrived = [line for line in lines if line.arrived]
    copies = Counter(line.recipient for line in arrived)
    refused = {line.recipient for line in lines if line.what == "550"}
    found = Found(recipients=len(people), refused=len(refused), drops=sum(line.what == "dropped" for line in lines))
    late = [line for line in arrived if line.recipient in stopped and line.at > stopped[line.recipient] + GRACE]
    found.unexpected = sum(copies[each] for each in copies.keys() - people.keys()) + len(late)
    found.duplicates = sum(number - 1 for number in copies.values())
    ids: dict[str, set[str]] = {}
    for line in arrived:
        ids.setdefault(line.recipient, set()).add(line.message_id)
    found.changed_ids = sum(len(each) > 1 for each in ids.values())
    states = _states(dispatch_id)
    for address, seq in people.items():
        _judge(found, address, states[seq], copies[address], address in refused, address in stopped)
    found.wrong_counters = _wrong_counters(dispatch_id, Counter(states.values()))
    found.examples += [
        f"{line.recipient} {line.at - stopped[line.recipient]:.1f} s after the stop" for line in late[:3]
    ]
    return found


def _judge(found: Found, address: str, state: DeliveryState, copies: int, refused: bool, stopped: bool) -> None:
    before = (found.lost, found.falsely_accepted, found.falsely_bounced, found.not_settled)
    match state:
        case DeliveryState.accepted:
            found.falsely_accepted += not copies
        case DeliveryState.uncertain:
            # Visible, not lost: nobody saw how the second try ended either.
            found.uncertain += 1
        case DeliveryState.bounced:
            found.falsely_bounced += not refused
        case DeliveryState.suppressed:
            found.lost += not stopped
        case _:
            found.not_settled += 1
            found.lost += not copies
    if (found.lost, found.falsely_accepted, found.falsely_bounced, found.not_settled) != before and len(
        found.examples
    ) < EXAMPLES:
        found.examples.append(f"{address} is {state.name} and got {copies}")


def _states(dispatch_id: int) -> dict[int, DeliveryState]:
    rows = db.session.execute(sa.select(Delivery.seq, Delivery.state).where(Delivery.dispatch_id == dispatch_id))
    found = {seq: DeliveryState(state) for seq, state in rows}
    db.session.rollback()
    return found


def _wrong_counters(dispatch_id: int, counted: Counter[DeliveryState]) -> int:
    dispatch = db.session.get_one(Dispatch, dispatch_id, populate_existing=True)
    wrong = sum(getattr(dispatch, name) != counted[DeliveryState[name]] for name in COUNTERS)
    db.session.rollback()
    return wrong
