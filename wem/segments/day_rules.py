"""The days that a condition means, counted from today in Japan."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from wem.segments.rules import Condition
from wem.segments.topic_rules import Op


def bounds(condition: Condition, today: date) -> tuple[date | None, date | None]:
    """Return the first and the last day that a condition over days means; None where it is open.

    Of `not_last_days` those of `last_days`. Raises ValueError for what means no row of days.
    """
    match condition.op:
        case Op.equals:
            return _day(condition), _day(condition)
        case Op.since:
            return _day(condition), None
        case Op.until:
            return None, _day(condition)
        case Op.between:
            return _day(condition), _day(condition, 1)
        case Op.last_days | Op.not_last_days:
            return today - _days(condition), today
        case Op.next_days:
            return today, today + _days(condition)
        case Op.days_ago:
            return None, today - _days(condition) - timedelta(days=1)
    raise ValueError(f"{condition.op} is about no row of days")


def _day(condition: Condition, place: int = 0) -> date:
    return date.fromisoformat(condition.values[place])


def _days(condition: Condition) -> timedelta:
    return timedelta(days=int(condition.values[0]))


def birthdays(today: date, days: int) -> list[str]:
    """Return the days of the year (`06-21`) from today to so many days ahead.

    Who was born on 29 February has the birthday on the 28th in other years.
    """
    ahead = [today + timedelta(days=number) for number in range(days + 1)]
    found = [f"{day:%m-%d}" for day in ahead]
    if any((day.month, day.day) == (2, 28) and not calendar.isleap(day.year) for day in ahead):
        found.append("02-29")
    return list(dict.fromkeys(found))
