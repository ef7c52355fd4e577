"""The time in Japan; the only place that reads the clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")
# What may go at once is due since so long ago: a clock that is set back keeps nothing waiting.
SET_BACK = timedelta(days=1)


def now() -> datetime:
    """Return this moment, aware, in Asia/Tokyo."""
    return datetime.now(JAPAN)


def today() -> date:
    """Return today's date in Japan."""
    return now().date()


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in Japan."""
    return datetime.combine(day, time(), JAPAN)
