"""What a process has used, from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Processor seconds and the most memory that was resident at once (MB)."""

    cpu_s: float
    peak_rss_mb: float


def usage(pid: int) -> Usage:
    """Return what a living process has used so far, without its children.

    From VmHWM: what getrusage says of memory is inherited from the process that started it.
    """
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(numbers[11]) + int(numbers[12])
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Usage(ticks / TICK, int(status["VmHWM"].split()[0]) / 1024)


def resident(pid: int) -> float:
    """Return the memory (MB) of a living process that is resident now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def family_cpu(pid: int) -> float:
    """Return the processor seconds of a process and its children, those that have ended included."""
    total = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            numbers = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.parent.name) == pid:
            total += sum(int(number) for number in numbers[11:15])
        elif int(numbers[1]) == pid:
            total += int(numbers[11]) + int(numbers[12])
    return total / TICK
