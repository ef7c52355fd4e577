"""The days on which nobody works: public holidays, and 31 December to 3 January as banks have them."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from functools import cache

from holidays import country_holidays


@cache
def holidays() -> Container[date]:
    """Return Japan's holidays of every year; each year is worked out when it is first asked for."""
    found: Container[date] = country_holidays("JP", categories=("public", "bank"))
    return found
