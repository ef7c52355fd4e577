"""A clock of the benchmark's own, shared by all its processes: it jumps when it is told to.

Either the product's own clock is replaced, or, with libfaketime, the system's as every program here sees it.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, tzinfo
from multiprocessing import Value
from pathlib import Path
from typing import Any

from bench.delivering.databases import NotHere
from wem import clock

LIBRARIES = ("/usr/lib/{}/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1")
MACHINES = ("x86_64-linux-gnu", "aarch64-linux-gnu")
FILE = "FAKETIME_TIMESTAMP_FILE"


class OwnClock:
    """What `wem.clock` reads, so many seconds off in this process and in all that it forks."""

    name = "own clock"

    def __init__(self) -> None:
        self._off: Any = Value("d", 0.0)
        off = self._off

        class Shifted(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.fromtimestamp(datetime.now().timestamp() + off.value, tz)

        clock.datetime = Shifted  # type: ignore[misc]

    def set(self, seconds: float) -> None:
        self._off.value = seconds

    def stop(self) -> None:
        self.set(0.0)


class FakeTime:
    """The system's clock by libfaketime, whose offset stands in a file; what only counts seconds goes on."""

    name = "libfaketime"

    def __init__(self) -> None:
        self._file = Path(os.environ[FILE])

    def set(self, seconds: float) -> None:
        aside = self._file.with_suffix(".new")
        aside.write_text(f"{seconds:+.0f}\n")
        aside.replace(self._file)

    def stop(self) -> None:
        self.set(0)


def library() -> str:
    """Return the path of libfaketime; raises NotHere."""
    for form in LIBRARIES:
        for machine in MACHINES:
            if Path(found := form.format(machine)).exists():
                return found
    raise NotHere("libfaketime is missing. Type: sudo apt-get install libfaketime")


def begin_again_under_libfaketime(folder: str) -> None:
    """Start this program anew with libfaketime loaded, unless it is; raises NotHere."""
    if FILE in os.environ:
        return
    file = Path(folder, "faketime")
    file.write_text("+0\n")
    settings = {"LD_PRELOAD": library(), FILE: str(file), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **settings})


Clock = OwnClock | FakeTime
