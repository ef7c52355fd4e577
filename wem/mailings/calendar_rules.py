"""The calendar of mailings: its weeks, and a mailing on another day; plain functions."""

from __future__ import annotations

import re
from calendar import SUNDAY, Calendar
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")
FIRST_YEAR = 2000
YEARS_AHEAD = 2
# A mailing can be planned so far ahead.
LONGEST = timedelta(days=366)
_MONTH = re.compile(r"(\d{4})-(\d{2})")


def month_of(text: str, today: date) -> date:
    """Return the first day of a month written `2026-11`; of today's month for anything else, and out of reach."""
    found = _MONTH.fullmatch(text)
    if found and FIRST_YEAR <= int(found[1]) <= today.year + YEARS_AHEAD and 1 <= int(found[2]) <= 12:
        return date(int(found[1]), int(found[2]), 1)
    return today.replace(day=1)


def neighbours(month: date) -> tuple[date, date]:
    """Return the first days of the months before and after."""
    before = (month - timedelta(days=1)).replace(day=1)
    return before, (month + timedelta(days=31)).replace(day=1)


def days_shown(month: date) -> list[date]:
    """Return the days of whole weeks, from a Sunday to a Saturday, in which a month lies."""
    return list(Calendar(SUNDAY).itermonthdates(month.year, month.month))


def on_day(at: datetime, day: date) -> datetime:
    """Return the same time of the clock in Japan on another day."""
    return datetime.combine(day, at.astimezone(JAPAN).time(), JAPAN)
