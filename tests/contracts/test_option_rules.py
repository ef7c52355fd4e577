"""From when until when an option is held and charged, also where we ended it within a month."""

from datetime import date

import pytest

from wem.contracts.option_rules import Holding, brought_back, cut_off


def d(text):
    return date.fromisoformat(f"2026-{text}")


HELD = Holding(d("02-01"))
MONTHS = ("01-01", "02-01", "03-01", "04-01", "05-01")


def charged(*holdings):
    """Return in which months the fee is charged, and that it never is twice."""
    found = [[each.charged(d(month)) for each in holdings] for month in MONTHS]
    assert all(sum(each) <= 1 for each in found)
    return [month[:2].lstrip("0") for month, each in zip(MONTHS, found, strict=True) if any(each)]


@pytest.mark.parametrize(
    ("ended", "last_held", "months"),
    [
        ("03-10", "03-09", ["2", "3"]),
        ("03-31", "03-30", ["2", "3"]),
        ("03-01", "02-28", ["2", "3"]),  # on a 1st the month has begun, whenever its invoice is made
        ("02-01", None, ["2"]),  # on its own first day
    ],
)
def test_what_we_end_is_gone_at_once_and_charged_for_the_month_begun(ended, last_held, months):
    cut = cut_off(HELD, d(ended))
    assert not cut.held(d(ended)) and not cut.held(d("12-31"))
    assert last_held is None or cut.held(d(last_held))
    assert charged(cut) == months


@pytest.mark.parametrize(
    ("ended", "back", "months"),
    [
        ("03-10", "03-20", ["2", "3", "4", "5"]),  # in the same month: neither a gap nor twice
        ("03-10", "04-05", ["2", "3", "5"]),
        ("03-10", "04-01", ["2", "3", "5"]),  # on a 1st too, whenever its invoice is made
        ("03-01", "03-01", ["2", "3", "4", "5"]),
    ],
)
def test_what_comes_back_is_charged_from_the_next_month(ended, back, months):
    cut, again = cut_off(HELD, d(ended)), brought_back(d(back), None)
    assert again.held(d(back)) and not again.held(d("01-31"))
    assert charged(cut, again) == months


def test_it_comes_back_until_its_own_end_and_may_be_ended_again():
    again = brought_back(d("03-20"), d("05-01"))
    assert again.held(d("04-30")) and not again.held(d("05-01"))
    assert charged(again) == ["4"]
    twice = cut_off(again, d("03-25"))
    assert not twice.held(d("03-25")) and charged(twice) == []


def test_an_end_that_was_asked_for_has_no_days_of_its_own():
    assert charged(Holding(d("02-01"), d("04-01"))) == ["2", "3"]
