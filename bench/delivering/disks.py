"""A small disk of memory that a benchmark can fill to the last byte."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bench.delivering.databases import NotHere


class SmallDisk:
    """A tmpfs of so many megabytes; only root can mount one."""

    def __init__(self, place: Path, megabytes: int) -> None:
        """Mount it; raises NotHere."""
        if os.geteuid() != 0:
            raise NotHere("a full disk is not run: only root can mount a small one")
        place.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "wem-bench", place]
        if (said := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
            raise NotHere(f"a full disk is not run: {said.stderr.strip()}")
        self.place = place
        self.ballast = place / "ballast"

    def fill(self) -> None:
        """Leave not one byte free."""
        with self.ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def make_room(self) -> None:
        self.ballast.unlink(missing_ok=True)

    def stop(self) -> None:
        subprocess.run(["umount", "-l", self.place], check=False)
