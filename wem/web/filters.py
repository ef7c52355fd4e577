"""How dates, numbers and money are written, in templates."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask
from flask_babel import format_decimal, get_locale

from wem.clock import JAPAN

WEEKDAYS = "月火水木金土日"


def japanese(moment: date | datetime) -> bool:
    return str(get_locale() or "ja").startswith("ja")


def day(value: date | datetime | None) -> str:
    """Return `2026年1月15日（木）` or `Thu, 15 Jan 2026`; an empty text for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(JAPAN).date()
    if japanese(value):
        return f"{value.year}年{value.month}月{value.day}日（{WEEKDAYS[value.weekday()]}）"
    return f"{value:%a, } {value.day} {value:%b %Y}".replace("  ", " ")


def month(value: date) -> str:
    """Return the month of a day: `2026年4月` or `April 2026`."""
    return f"{value.year}年{value.month}月" if japanese(value) else f"{value:%B %Y}"


def moment(value: datetime | None) -> str:
    """Return the day and the time to the minute, in Japan."""
    if value is None:
        return ""
    value = value.astimezone(JAPAN)
    return f"{day(value)} {value:%H:%M}"


def number(value: int | None) -> str:
    """Return a whole number with thousands separated."""
    return "" if value is None else str(format_decimal(value))


def yen(value: int | None) -> str:
    """Return money: `3,300円` or `¥3,300`."""
    if value is None:
        return ""
    return f"{value:,}円" if japanese(date.min) else f"¥{value:,}"


def readable(value: str | int | date | datetime) -> str:
    """Return a value as its kind is written: moment, day, number or text."""
    match value:
        case datetime():
            return moment(value)
        case date():
            return day(value)
        case int():
            return number(value)
    return value


def set_up_filters(app: Flask) -> None:
    app.jinja_env.filters.update(day=day, moment=moment, month=month, number=number, readable=readable, yen=yen)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
