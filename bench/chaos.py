"""Whether the promises hold when things die: bin/bench chaos [--runs R --kill worker|redis|db|mta|stop|… --json].

Each run sends a mailing while one thing (or `--faults` of them) fails at a random moment: a sender killed (`worker`),
killed while its commit goes to disk (`commit`), stopped for 2.2 leases (`stop`); Redis emptied or killed (`redis`); the
database crashed (`db`), its disk full (`disk`, a small one that root mounts); the clock an hour off and right again
(`clock`, the product's own or with `--libfaketime` the system's); the mail server killed (`mta`) while it also drops
replies after the final dot (0.5 %) and answers 451 (3 %) and 550 (2 %). Meanwhile some readers leave. Our own sink
notes every mail before it answers; its log is compared with the audience and the database. What would wait for minutes
(a try after 4xx, the second mail after an unseen end) is due at once. Ends with 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import bisect
import math
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bench.delivering import checking, forks, options, stage
from bench.delivering.checking import Found
from bench.delivering.clocks import FakeTime, OwnClock, begin_again_under_libfaketime
from bench.delivering.faults import FAULTS, Target
from bench.delivering.rq_workers import RealWorkers
from bench.delivering.sinks import OwnSink
from bench.delivering.stage import Stage
from bench.pace import judged
from wem import clock
from wem.db import db
from wem.delivery.models import Delivery, Dispatch, DispatchState, Retry
from wem.lists import leaving
from wem.lists.models import MailingList
from wem.lists.subscription_models import Subscriber
from wem.mailings import starting
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState

LEAVING = 10  # readers who leave during a run
PATIENCE = 300.0
LINE = 118  # about the bytes of a line in the sink's log, to know how far a run is
# No 421 and no 4.7: those slow the pace down, for minutes and on purpose.
ERRORS = {"drop": 0.005, "later": 0.03, "never": 0.02}
# These hit all connections at once; those must not double anything.
OF_ALL, OF_NONE = {"db", "mta", "disk"}, {"redis", "clock"}
DISK_MB = 384
FAR = timedelta(hours=2)  # beyond any jump of the clock
BACK_WITHIN = 20.0  # seconds after Redis is back in which mail leaves again


@dataclass
class Run:
    """One run: what happened, what it may have doubled, what was found."""

    faults: list[str]
    allowed: int
    found: Found
    seconds: float
    done: bool
    # Mailings that started before their time; seconds from the return of Redis to the next mail; mails above the rate.
    early: int = 0
    silent_s: float = 0.0
    over_rate: float = 0.0

    @property
    def broken(self) -> bool:
        found = self.found
        too_many = found.duplicates > self.allowed + found.drops or self.over_rate > 0 or self.silent_s > BACK_WITHIN
        return found.broken or not self.done or self.early > 0 or too_many


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument(
        "--kill", default="worker", help="one of, or several with commas: " + ", ".join(FAULTS) + "; or worker:3,stop:2"
    )
    parser.add_argument("--faults", type=int, default=1, help="in each run, where --kill names no numbers")
    parser.add_argument("--rate", type=int, default=0, help="mails a second, to be kept to meanwhile (with redis)")
    parser.add_argument("--libfaketime", action="store_true", help="let the system's clock jump, not the product's own")
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument(
        "--lease", type=float, default=1.5, help="seconds; 2 for redis, whose workers read whole numbers"
    )
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    options.add(parser)
    given = parser.parse_args()
    given.numbers = {
        kind: int(number or 0) for kind, _, number in (each.partition(":") for each in given.kill.split(","))
    }
    given.kill = list(given.numbers)
    if set(given.kill) - set(FAULTS):
        parser.error("--kill takes " + ", ".join(FAULTS))
    if "commit" in given.kill and given.db != "sqlite":
        parser.error("PostgreSQL commits in processes of its own; --kill db crashes them")
    with tempfile.TemporaryDirectory(prefix="wem-clock-") as folder:
        if given.libfaketime:
            begin_again_under_libfaketime(folder)
        given.clock = None
        if "clock" in given.kill:
            given.clock = FakeTime() if given.libfaketime else OwnClock()
        runs, seed = play(given)
    result = summed_up(runs, given, seed)
    options.report(result, given.json)
    return int(result["broken_runs"] > 0)


def play(given: argparse.Namespace) -> tuple[list[Run], int]:
    """Do all runs; returns them and the seed."""
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    dice = random.Random(seed)
    settings = {
        "SMTP_CONNECTIONS": str(given.connections),
        "SEND_WORKERS": str(given.processes),
        "BATCH_SIZE": str(given.batch),
        "LEASE_SECONDS": str(2 if "redis" in given.kill else given.lease),
        "CUSTOMER_RATE": f"{given.rate}/s" if given.rate else "",
    }
    with stage.staged(given.db, var=given.var, disk=DISK_MB if "disk" in given.kill else 0, **settings) as on:
        list_id = int(stage.make_list(given.recipients + given.runs * LEAVING).id)
        sink = OwnSink(on.folder, **(ERRORS if "mta" in given.kill else {}))
        on.change(SMTP_PORT=str(sink.port))
        workers = RealWorkers(on, given.processes) if "redis" in given.kill else None
        try:
            runs = []
            for number in range(given.runs):
                runs.append(one_run(on, sink, list_id, given, dice, workers))
                if not given.json or runs[-1].broken:
                    print(f"run {number + 1}: {described(runs[-1])}", file=sys.stderr, flush=True)
            return runs, seed
        finally:
            if workers:
                workers.stop()
            sink.stop()


def one_run(
    on: Stage,
    sink: OwnSink,
    list_id: int,
    given: argparse.Namespace,
    dice: random.Random,
    workers: RealWorkers | None,
) -> Run:
    """Send one mailing with its faults and look what came of it."""
    sink.clear()
    mailing = stage.make_mailing(db.session.get_one(MailingList, list_id), links=2)
    target = Target(on, sink, [], given.connections, dice, [], given.clock)
    later = scheduled_for(list_id, clock.now() + FAR) if given.clock else 0
    kinds = [kind for kind, number in given.numbers.items() for _ in range(number)]
    kinds = kinds or [dice.choice(given.kill) for _ in range(given.faults)]
    planned = sorted((dice.uniform(0.02, 0.95), kind) for kind in kinds)
    if workers:
        # With Redis gone before the audience is written down, nothing but the timetable can begin it.
        planned = [(dice.choice((0.0, share)), kind) for share, kind in planned]
        dispatch_id = int(starting.start(mailing, by=None).id)
        if planned[0][0] == 0.0:
            FAULTS[planned.pop(0)[1]](target)
            planned.insert(0, (-1.0, "redis"))
        db.session.commit()
    else:
        dispatch_id, _ = stage.snapshot(mailing)
    people = {} if workers else checking.audience(dispatch_id)
    if not workers:
        target.senders = [forks.sender(on.app, shard) for shard in range(given.processes)]
        helpers = [forks.sweeper(on.app)]
    else:
        helpers = []
    begun, happened, allowed, stopped = time.monotonic(), [], 0, dict[str, float]()
    if planned and planned[0][0] < 0:
        happened.append(planned.pop(0)[1])
    # Under libfaketime nobody can tell when somebody left.
    moments = sorted(dice.uniform(0, 0.9) for _ in range(0 if given.libfaketime else LEAVING))
    try:
        while not (done := ended(dispatch_id)) and time.monotonic() - begun < PATIENCE:
            far = sink.log.stat().st_size / LINE / given.recipients
            target.do_what_is_due()
            for fork in [*target.senders, *helpers]:
                fork.keep()
            if workers:
                workers.keep()
                if not people and written_down(dispatch_id):
                    people = checking.audience(dispatch_id)
            if planned and far >= planned[0][0]:
                time.sleep(dice.uniform(0, 0.02))
                kind = planned.pop(0)[1]
                if not ended(dispatch_id):
                    allowed += FAULTS[kind](target)
                    happened.append(kind)
            if people and moments and far >= moments[0]:
                moments.pop(0)
                stopped.update(somebody_leaves(dispatch_id, list_id, dice, len(people)))
            bring_forward(dispatch_id)
            time.sleep(0.005)
        target.wait_for_all()
        time.sleep(0.3)  # whoever was stopped and goes on now must find that it has lost its lease
    finally:
        target.wait_for_all()
        for fork in [*target.senders, *helpers]:
            fork.kill()
        if given.clock:
            given.clock.stop()
    db.session.remove()
    lines = sink.lines()
    found = checking.check(dispatch_id, people, lines, stopped)
    run = Run(happened, allowed, found, time.monotonic() - begun, done, has_started(later) if later else 0)
    arrivals = sorted(line.at for line in lines if line.arrived)
    run.silent_s = max((silence(at, arrivals) for at in target.returned), default=0.0)
    if given.rate:
        run.over_rate = max(0.0, judged(given.rate, arrivals)["worst_over_rate"] - given.rate - 1)
    return run


def scheduled_for(list_id: int, at: datetime) -> int:
    """Return a mailing that is to start at a moment. Commits."""
    mailing = stage.make_mailing(db.session.get_one(MailingList, list_id), links=2)
    mailing.state, mailing.scheduled_at = MailingState.scheduled, at
    db.session.commit()
    return int(mailing.id)


def has_started(mailing_id: int) -> int:
    """Return 1 when a scheduled mailing has started, and take it back when it has not. Commits."""
    mailing = db.session.get_one(Mailing, mailing_id, populate_existing=True)
    early = int(mailing.state is not MailingState.scheduled)
    mailing.state, mailing.scheduled_at = MailingState.draft, None
    db.session.commit()
    return early


def silence(since: float, arrivals: list[float]) -> float:
    """Return the seconds from a moment to the next mail, 0 when there is none to come."""
    place = bisect.bisect(arrivals, since)
    return arrivals[place] - since if place < len(arrivals) else 0.0


def ended(dispatch_id: int) -> bool:
    """Return whether the dispatch is done; False too while the database is away."""
    try:
        state = db.session.scalar(sa.select(Dispatch.state).where(Dispatch.id == dispatch_id))
        db.session.rollback()
    except sa.exc.DBAPIError:
        away()
        return False
    return state is DispatchState.done


def written_down(dispatch_id: int) -> bool:
    state = db.session.scalar(sa.select(Dispatch.state).where(Dispatch.id == dispatch_id))
    db.session.rollback()
    return state is not DispatchState.preparing


def bring_forward(dispatch_id: int) -> None:
    """Let time pass: what is to be tried again is due now."""
    try:
        if db.session.scalar(
            sa.select(Retry.seq).where(Retry.dispatch_id == dispatch_id, Retry.due > clock.now()).limit(1)
        ):
            db.session.rollback()
            db.session.execute(
                sa.update(Retry)
                .where(Retry.dispatch_id == dispatch_id, Retry.due > clock.now())
                .values(due=clock.now())
                .execution_options(synchronize_session=False)
            )
            db.session.commit()
        db.session.rollback()
    except sa.exc.DBAPIError:
        away()


def somebody_leaves(dispatch_id: int, list_id: int, dice: random.Random, many: int) -> dict[str, float]:
    """Have a reader leave by the product's own code; returns the address and when it was committed."""
    try:
        reader = db.session.scalars(
            sa.select(Subscriber)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(Delivery.dispatch_id == dispatch_id, Delivery.seq == dice.randint(1, many))
        ).one_or_none()
        if reader is None:
            db.session.rollback()
            return {}
        address = reader.address
        leaving.leave(reader, [list_id])
        db.session.commit()
    except sa.exc.DBAPIError:
        away()
        return {}
    return {address: time.time()}


def away() -> None:
    db.session.remove()
    db.engine.dispose()


def described(run: Run) -> str:
    found = {name: value for name, value in asdict(run.found).items() if value}
    mark = "BROKEN" if run.broken else "kept"
    return f"{mark}, {','.join(run.faults) or 'no fault'}, {run.seconds:.1f} s, may double {run.allowed}, {found}"


def summed_up(runs: list[Run], given: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Return the sums over all runs, and the worst that one fault did."""
    numbers = [field.name for field in fields(Found) if field.name != "examples"]
    sums = {name: sum(getattr(run.found, name) for run in runs) for name in numbers}
    per_fault = [
        math.ceil(max(0, run.found.duplicates - run.found.drops) / len(run.faults)) for run in runs if run.faults
    ]
    each = given.connections * (given.processes if OF_ALL & set(given.kill) else 1)
    return {
        "runs": len(runs),
        "kill": ",".join(given.kill),
        "faults": sum(len(run.faults) for run in runs),
        **sums,
        "worst_duplicates_per_fault": max(per_fault, default=0),
        "bound": 0 if set(given.kill) <= OF_NONE else each,
        "broken_runs": sum(run.broken for run in runs),
        "unfinished": sum(not run.done for run in runs),
        "longest_s": round(max(run.seconds for run in runs), 1),
        "connections": given.connections,
        "processes": given.processes,
        "db": given.db,
        "seed": seed,
        **({"clock": given.clock.name, "early": sum(run.early for run in runs)} if given.clock else {}),
        **({"longest_silence_s": round(max(run.silent_s for run in runs), 1)} if "redis" in given.kill else {}),
        **({"rate": given.rate, "most_over_rate": max(run.over_rate for run in runs)} if given.rate else {}),
    }


if __name__ == "__main__":
    options.run(main)
