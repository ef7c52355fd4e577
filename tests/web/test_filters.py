"""How dates, numbers and money are written, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask_babel import force_locale

from wem.clock import JAPAN
from wem.web.filters import day, moment, number, yen


@pytest.fixture(autouse=True)
def _context(app: Flask) -> None:
    """Filters ask for the language of the request."""


DAYS = [
    (date(2026, 1, 15), "2026年1月15日（木）", "Thu, 15 Jan 2026"),
    (date(2026, 1, 1), "2026年1月1日（木）", "Thu, 1 Jan 2026"),
    (date(2024, 2, 29), "2024年2月29日（木）", "Thu, 29 Feb 2024"),
    (date(2026, 12, 27), "2026年12月27日（日）", "Sun, 27 Dec 2026"),
    (datetime(2026, 1, 15, 23, 59, tzinfo=JAPAN), "2026年1月15日（木）", "Thu, 15 Jan 2026"),
    # A moment of the evening in Greenwich is the next day in Japan.
    (datetime(2026, 1, 15, 15, 0, tzinfo=UTC), "2026年1月16日（金）", "Fri, 16 Jan 2026"),
    (None, "", ""),
]


@pytest.mark.parametrize(("value", "ja", "en"), DAYS)
def test_day(value: date | None, ja: str, en: str) -> None:
    with force_locale("ja"):
        assert day(value) == ja
    with force_locale("en"):
        assert day(value) == en


@pytest.mark.parametrize(
    ("value", "ja", "en"),
    [
        (datetime(2026, 1, 15, 9, 5, tzinfo=JAPAN), "2026年1月15日（木） 09:05", "Thu, 15 Jan 2026 09:05"),
        (datetime(2026, 1, 15, 15, 0, tzinfo=UTC), "2026年1月16日（金） 00:00", "Fri, 16 Jan 2026 00:00"),
        (None, "", ""),
    ],
)
def test_moment(value: datetime | None, ja: str, en: str) -> None:
    with force_locale("ja"):
        assert moment(value) == ja
    with force_locale("en"):
        assert moment(value) == en


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567"), (-5, "-5"), (None, "")]
)
def test_number(value: int | None, written: str) -> None:
    for language in ("ja", "en"):
        with force_locale(language):
            assert number(value) == written


@pytest.mark.parametrize(
    ("value", "ja", "en"),
    [(0, "0円", "¥0"), (3300, "3,300円", "¥3,300"), (1234567, "1,234,567円", "¥1,234,567"), (None, "", "")],
)
def test_yen(value: int | None, ja: str, en: str) -> None:
    with force_locale("ja"):
        assert yen(value) == ja
    with force_locale("en"):
        assert yen(value) == en
