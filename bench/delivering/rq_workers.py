"""The product's real workers and timetable as processes, begun again when they end."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import redis

from bench.delivering.stage import Stage
from wem.settings import ROOT

SECONDS = 120


class RealWorkers:
    """`worker.py` for each queue that sending needs, and the timetable."""

    def __init__(self, stage: Stage, senders: int, queues: Sequence[str] = ("work", "hi"), root: Path = ROOT) -> None:
        values = dataclasses.asdict(stage.settings)
        self.root = root
        self.environment = {"PATH": os.defpath, "PYTHONPATH": str(root), **{k: str(v) for k, v in values.items()}}
        self.environment["LEASE_SECONDS"] = str(round(stage.settings.lease_seconds) or 1)
        self.commands = [["worker.py", name] for name in (*["send"] * senders, *queues)]
        self.commands.append(["-m", "wem.cli", "timetable"])
        self.running = [self._start(command) for command in self.commands]
        client = redis.Redis.from_url(stage.redis.url)
        deadline = time.monotonic() + SECONDS
        while client.scard("rq:workers") < senders + len(queues):  # type: ignore[operator]
            if time.monotonic() > deadline:
                raise RuntimeError("the workers do not start")
            time.sleep(0.1)
        client.close()

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=self.root,
            env=self.environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def keep(self) -> int:
        """Begin those again that have ended; returns how many."""
        ended = [place for place, process in enumerate(self.running) if process.poll() is not None]
        for place in ended:
            self.running[place] = self._start(self.commands[place])
        return len(ended)

    def stop_gently(self, seconds: float) -> None:
        """Tell all to stop, as a supervisor does, and wait so long for it."""
        for process in self.running:
            process.terminate()
        deadline = time.monotonic() + seconds
        for process in self.running:
            process.wait(timeout=max(0.0, deadline - time.monotonic()))

    def stop(self) -> None:
        for process in self.running:
            try:
                os.killpg(process.pid, 9)
            except ProcessLookupError:
                pass
            process.wait()
