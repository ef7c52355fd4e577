"""Lifting a suspension for non-payment: each condition of Art. 13-2 (A-16)."""

from datetime import date

import pytest

from wem.contracts import arrears_rules
from wem.contracts.arrears_rules import Owed

SUSPENDED = date(2026, 4, 10)


def d(text):
    return date.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("owed", "applied", "on", "in_time", "all_settled", "met"),
    [
        # Due 2026-03-27: settled on the last day, decided long after.
        ([("2026-03-27", "2026-09-27")], True, "2026-12-01", True, True, True),
        ([("2026-03-27", "2026-09-28")], True, "2026-12-01", False, True, False),
        ([("2026-03-27", None)], True, "2026-09-27", True, False, False),
        ([("2026-03-27", None)], True, "2026-09-28", False, False, False),
        ([("2026-03-27", "2026-05-01")], False, "2026-05-02", True, True, False),
        # One of two paid; then both, the later day counts.
        ([("2026-03-27", "2026-05-01"), ("2026-04-27", None)], True, "2026-05-02", True, False, False),
        ([("2026-03-27", "2026-05-01"), ("2026-04-27", "2026-10-01")], True, "2026-10-01", False, True, False),
        # What is due today or later is not unpaid yet.
        ([("2026-03-27", "2026-05-01"), ("2026-05-27", None)], True, "2026-05-27", True, True, True),
        ([("2026-03-27", "2026-05-01"), ("2026-05-27", None)], True, "2026-05-28", True, False, False),
        # Paid late, but before the suspension: another story.
        ([("2025-06-27", "2025-08-01"), ("2026-03-27", "2026-05-01")], True, "2026-05-02", True, True, True),
        ([("2026-08-31", "2027-02-28")], True, "2027-03-05", True, True, True),
        ([("2026-08-31", "2027-03-01")], True, "2027-03-05", False, True, False),
        ([], True, "2026-05-02", True, True, True),
    ],
)
def test_lifting(owed, applied, on, in_time, all_settled, met):
    rows = [Owed(d(due), 3300, d(settled)) for due, settled in owed]
    found = arrears_rules.lifting(rows, SUSPENDED, applied, d(on))
    assert (found.in_time, found.all_settled, found.met) == (in_time, all_settled, met)
    assert found.lost is not in_time
    assert found.outstanding == 3300 * sum(1 for row in rows if row.overdue(d(on)))


def test_the_days_are_said_also_when_the_bank_had_it_before_the_suspension():
    before = [Owed(d("2025-01-27"), 0, d("2025-02-01")), Owed(d("2026-03-27"), 0, d("2026-04-09"))]
    found = arrears_rules.lifting(before, SUSPENDED, False, d("2026-04-12"))
    assert (found.oldest_due, found.limit, found.settled_on) == (d("2026-03-27"), d("2026-09-27"), d("2026-04-09"))
    assert found.in_time and found.all_settled


def test_overdue_begins_the_day_after():
    owed = [Owed(date(2026, 4, 27), 1), Owed(date(2026, 3, 27), 2), Owed(date(2026, 2, 27), 3, date(2026, 5, 1))]
    assert [each.amount for each in arrears_rules.overdue(owed, date(2026, 4, 27))] == [2]
    assert [each.amount for each in arrears_rules.overdue(owed, date(2026, 4, 28))] == [2, 1]
