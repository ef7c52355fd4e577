"""The supervisor with small programs: what it starts again, how it stops, what is left when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

KEEPER = """
import sys
from pathlib import Path
from wem.running.logfile import LogFile
from wem.running.programs import PYTHON, Program
from wem.running.supervising import Supervisor

folder = Path(sys.argv[1])
say = lambda text: print(text, flush=True)
supervisor = Supervisor(LogFile(folder / "wem.log"), folder, folder, say)
for stage, name in enumerate(sys.argv[2:]):
    supervisor.start(Program(name, (PYTHON, f"{name}.py"), stage=stage))
say("up")
supervisor.watch()
supervisor.stop()
say("down")
"""

PROGRAMS = {
    "talker": "import sys, time\nprint('声', flush=True)\nprint('to stderr', file=sys.stderr)\ntime.sleep(600)",
    "closer": (
        "import signal, sys\n"
        "signal.signal(15, lambda *_: (print('drained'), sys.exit(0)))\n"
        "print('ready')\n"
        "signal.pause()"
    ),
    "failing": "import sys\nsys.exit('no such thing')",
    # Like a web server: a worker in the same group, which does not notice the death of its parent.
    "parent": (
        "import os, signal, subprocess, sys\n"
        "worker = subprocess.Popen(['sleep', '600'])\n"
        "open(f'worker-{os.getpid()}', 'w').write(str(worker.pid))\n"
        "signal.signal(15, lambda *_: (worker.terminate(), sys.exit(0)))\n"
        "print('ready')\n"
        "signal.pause()"
    ),
    # Like a queue worker: its child has a group of its own and finishes its job alone.
    "forker": (
        "import os, subprocess\n"
        "job = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "open('job', 'w').write(str(job.pid))\n"
        "job.wait()"
    ),
}


def alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


class Keeper:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.folder = folder
        for name in names:
            (folder / f"{name}.py").write_text(PROGRAMS[name])
        self.process = subprocess.Popen(
            [sys.executable, "-c", KEEPER, str(folder), *names],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "VAR_DIR": str(folder)},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "up\n"

    def pid(self, name: str) -> int:
        """Return the process id that the supervisor wrote down."""
        return self.number(f"{name}.pid")

    def number(self, name: str) -> int:
        """Return the number in a file, waiting for the file."""
        found: list[str] = []

        def read() -> bool:
            try:
                found[:] = (self.folder / name).read_text().split()
            except FileNotFoundError:
                return False  # between an end and the next start
            return bool(found)

        wait_for(read)
        return int(found[0])

    def log(self) -> str:
        """Return the log so far."""
        return (self.folder / "wem.log").read_text()

    def stop(self, number: int = signal.SIGTERM) -> str:
        """Tell it to stop; return what it said since."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=60)
        return said


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[..., Keeper]]:
    kept: list[Keeper] = []

    def start(*names: str) -> Keeper:
        kept.append(Keeper(tmp_path, names))
        return kept[-1]

    yield start
    for keeper in kept:
        if keeper.process.poll() is None:
            keeper.process.kill()
            keeper.process.communicate()


def test_every_line_names_its_process(keep: Callable[..., Keeper]) -> None:
    keeper = keep("talker")
    wait_for(lambda: "to stderr" in keeper.log())
    keeper.stop()
    said = [line.split(" ", 2)[2] for line in keeper.log().splitlines()]
    assert "talker     | 声" in said
    assert "talker     | to stderr" in said
    assert "supervisor | talker was ended by SIGTERM" in said


def test_a_killed_process_is_started_again(keep: Callable[..., Keeper]) -> None:
    keeper = keep("closer")
    first = keeper.pid("closer")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: keeper.pid("closer") != first)
    assert "closer was ended by SIGKILL; starting it again" in keeper.stop()


def test_a_process_that_keeps_failing_shows_its_last_lines(keep: Callable[..., Keeper]) -> None:
    keeper = keep("failing")
    wait_for(lambda: keeper.log().count("failing started") >= 4)
    assert "    no such thing" in keeper.stop().splitlines()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_later_stage_stops_first(keep: Callable[..., Keeper], number: int) -> None:
    keeper = keep("talker", "closer")
    wait_for(lambda: "to stderr" in keeper.log() and "| ready" in keeper.log())
    pids = [keeper.pid("talker"), keeper.pid("closer")]
    assert keeper.stop(number).endswith("down\n")
    assert not any(map(alive, pids))
    log = keeper.log()
    assert log.index("closer     | drained") < log.index("closer ended with status 0")
    assert log.index("closer ended with status 0") < log.index("talker was ended by SIGTERM")
    assert not list(keeper.folder.glob("*.pid"))


def test_the_worker_of_a_killed_parent_goes_before_the_next_start(keep: Callable[..., Keeper]) -> None:
    keeper = keep("parent")
    parent = keeper.pid("parent")
    worker = keeper.number(f"worker-{parent}")
    os.kill(parent, signal.SIGKILL)
    wait_for(lambda: keeper.pid("parent") != parent)
    wait_for(lambda: not alive(worker))
    keeper.stop()


def test_the_job_of_a_killed_worker_is_found_at_the_stop(keep: Callable[..., Keeper]) -> None:
    keeper = keep("forker")
    job = keeper.number("job")
    first = keeper.pid("forker")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: keeper.pid("forker") != first)
    assert alive(job)  # it may finish what it has in hand
    keeper.stop()
    assert not alive(job)


def test_nothing_outlives_a_killed_supervisor(keep: Callable[..., Keeper]) -> None:
    keeper = keep("parent", "talker")
    parent, talker = keeper.pid("parent"), keeper.pid("talker")
    worker = keeper.number(f"worker-{parent}")
    wait_for(lambda: "to stderr" in keeper.log() and "| ready" in keeper.log())
    keeper.process.kill()
    keeper.process.communicate()
    wait_for(lambda: not any(map(alive, (parent, talker, worker))))


def test_the_log_turns_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wem.running import logfile

    monkeypatch.setattr(logfile, "MOST_BYTES", 200)
    log = logfile.LogFile(tmp_path / "wem.log")
    for number in range(8):
        log.line("portal", f"line {number}")
    log.close()
    assert "line 7" in (tmp_path / "wem.log").read_text() + (tmp_path / "wem.log.1").read_text()
    assert log.last("portal") == [f"line {number}" for number in range(8)]
    assert (tmp_path / "wem.log").stat().st_size <= 240
