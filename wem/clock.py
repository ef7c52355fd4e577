"""The time in Japan; the only place that reads the clock."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")


def now() -> datetime:
    """Return this moment, aware, in Asia/Tokyo."""
    return datetime.now(JAPAN)


def today() -> date:
    """Return today's date in Japan."""
    return now().date()
