"""The time in Japan; the only place that reads the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")
# What may go at once is due since so long ago: a clock that is set back keeps nothing waiting.
SET_BACK = timedelta(days=1)


_past: ContextVar[datetime | None] = ContextVar("past", default=None)


def now() -> datetime:
    """Return this moment, aware, in Asia/Tokyo."""
    return _past.get() or datetime.now(JAPAN)


@contextmanager
def as_if(moment: datetime) -> Iterator[None]:
    """Have the block happen at a moment that is over: how the demo gets a past. Nothing else uses it."""
    token = _past.set(moment)
    try:
        yield
    finally:
        _past.reset(token)


def today() -> date:
    """Return today's date in Japan."""
    return now().date()


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in Japan."""
    return datetime.combine(day, time(), JAPAN)
