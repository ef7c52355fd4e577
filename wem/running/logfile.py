"""The one log of all processes; each line says when and by whom."""

from __future__ import annotations

from pathlib import Path

from wem.clock import now

MOST_BYTES = 20_000_000
LAST_LINES = 12


class LogFile:
    """Appends whole lines to one file and keeps the file before it as `.1`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("ab", buffering=0)
        self._last: dict[str, list[str]] = {}

    def line(self, name: str, text: str) -> None:
        """Write one line in the name of one process."""
        # Whoever reads the log after a crash must not lose its end, hence no buffer.
        self._file.write(f"{now():%Y-%m-%d %H:%M:%S} {name:<10} | {text}\n".encode(errors="replace"))
        last = self._last.setdefault(name, [])
        last.append(text)
        del last[:-LAST_LINES]
        if self._file.tell() > MOST_BYTES:
            self._turn()

    def last(self, name: str) -> list[str]:
        """Return the newest lines of one process, oldest first."""
        return list(self._last.get(name, ()))

    def close(self) -> None:
        self._file.close()

    def _turn(self) -> None:
        self._file.close()
        self.path.replace(self.path.with_name(self.path.name + ".1"))
        self._file = self.path.open("ab", buffering=0)
