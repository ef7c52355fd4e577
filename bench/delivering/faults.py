"""What may happen to whom: each fault as an act on a running installation, and how many doubles it may cause."""

from __future__ import annotations

import platform
import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.delivering.clocks import Clock
from bench.delivering.databases import NotHere, Postgres
from bench.delivering.forks import Fork
from bench.delivering.sinks import OwnSink
from bench.delivering.stage import Stage
from wem import queue

STOPPED_LEASES = 2.2  # for how many leases a stopped process stands still
JUMPS = (-3600.0, 3600.0)
# Numbers of fsync and fdatasync, as /proc tells what a thread is doing.
SYNCING = {"x86_64": {b"74", b"75"}, "aarch64": {b"82", b"83"}}
SECONDS_TO_MEET_A_COMMIT = 5.0


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
    clock: Clock | None = None
    off: float = 0.0  # seconds by which the clock is wrong at present
    # Epoch seconds at which Redis was there again.
    returned: list[float] = field(default_factory=list)

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


def kill_in_commit(target: Target) -> int:
    """SIGKILL one sender while the system writes its commit to disk; as `kill_worker` else. Raises NotHere."""
    victim = target.dice.choice(target.senders)
    numbers = SYNCING.get(platform.machine())
    if numbers is None:
        raise NotHere("a kill during a commit is not run: the numbers of system calls of this machine are not known")
    deadline = time.monotonic() + SECONDS_TO_MEET_A_COMMIT
    while time.monotonic() < deadline and not _is_syncing(victim.pid, numbers):
        pass
    victim.kill()
    victim.start()
    return target.connections


def _is_syncing(pid: int, numbers: set[bytes]) -> bool:
    for thread in Path(f"/proc/{pid}/task").glob("*/syscall"):
        try:
            if thread.read_bytes().split(b" ", 1)[0] in numbers:
                return True
        except PermissionError as error:
            raise NotHere("a kill during a commit is not run: only root may see what a process does") from error
        except OSError:
            continue
    return False


def jump(target: Target) -> int:
    """Move the clock of all processes by an hour, there and back again another time. Nothing may be doubled by that."""
    assert target.clock is not None
    target.off = 0.0 if target.off else target.dice.choice(JUMPS)
    target.clock.set(target.off)
    return 0


def fill_disk(target: Target) -> int:
    """Leave the database no byte, for a second or four; then make room, and start the database if it has ended."""
    disk, database = target.stage.disk, target.stage.database
    assert disk is not None
    disk.fill()

    def make_room() -> None:
        disk.make_room()
        if isinstance(database, Postgres):
            database.keep()

    target.later.append((time.monotonic() + target.dice.uniform(1, 4), make_room))
    return target.all_connections


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
        target.returned.append(time.time())
        return 0
    redis.stop()
    if target.dice.random() < 0.5:
        shutil.rmtree(redis.folder / "redis")

    def come_back() -> None:
        redis.start()
        target.returned.append(time.time())

    target.later.append((time.monotonic() + target.dice.uniform(1, 10), come_back))
    return 0


FAULTS: dict[str, Callable[[Target], int]] = {
    "worker": kill_worker,
    "commit": kill_in_commit,
    "stop": stop_worker,
    "db": restart_database,
    "mta": kill_mta,
    "redis": lose_redis,
    "clock": jump,
    "disk": fill_disk,
}
