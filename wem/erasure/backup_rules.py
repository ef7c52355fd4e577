"""What a backup is called, what it says of itself, and when it is past its age."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

FORM = 1
NAME = re.compile(r"wem-(\d{8}T\d{6})\.tar")


@dataclass(frozen=True)
class Manifest:
    """What stands at the head of a backup: when it was begun, of which database, at which revision of the tables."""

    form: int
    begun_at: str  # ISO 8601 with time zone
    database: str  # sqlite, postgresql
    revision: str
    files: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.begun_at)


def name_of(at: datetime) -> str:
    return f"wem-{at:%Y%m%dT%H%M%S}.tar"


def made_at(name: str, zone: datetime) -> datetime | None:
    """Return when a backup of this name was begun; None for any other file. `zone`: a moment of the same time zone."""
    found = NAME.fullmatch(name)
    return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=zone.tzinfo) if found else None


def over(begun_at: datetime, days: int, at: datetime) -> bool:
    """Return whether a backup is past its age: what was erased since stands in it for ever otherwise (A-23)."""
    return begun_at + timedelta(days=days) <= at
