"""Where something stands in a timeline: by its moment, then by its kind and number; a plain value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, order=True)
class Place:
    """The place of one entry: later ones are greater."""

    at: datetime
    rank: int
    id: int

    @property
    def written(self) -> str:
        """Return it as it stands in an address."""
        return f"{self.at.isoformat()}~{self.rank}~{self.id}"

    @staticmethod
    def read(text: str) -> Place | None:
        """Return what an address says; None when it says nothing, or nothing that can be read."""
        parts = text.split("~")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts[1:]):
            return None
        try:
            at = datetime.fromisoformat(parts[0])
        except ValueError:
            return None
        return Place(at, int(parts[1]), int(parts[2])) if at.tzinfo else None


def comes_before(place: Place, other: Place) -> bool:
    """Return whether something happened before another: it stands on an older page."""
    return place < other
