"""Whether a pause is one: bin/bench pause [--runs R --recipients N --connections C --processes P --db … --json].

Each run pauses a mailing at random moments, looks whether one more mail arrives after `paused` could be read, and lets
it go on; half of the runs cancel it in the end. Then every reader must be accounted for exactly once. Ends with 1 when
a promise is broken.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bench.delivering import checking, forks, options, stage
from bench.delivering.forks import Fork
from bench.delivering.sinks import OwnSink
from bench.delivering.stage import Stage
from wem.db import db
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchState
from wem.lists.models import MailingList
from wem.mailings import controlling
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState, NotPossible

PATIENCE = 120.0
STANDS_STILL = (0.2, 1.0)  # seconds between "paused" and going on
OVER = (MailingState.done, MailingState.cancelled)


@dataclass
class Run:
    """What one run showed; all but the waits and whether it was cancelled must be 0."""

    cancelled: bool
    pauses: int
    after_rest: int
    lost: int
    duplicates: int
    falsely_accepted: int
    not_settled: int
    waits: list[float]

    @property
    def broken(self) -> bool:
        return bool(self.after_rest + self.lost + self.duplicates + self.falsely_accepted + self.not_settled)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench pause", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--recipients", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=None)
    options.add(parser)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    runs = play(given, random.Random(seed))
    waits = [wait for run in runs for wait in run.waits]
    result: dict[str, Any] = {
        "runs": len(runs),
        "recipients": given.recipients * len(runs),
        "pauses": sum(run.pauses for run in runs),
        "cancelled_runs": sum(run.cancelled for run in runs),
        "after_rest": sum(run.after_rest for run in runs),
        "lost": sum(run.lost for run in runs),
        "duplicates": sum(run.duplicates for run in runs),
        "falsely_accepted": sum(run.falsely_accepted for run in runs),
        "not_settled": sum(run.not_settled for run in runs),
        "broken_runs": sum(run.broken for run in runs),
        "until_rest_median_s": round(statistics.median(waits), 3) if waits else None,
        "until_rest_longest_s": round(max(waits), 3) if waits else None,
        "processes": given.processes,
        "db": given.db,
        "seed": seed,
    }
    options.report(result, given.json)
    return int(result["broken_runs"] > 0)


def play(given: argparse.Namespace, dice: random.Random) -> list[Run]:
    settings = {"SMTP_CONNECTIONS": str(given.connections), "SEND_WORKERS": str(given.processes)}
    with stage.staged(given.db, var=given.var, **settings) as on:
        list_id = int(stage.make_list(given.recipients).id)
        sink = OwnSink(on.folder)
        on.change(SMTP_PORT=str(sink.port))
        try:
            return [one_run(on, sink, list_id, given, dice) for _ in range(given.runs)]
        finally:
            sink.stop()


def one_run(on: Stage, sink: OwnSink, list_id: int, given: argparse.Namespace, dice: random.Random) -> Run:
    sink.clear()
    mailing = stage.make_mailing(db.session.get_one(MailingList, list_id), links=2)
    mailing_id, dispatch_id = int(mailing.id), stage.snapshot(mailing)[0]
    people = checking.audience(dispatch_id)
    workers = [forks.sender(on.app, shard) for shard in range(given.processes)] + [forks.sweeper(on.app)]
    rests: list[tuple[float, float]] = []
    waits: list[float] = []
    try:
        cancels = dice.random() < 0.5
        for _ in range(dice.randint(1, 3)):
            wait(mailing_id, OVER, dice.uniform(0.05, 0.8), workers)
            if (waited := to_rest(mailing_id, dispatch_id, controlling.pause, workers)) is None:
                break
            waits.append(waited)
            rested = time.time()
            time.sleep(dice.uniform(*STANDS_STILL))
            rests.append((rested, time.time()))
            if cancels and dice.random() < 0.3:
                break
            # As a person does: the button to go on is there once the mailing itself is shown as paused.
            wait(mailing_id, (MailingState.paused, *OVER), PATIENCE, workers)
            if not act(mailing_id, controlling.resume):
                break
        if cancels:
            wait(mailing_id, OVER, dice.uniform(0.0, 0.3), workers)
            if (waited := to_rest(mailing_id, dispatch_id, controlling.cancel, workers)) is not None:
                waits.append(waited)
                rests.append((time.time(), time.time() + 3600))
                time.sleep(0.3)
        wait(mailing_id, OVER, PATIENCE, workers)
    finally:
        for fork in workers:
            fork.kill()
    return judged(sink, dispatch_id, people, rests, waits)


def judged(
    sink: OwnSink, dispatch_id: int, people: dict[str, int], rests: list[tuple[float, float]], waits: list[float]
) -> Run:
    db.session.remove()
    arrived = [line for line in sink.lines() if line.arrived]
    copies = Counter(line.recipient for line in arrived)
    rows = db.session.execute(sa.select(Delivery.seq, Delivery.state).where(Delivery.dispatch_id == dispatch_id))
    states = {seq: DeliveryState(state) for seq, state in rows}
    state = db.session.get_one(Dispatch, dispatch_id).state
    db.session.rollback()
    settled = {DeliveryState.accepted} | ({DeliveryState.cancelled} if state is DispatchState.cancelled else set())
    return Run(
        cancelled=state is DispatchState.cancelled,
        pauses=len(rests),
        after_rest=sum(begun < line.at < ended for line in arrived for begun, ended in rests),
        lost=sum(not copies[who] and states[seq] is not DeliveryState.cancelled for who, seq in people.items()),
        duplicates=sum(number - 1 for number in copies.values()),
        falsely_accepted=sum(not copies[who] and states[seq] is DeliveryState.accepted for who, seq in people.items()),
        not_settled=sum(each not in settled for each in states.values())
        + sum(copies[who] and states[seq] is DeliveryState.cancelled for who, seq in people.items()),
        waits=waits,
    )


def act(mailing_id: int, what: Any) -> bool:
    """Do what a person presses; False when it is too late for that."""
    try:
        what(db.session.get_one(Mailing, mailing_id, populate_existing=True), by=None)
        db.session.commit()
    except NotPossible:
        db.session.rollback()
        return False
    return True


def to_rest(mailing_id: int, dispatch_id: int, what: Any, workers: list[Fork]) -> float | None:
    """Pause or cancel and wait until it can be read that it stands; returns the seconds, None when it was over."""
    begun = time.monotonic()
    if not act(mailing_id, what):
        return None
    standing = (DispatchState.paused, DispatchState.cancelled, DispatchState.done)
    while time.monotonic() - begun < PATIENCE:
        for fork in workers:
            fork.keep()
        state = db.session.scalar(sa.select(Dispatch.state).where(Dispatch.id == dispatch_id))
        db.session.rollback()
        if state in standing:
            return None if state is DispatchState.done else time.monotonic() - begun
        time.sleep(0.005)
    raise RuntimeError("it does not come to rest")


def wait(mailing_id: int, states: tuple[MailingState, ...], seconds: float, workers: list[Fork]) -> None:
    """Wait for one of the states, but no longer than so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for fork in workers:
            fork.keep()
        state = db.session.scalar(sa.select(Mailing.state).where(Mailing.id == mailing_id))
        db.session.rollback()
        if state in states:
            return
        time.sleep(0.01)


if __name__ == "__main__":
    options.run(main)
