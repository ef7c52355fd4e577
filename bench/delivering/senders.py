"""Processes that send: each runs the product's job for sending, again and again, as a worker of RQ would."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from dataclasses import dataclass

from bench.delivering.stage import Stage
from wem.settings import ROOT


@dataclass(frozen=True)
class Spent:
    """What one process has used between the word "go" and its end, and when that was (monotonic)."""

    ended: float
    cpu_s: float
    peak_rss_mb: float
    rss_at_start_mb: float


class Sender:
    """A fresh process that has loaded the product and waits for the word."""

    def __init__(self, stage: Stage, shard: int, dispatch_id: int) -> None:
        environment = {name: str(value) for name, value in dataclasses.asdict(stage.settings).items()}
        arguments = ["-m", "bench.delivering.sender", str(shard), str(dispatch_id)]
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_ready(self) -> None:
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("a sender does not start")

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def result(self) -> Spent:
        """Wait until the dispatch is done and return what the process used."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.process.communicate()
        if not line:
            raise RuntimeError("a sender ended without a word")
        return Spent(**json.loads(line))
