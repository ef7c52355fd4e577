"""The days on which nobody works: public holidays, and 31 December to 3 January as banks have them."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from functools import cache

from holidays import HolidayBase, country_holidays


def holiday_name(day: date, language: str) -> str:
    """Return what a public holiday is called in a language (`ja`, anything else: English); empty for other days."""
    return _public("ja" if language.startswith("ja") else "en_US").get(day, "")


@cache
def _public(language: str) -> HolidayBase:
    found: HolidayBase = country_holidays("JP", language=language)
    return found


@cache
def holidays() -> Container[date]:
    """Return Japan's holidays of every year; each year is worked out when it is first asked for."""
    found: Container[date] = country_holidays("JP", categories=("public", "bank"))
    return found
