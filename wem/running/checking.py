"""`bin/run --check`: starts WeM on free ports in a temporary folder, does the main job as a person would, stops it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wem.running import children, main_job, ports
from wem.running.starting import STARTED
from wem.settings import ROOT, SettingsError, load

START_SECONDS = 180
STOP_SECONDS = 90
LOG_LINES = 30


class Failed(Exception):
    """A step did not do what it should; the message says what was seen."""


def check() -> int:
    """Return 0 when every step succeeded, 1 otherwise; nothing stays behind in either case."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="wem-check-"))
    children.adopt_orphans()  # so that the last step sees whoever escaped the stop
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _running(folder) as environ:
            job = main_job.MainJob(load(environ), environ)
            for what, step in job.steps():
                _step(what, step)
        _step("nothing left running", _nobody_left)
    except (Failed, KeyboardInterrupt) as error:
        print(f"FAILED  {error or 'interrupted'}", flush=True)
        _show_log(folder)
        return 1
    except SettingsError as error:
        print(f"FAILED  {error}", flush=True)
        return 1
    finally:
        _end_escaped()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"WeM does its main job ({time.monotonic() - began:.1f} s).", flush=True)
    return 0


def _step(what: str, step: Callable[[], object]) -> None:
    began = time.monotonic()
    try:
        said = step()
    except Failed:
        raise
    except Exception as error:
        raise Failed(f"{what}: {type(error).__name__}: {error}") from error
    detail = f": {said}" if isinstance(said, str) else ""
    print(f"ok  {time.monotonic() - began:6.2f} s  {what}{detail}", flush=True)


@contextmanager
def _running(folder: Path) -> Iterator[dict[str, str]]:
    """Start WeM as `bin/run` does, with nothing of this machine's own settings; stop it in the end."""
    environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "PORT")}
    environ |= ports.any_free() | {"VAR_DIR": str(folder / "var"), "WEM_ENV": "development", "SMTP_HOST": "127.0.0.1"}
    output = folder / "output"
    with output.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "wem.running"], cwd=ROOT, env=environ, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        _step("start with an empty database", lambda: _wait_started(process, folder / "var", output))
        yield environ
        _step("stop", lambda: _stop(process))
    finally:
        if process.poll() is None:
            _stop(process)


def _wait_started(process: subprocess.Popen[bytes], var: Path, output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (var / "run" / STARTED).exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failed(f"WeM did not start:\n{output.read_text()}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        status = process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Failed(f"WeM did not stop within {STOP_SECONDS} s") from None
    if status:
        raise Failed(f"WeM stopped with status {status}")


def _nobody_left() -> None:
    left = children.offspring(os.getpid())
    if left:
        named = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in left if Path(f"/proc/{pid}").exists()]
        raise Failed(f"still running: {', '.join(named)}")


def _end_escaped() -> None:
    for pid in children.offspring(os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _show_log(folder: Path) -> None:
    log = folder / "var" / "log" / "wem.log"
    if log.exists():
        # The stop has been logged since; what the programs said before is of more use.
        said = [line for line in log.read_text(errors="replace").splitlines() if " supervisor | " not in line]
        print("The last lines of the log:")
        print("\n".join(said[-LOG_LINES:]), flush=True)
