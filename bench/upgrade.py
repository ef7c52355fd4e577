"""Whether an upgrade in the middle of a mailing harms nobody: bin/bench upgrade [--from REVISION --runs R --json].

The older version (by default that before the newest migration) sets its database up, writes a mailing down and begins
to send it with its own workers and timetable. In the middle these are told to stop, in every second run killed; the
present version migrates the database, and its workers go on. Our own sink's log is compared with audience and
database. Ends with 1 when somebody got nothing, or more got it twice than kills allow.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bench.delivering import checking, databases, options, stage
from bench.delivering.checking import Found
from bench.delivering.databases import NotHere
from bench.delivering.rq_workers import RealWorkers
from bench.delivering.sinks import OwnSink
from bench.delivering.stage import Redis, Stage
from wem import create_app
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.settings import ROOT

PATIENCE = 600.0
MINUTE = 60.0
# Run in the older version's folder, with its modules.
BEGIN = """
import sys
from flask_migrate import upgrade
from bench.delivering import stage
from wem import create_app
from wem.db import db
from wem.mailings import starting
with create_app().app_context():
    upgrade("migrations")
    db.session.remove()
    dispatch = starting.start(stage.make_mailing(stage.make_list(int(sys.argv[1])), links=2), by=None)
    number = dispatch.id
    db.session.commit()
    print(number)
"""


@dataclass
class Run:
    """One upgrade: what it may have doubled, and what was found."""

    killed: bool
    allowed: int
    found: Found
    sent_by_old: int
    seconds: float
    done: bool

    @property
    def broken(self) -> bool:
        return self.found.broken or not self.done or self.found.duplicates > self.allowed


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench upgrade", description=__doc__)
    parser.add_argument("--from", dest="older", default="", help="a revision of Git")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None)
    options.add(parser)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    dice, runs = random.Random(seed), []
    with tempfile.TemporaryDirectory(prefix="wem-older-", dir=given.var or "/tmp") as folder:
        older = unpacked(given.older or before_newest_migration(), Path(folder))
        between = {path.name for path in (ROOT / "migrations/versions").glob("*.py")}
        between -= {path.name for path in (older / "migrations/versions").glob("*.py")}
        for number in range(given.runs):
            runs.append(one_run(older, given, dice, killed=bool(number % 2)))
            if not given.json or runs[-1].broken:
                print(f"run {number + 1}: {asdict(runs[-1])}", file=sys.stderr, flush=True)
    result = summed_up(runs, given, seed) | {"migrations": sorted(between)}
    options.report(result, given.json)
    return int(result["broken_runs"] > 0)


def git(*words: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotHere(f"an upgrade is not run: the history is not here, git {words[0]} says {error}") from error


def before_newest_migration() -> str:
    """Return the revision before the one that changed the tables last; raises NotHere."""
    return git("log", "-1", "--format=%H", "--", "migrations/versions").decode().strip() + "^"


def unpacked(revision: str, folder: Path) -> Path:
    """Return the folder with the files of a revision; raises NotHere."""
    files = git("archive", revision)
    subprocess.run(["tar", "-x", "-C", folder], input=files, check=True)
    return folder


@contextmanager
def older_stage(older: Path, given: argparse.Namespace) -> Iterator[tuple[Stage, OwnSink]]:
    """Give an installation with nothing in its database, and a sink."""
    folder = Path(tempfile.mkdtemp(prefix="wem-bench-", dir=given.var or "/tmp"))
    running: list[Any] = []
    try:
        (folder / "var").mkdir()
        running.append(database := databases.make(given.db, folder))
        running.append(redis := Redis(folder))
        running.append(sink := OwnSink(folder))
        changed = {"SMTP_PORT": str(sink.port), "SMTP_CONNECTIONS": str(given.connections), "LEASE_SECONDS": "2"}
        changed |= {"SEND_WORKERS": str(given.processes), "BATCH_SIZE": "200"}
        app = create_app(stage.settings_of(folder, database, **changed))
        with app.app_context():
            yield Stage(folder, database, redis, app), sink
            db.session.remove()
            db.engine.dispose()
    finally:
        for each in reversed(running):
            each.stop()
        subprocess.run(["rm", "-rf", folder], check=False)


def one_run(older: Path, given: argparse.Namespace, dice: random.Random, *, killed: bool) -> Run:
    begun = time.monotonic()
    with older_stage(older, given) as (on, sink):
        dispatch_id = int(in_folder(older, on, ["-c", BEGIN, str(given.recipients)]))
        workers = RealWorkers(on, given.processes, root=older)
        try:
            share = dice.uniform(0.1, 0.7)
            wait_for(lambda: sink.messages >= share * given.recipients, workers)
            workers.stop() if killed else workers.stop_gently(MINUTE)
        finally:
            workers.stop()
        sent_by_old = sink.messages
        in_folder(ROOT, on, ["-m", "wem.cli", "migrate"])
        people = checking.audience(dispatch_id)
        workers = RealWorkers(on, given.processes)
        try:
            done = wait_for(lambda: ended(dispatch_id), workers)
        finally:
            workers.stop()
        db.session.remove()
        found = checking.check(dispatch_id, people, sink.lines(), {})
    allowed = given.connections * given.processes if killed else 0
    return Run(
        killed, allowed, found, sent_by_old, time.monotonic() - begun, done and found.recipients == given.recipients
    )


def in_folder(root: Path, on: Stage, arguments: list[str]) -> str:
    """Run Python with the modules of a folder and return what it printed last."""
    values = {name: str(value) for name, value in dataclasses.asdict(on.settings).items()}
    environment = {"PATH": os.defpath, "PYTHONPATH": str(root), **values}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[:2]} failed: {done.stderr[-2000:]}")
    return (done.stdout.strip().splitlines() or [""])[-1]


def wait_for(what: Any, workers: RealWorkers) -> bool:
    """Return whether it came to be within our patience."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if what():
            return True
        workers.keep()
        time.sleep(0.02)
    return False


def ended(dispatch_id: int) -> bool:
    state = db.session.get_one(Dispatch, dispatch_id, populate_existing=True).state
    db.session.rollback()
    return state is DispatchState.done


def summed_up(runs: list[Run], given: argparse.Namespace, seed: int) -> dict[str, Any]:
    numbers = [field.name for field in fields(Found) if field.name != "examples"]
    return {
        "runs": len(runs),
        "killed_runs": sum(run.killed for run in runs),
        **{name: sum(getattr(run.found, name) for run in runs) for name in numbers},
        "worst_duplicates": max(run.found.duplicates for run in runs),
        "bound_when_killed": given.connections * given.processes,
        "sent_by_old": [run.sent_by_old for run in runs],
        "broken_runs": sum(run.broken for run in runs),
        "longest_s": round(max(run.seconds for run in runs), 1),
        "processes": given.processes,
        "db": given.db,
        "seed": seed,
    }


if __name__ == "__main__":
    options.run(main)
