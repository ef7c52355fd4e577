"""What may happen to whom: each fault as an act on a running installation, and how many doubles it may cause."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.delivering.databases import Postgres
from bench.delivering.forks import Fork
from bench.delivering.sinks import OwnSink
from bench.delivering.stage import Stage
from wem import queue

STOPPED_LEASES = 2.2  # for how many leases a stopped process stands still


@dataclass
class Target:
    """Whom faults hit."""

    stage: Stage
    sink: OwnSink
    senders: list[Fork]
    connections: int
    dice: random.Random
    # What is to be done later, each with its time (monotonic).
    later: list[tuple[float, Callable[[], None]]]

    @property
    def all_connections(self) -> int:
        return self.connections * len(self.senders)

    def do_what_is_due(self) -> None:
        at = time.monotonic()
        for due, act in list(self.later):
            if at >= due:
                self.later.remove((due, act))
                act()

    def wait_for_all(self) -> None:
        """Return when nothing is left to be done."""
        while self.later:
            self.do_what_is_due()
            time.sleep(0.01)


def kill_worker(target: Target) -> int:
    """SIGKILL one sender; it is begun again at once, as systemd would. Returns the doubles that may follow."""
    victim = target.dice.choice(target.senders)
    victim.kill()
    victim.start()
    return target.connections


def stop_worker(target: Target) -> int:
    """SIGSTOP one sender for longer than its lease, then let it go on."""
    victim = target.dice.choice(target.senders)
    pid = victim.pid
    victim.signal(signal.SIGSTOP)

    def go_on() -> None:
        if victim.pid == pid:
            victim.signal(signal.SIGCONT)

    target.later.append((time.monotonic() + STOPPED_LEASES * target.stage.settings.lease_seconds, go_on))
    return target.connections


def restart_database(target: Target) -> int:
    """Crash the database; SQLite has no server, so every process that uses it dies at the same moment."""
    database = target.stage.database
    if isinstance(database, Postgres):
        database.crash()
        time.sleep(target.dice.uniform(0, 1))
        database.start()
    else:
        for victim in target.senders:
            victim.signal(signal.SIGKILL)
        for victim in target.senders:
            victim.kill()
            victim.start()
    return target.all_connections


def kill_mta(target: Target) -> int:
    """SIGKILL the mail server in the middle of its mails; it comes back within a second."""
    target.sink.stop()
    target.later.append((time.monotonic() + target.dice.uniform(0.1, 1), target.sink.start))
    return target.all_connections


def lose_redis(target: Target) -> int:
    """FLUSHALL, or SIGKILL and some seconds away, with or without its data. Nothing may be doubled by that."""
    redis = target.stage.redis
    if target.dice.random() < 0.5:
        with target.stage.app.app_context():
            queue.connection().flushall()
        return 0
    redis.stop()
    if target.dice.random() < 0.5:
        shutil.rmtree(redis.folder / "redis")
    target.later.append((time.monotonic() + target.dice.uniform(1, 10), redis.start))
    return 0


FAULTS: dict[str, Callable[[Target], int]] = {
    "worker": kill_worker,
    "stop": stop_worker,
    "db": restart_database,
    "mta": kill_mta,
    "redis": lose_redis,
}
