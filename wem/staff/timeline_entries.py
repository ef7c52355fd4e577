"""One entry of a timeline, and who and when it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from wem import clock
from wem.accounts.models import Account
from wem.db import db
from wem.staff.timeline_rules import Place
from wem.staff.trail import Detail


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `area` is the entry of the navigation that whoever may follow `url` has."""

    place: Place
    what: str
    details: list[Detail] = field(default_factory=list)
    who: str = ""
    state: tuple[Any, str] | None = None
    url: str = ""
    area: str = ""
    file: str = ""  # a document to save
    dated: bool = False  # only the day is known

    @property
    def at(self) -> datetime:
        return self.place.at


def names(ids: set[int | None]) -> dict[int | None, str]:
    """Return the names of accounts; for None that of the system, which acts by itself."""
    wanted = [id for id in ids if id is not None]
    people = sa.select(Account.id, Account.name).where(Account.id.in_(wanted))
    return {None: str(gettext("The system"))} | {row.id: row.name for row in db.session.execute(people)}


def midnight(day: date) -> datetime:
    """Return the beginning of a day in Japan."""
    return datetime.combine(day, time(), clock.JAPAN)
