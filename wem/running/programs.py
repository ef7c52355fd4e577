"""What is started: the programs, their command lines and the order in which they stop."""

from __future__ import annotations

import os
from dataclasses import dataclass

from wem.settings import Settings

PYTHON = "python"


@dataclass(frozen=True)
class Program:
    """One process to keep running.

    A command that begins with `PYTHON` runs in a fork of the supervisor, which has the application's modules loaded
    already; any other is a program of the system. A higher `stage` stops earlier.
    """

    name: str
    command: tuple[str, ...]
    stage: int = 2


def web(name: str, port: int) -> Program:
    """Return a web server; which origin it serves, the application tells by the Host header."""
    options = ("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws")
    threads = min(8, 2 * (os.cpu_count() or 1) + 1)  # what the server itself thinks sensible
    size = ("--workers", "1", "--blocking-threads", str(threads), "--backpressure", "64")
    return Program(name, (PYTHON, "-m", "granian", *options, *size, "--log-level", "warning", "wsgi:app"))


def mailbox() -> Program:
    """Return the built-in mailbox; it outlives the workers, because they may be in the middle of a mail."""
    return Program("mailbox", (PYTHON, "-m", "wem.mailbox"), stage=1)


def door() -> Program:
    """Return the door for arriving mail; it outlives the workers, and rings for them later."""
    return Program("door", (PYTHON, "-m", "wem.cli", "inbound"), stage=1)


def workers(settings: Settings) -> list[Program]:
    """Return one worker for each queue, several for sending, and the timetable."""
    send = [Program(f"send-{n}", (PYTHON, "worker.py", "send")) for n in range(1, settings.send_workers + 1)]
    others = [Program(queue, (PYTHON, "worker.py", queue)) for queue in ("hi", "inbound", "work")]
    return [*others, *send, Program("timetable", (PYTHON, "-m", "wem.cli", "timetable"))]
