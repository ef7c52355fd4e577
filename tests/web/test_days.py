"""Days of impossible years are refused beside their field, whoever types them."""

from datetime import date

import pytest

from wem.web.days import within_reach


@pytest.mark.parametrize(
    ("day", "good"),
    [
        (date(1, 1, 1), False),
        (date(1999, 12, 31), False),
        (date(2000, 1, 1), True),
        (date(2036, 12, 31), True),
        (date(2037, 1, 1), False),
        (date(9999, 12, 31), False),
    ],
)
def test_within_reach(day, good):
    assert within_reach(day, date(2026, 11, 27)) is good


# The last day of the calendar has none ten days later: 16 asked for one.
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_customers(world, browser_for, day):
    owner = browser_for(world.ours.owner)
    page = owner.submit("/contract/details", {"planned": day, "person": "別の者", "step": "confirm"})
    assert page.status == 422 and "年をご確認ください" in page.text


@pytest.mark.parametrize("year", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("path", "name", "more"),
    [
        (
            "/staff/contracts/{}/entry",
            "wanted",
            {"kind": "cancel", "channel": "letter", "received": "2026-11-01T10:00"},
        ),
        ("/staff/contracts/{}/correction", "deadline", {"breach": "違反", "demand": "是正"}),
        ("/staff/contracts/{}/receivables", "due_on", {"label": "3月分", "amount": "3300"}),
    ],
)
def test_staff(world, browser_for, path, name, more, year):
    staff, path = browser_for(world.admin), path.format(world.ours.contract.id)
    page = staff.submit(path, {**more, name: year})
    assert page.status == 422 and "年をご確認ください" in page.text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_moments(world, browser_for, moment):
    given = {"kind": "cancel", "channel": "letter", "received": moment}
    page = browser_for(world.admin).submit(f"/staff/contracts/{world.ours.contract.id}/entry", given)
    assert page.status == 422 and "年をご確認ください" in page.text
