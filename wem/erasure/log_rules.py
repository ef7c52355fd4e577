"""The log of erasures that stands outside the backups: one line of numbers and a time for each (A-23)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Line:
    """What was erased: a phase of a customer's data, or a reader's registrations but those on some lists."""

    at: datetime
    customer: int
    phase: str = ""
    reader: int = 0
    on: tuple[int, ...] = ()  # lists that the reader is still on

    def written(self) -> str:
        """Return the line as it stands in the file: numbers and a time, nothing about anybody."""
        said: dict[str, object] = {"at": self.at.isoformat(), "customer": self.customer}
        said |= {"phase": self.phase} if self.phase else {"reader": self.reader, "on": list(self.on)}
        return json.dumps(said, separators=(",", ":"))


def read(lines: Iterable[str]) -> Iterator[Line]:
    """Yield the lines of a log; a last one that a crash cut short is left out. Raises ValueError for any other."""
    before: ValueError | None = None
    for text in lines:
        if before is not None:
            raise before
        if not text.strip():
            continue
        try:
            said = json.loads(text)
            yield Line(
                datetime.fromisoformat(said["at"]),
                int(said["customer"]),
                str(said.get("phase", "")),
                int(said.get("reader", 0)),
                tuple(int(each) for each in said.get("on", ())),
            )
        except (KeyError, TypeError, ValueError) as error:
            before = ValueError(f"not a line of the log of erasures: {error}")


def needed(lines: Iterable[Line], at: datetime, days: int) -> list[Line]:
    """Return what a backup that may still be restored does not know."""
    return [line for line in lines if line.at > at - timedelta(days=days)]
