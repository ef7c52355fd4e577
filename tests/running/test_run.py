"""`bin/run` itself: it starts, survives, complains and stops; nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.test_supervising import ROOT, alive, wait_for
from wem.running import children, ports, redis_server
from wem.settings import Settings

pytestmark = pytest.mark.redis


class Run:
    """One `bin/run` with a state folder and ports of its own."""

    def __init__(self, var: Path, **environ: str) -> None:
        self.settings = Settings(VAR_DIR=str(var), **environ)
        self.output = var.parent / "output"
        with self.output.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wem.running"],
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "WEM_ENV": "development", "VAR_DIR": str(var), **environ},
            )
        wait_for(lambda: (var / "run" / "started").exists() or self.process.poll() is not None, 240)
        assert self.process.poll() is None, self.output.read_text()

    def pid(self, name: str) -> int:
        """Return the process id that was written down; 0 between an end and the next start."""
        try:
            return int((self.settings.var / "run" / f"{name}.pid").read_text())
        except FileNotFoundError:
            return 0

    def kill(self, name: str) -> None:
        """Kill a process and wait until another is in its place."""
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: self.pid(name) not in (0, before))

    def answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.settings.PORTAL_URL}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="wem-", dir="/tmp") as folder:
        running = Run(Path(folder) / "var", **ports.any_free())
        everyone = children.offspring(running.process.pid)
        yield running
        everyone += children.offspring(running.process.pid)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0
        assert not any(map(alive, everyone))
        assert ports.complaint(ports.needed(running.settings)) == ""
        assert not list((running.settings.var / "run").glob("*.pid"))


def test_it_says_where_it_is(run: Run) -> None:
    said = run.output.read_text()
    for address in (run.settings.PORTAL_URL, run.settings.PUBLIC_URL, run.settings.MAILBOX_URL):
        assert address in said
    assert str(run.settings.var) in said
    assert run.answers()


def test_a_second_one_on_the_same_state_is_refused(run: Run) -> None:
    done = start_again(VAR_DIR=str(run.settings.var), **ports.any_free())
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"WeM: WeM runs already on {run.settings.var} (process {run.process.pid}). "
        "Stop it first, or set VAR_DIR to another folder."
    ]


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        free = ports.any_free() | {"PUBLIC_URL": f"http://localhost:{holder.getsockname()[1]}"}
        done = start_again(VAR_DIR=str(tmp_path), **free)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "(public) is in use" in done.stderr
    assert not (tmp_path / "wem.sqlite3").exists()


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PORT", "70000", "port 70000 is not possible"),
        ("REDIS_URL", "redis://127.0.0.1:9/0", "No Redis answers at REDIS_URL"),
        ("WEM_ENV", "staging", "WEM_ENV is 'staging'"),
    ],
)
def test_a_setting_that_cannot_be(tmp_path: Path, name: str, value: str, line: str) -> None:
    done = start_again(**({"VAR_DIR": str(tmp_path)} | ports.any_free() | {name: value}))
    assert done.returncode in (1, 2)
    assert line in done.stderr + done.stdout


@pytest.mark.parametrize("name", ["portal", "send-1", "timetable", "mailbox"])
def test_what_is_killed_comes_back(run: Run, name: str) -> None:
    run.kill(name)
    wait_for(run.answers)


def test_redis_comes_back_and_the_workers_with_it(run: Run) -> None:
    run.kill("redis")
    wait_for(lambda: redis_server.answers(run.settings.redis_url))
    with redis_server.redis.Redis.from_url(run.settings.redis_url) as client:
        for queue in ("hi", "send", "inbound", "work"):
            wait_for(lambda queue=queue: client.smembers(f"rq:workers:{queue}"))
    wait_for(run.answers)


def start_again(**environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wem.running"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "WEM_ENV": "development", **environ},
        check=False,
    )
