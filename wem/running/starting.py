"""From nothing to a running WeM: ports, Redis, tables, demo data, processes, addresses; and back to nothing."""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from wem.running import ports, programs, redis_server
from wem.running.logfile import LogFile
from wem.running.programs import PYTHON, Program
from wem.running.supervising import Supervisor
from wem.settings import ROOT, Settings, load

REDIS_SECONDS = 20.0
READY_SECONDS = 90.0
FADING_SECONDS = 10.0  # how long the processes of a killed run may take to go
STARTED = "started"


class CannotStart(Exception):
    """WeM cannot start; the message is the one line that a person needs."""


def run(first_port: int | None, environ: dict[str, str]) -> int:
    """Start everything, keep it running until told to stop, stop it; return the exit status.

    Raises CannotStart, before anything runs, when something is missing or in the way.
    """
    try:
        environ.update(ports.beginning_at(first_port) if first_port else {})
    except ValueError as error:
        raise CannotStart(str(error)) from error
    settings = _settled(load(environ), environ)
    (settings.var / "run").mkdir(parents=True, exist_ok=True)
    lock = _alone(settings.var)
    _wait_for_ports(settings)
    log = LogFile(settings.var / "log" / "wem.log")
    supervisor = Supervisor(log, ROOT, settings.var / "run", say)
    code = 1
    try:
        _start(supervisor, settings, environ)
        seconds = _seconds_lived()
        say(_welcome(settings, seconds))
        (settings.var / "run" / STARTED).write_text(f"{seconds:.2f}\n")
        supervisor.watch()
        code = 0
    except CannotStart as error:
        if not supervisor.stop_asked:
            say(str(error))
    finally:
        say("Stopping …")
        supervisor.stop()
        log.close()
        (settings.var / "run" / STARTED).unlink(missing_ok=True)
        if settings.var not in settings.redis_socket.parents:
            shutil.rmtree(settings.redis_socket.parent, ignore_errors=True)
        lock.truncate(0)
        lock.close()
        say("Stopped.")
    return 0 if supervisor.stop_asked else code


def say(text: str) -> None:
    """Tell the person at the terminal; a closed terminal is no reason to fail."""
    try:
        print(text, flush=True)
    except OSError:
        pass


def _settled(settings: Settings, environ: dict[str, str]) -> Settings:
    """Return the settings with nothing left to the folder that a process happens to be in."""
    settings = replace(settings, VAR_DIR=str(settings.var.absolute()))
    environ["VAR_DIR"] = settings.VAR_DIR
    return settings


def _alone(var: Path) -> IO[str]:
    """Return the lock of this state folder, held until it is closed."""
    lock = (var / "run" / "wem.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip()
        raise CannotStart(
            f"WeM runs already on {var} (process {holder}). Stop it first, or set VAR_DIR to another folder."
        ) from None
    return lock


def _wait_for_ports(settings: Settings) -> None:
    # What the lock file still says was written by a run that was killed: its processes are on their way out.
    lock = settings.var / "run" / "wem.lock"
    deadline = time.monotonic() + (FADING_SECONDS if lock.read_text().strip() else 0)
    while complaint := ports.complaint(ports.needed(settings)):
        if time.monotonic() >= deadline:
            raise CannotStart(complaint)
        time.sleep(0.1)
    lock.write_text(f"{os.getpid()}\n")


def _start(supervisor: Supervisor, settings: Settings, environ: Mapping[str, str]) -> None:
    _start_redis(supervisor, settings, environ)
    _prepare_database(supervisor, settings)
    if ports.has_mailbox(settings):
        supervisor.start(programs.mailbox())
    web = {port.use: port for port in ports.needed(settings) if port.use in ("portal", "public")}
    for name, port in web.items():
        supervisor.start(programs.web(name, port.number))
    doors = [port.number for port in ports.needed(settings) if port.use.startswith("door")]
    if doors:
        supervisor.start(programs.door())
    for program in programs.workers(settings):
        supervisor.start(program)
    waiting = {f"{settings.PORTAL_URL}/readyz": "portal", f"{settings.PUBLIC_URL}/healthz": "public"}
    if ports.has_mailbox(settings):
        waiting[f"{settings.MAILBOX_URL}/"] = "mailbox"
    for url, name in waiting.items():
        if not supervisor.wait_until(lambda url=url: _answers(url), READY_SECONDS):  # type: ignore[misc]
            raise CannotStart(f"{name} does not answer at {url}; see {settings.var / 'log' / 'wem.log'}")
    for number in doors:
        if not supervisor.wait_until(lambda number=number: _listens(number), READY_SECONDS):  # type: ignore[misc]
            raise CannotStart(f"The door does not listen on port {number}; see {settings.var / 'log' / 'wem.log'}")


def _start_redis(supervisor: Supervisor, settings: Settings, environ: Mapping[str, str]) -> None:
    if redis_server.given(environ):
        if not redis_server.answers(settings.redis_url):
            raise CannotStart(f"No Redis answers at REDIS_URL={settings.redis_url}. Start it, or unset REDIS_URL.")
        return
    if not supervisor.wait_until(lambda: not redis_server.answers(settings.redis_url), FADING_SECONDS):
        raise CannotStart(f"Another Redis answers at {settings.redis_url}. Stop it and start WeM again.")
    try:
        program = redis_server.program(redis_server.find_server(), settings.redis_socket, settings.var / "redis")
    except redis_server.NoRedis as error:
        raise CannotStart(str(error)) from error
    supervisor.start(program)
    ready = lambda: redis_server.answers(settings.redis_url) or supervisor.failures("redis") >= 2  # noqa: E731
    supervisor.wait_until(ready, REDIS_SECONDS)
    if supervisor.failures("redis") >= 2:
        say(f"Redis cannot read its queue; it is kept in {redis_server.set_aside(settings.var / 'redis')}.")
        (settings.var / "redis").mkdir()
        supervisor.wait_until(lambda: redis_server.answers(settings.redis_url), REDIS_SECONDS)
    if not redis_server.answers(settings.redis_url):
        raise CannotStart(f"Redis does not start; see {settings.var / 'log' / 'wem.log'}")


def _prepare_database(supervisor: Supervisor, settings: Settings) -> None:
    if supervisor.run_once(_command("migrate", "migrate")):
        raise CannotStart(f"The tables could not be brought up to date; see {settings.var / 'log' / 'wem.log'}")
    if settings.production or _demo_text(settings).exists():
        return
    say("Making the demo data (first start only) …")
    if supervisor.run_once(_command("demo", "demo")):
        say(f"The demo data could not be made; see {settings.var / 'log' / 'wem.log'}")


def _command(name: str, *arguments: str) -> Program:
    return Program(name, (PYTHON, "-m", "wem.cli", *arguments))


def _demo_text(settings: Settings) -> Path:
    return settings.var / "demo.txt"


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=2)
    try:
        connection.request("GET", parts.path, headers={"Host": parts.netloc})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def _seconds_lived() -> float:
    """Return how long this process has lived: loading the modules is part of the start."""
    try:
        born = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - born
    except (OSError, AttributeError, ValueError):
        return time.process_time()


def _welcome(settings: Settings, seconds: float) -> str:
    lines = [
        f"WeM runs (started in {seconds:.1f} s).",
        f"  Portal   {settings.PORTAL_URL}",
        f"  Public   {settings.PUBLIC_URL}",
    ]
    if ports.has_mailbox(settings):
        lines.append(f"  Mailbox  {settings.MAILBOX_URL}")
    if _demo_text(settings).exists():
        lines += ["", _demo_text(settings).read_text("utf-8").rstrip()]
    log = settings.var / "log" / "wem.log"
    return "\n".join([*lines, "", f"Log {log}; state in {settings.var}. Stop with Ctrl-C."])


def complain(line: str) -> int:
    """Print the one line that says what is missing; return the exit status that goes with it."""
    print(f"WeM: {line}", file=sys.stderr)
    return 2
