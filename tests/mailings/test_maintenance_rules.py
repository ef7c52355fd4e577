"""Which moments fall into maintenance, and when what fell into it may go."""

from datetime import datetime, timedelta

import pytest

from wem.clock import JAPAN
from wem.mailings.maintenance_rules import Window, due_after, window_on

ONE = datetime(2026, 6, 10, 1, tzinfo=JAPAN)


def hours(number):
    return ONE + timedelta(hours=number)


NIGHT = Window(1, ONE, hours(4))


@pytest.mark.parametrize(
    ("case", "windows", "at", "number", "due"),
    [
        ("none", [], 1, None, 1),
        ("before", [NIGHT], -0.01, None, -0.01),
        ("its first moment", [NIGHT], 0, 1, 4),
        ("within", [NIGHT], 3.99, 1, 4),
        ("its end is not in it", [NIGHT], 4, None, 4),
        ("two in a row", [NIGHT, Window(2, hours(4), hours(6))], 2, 1, 6),
        ("of two that overlap the longer", [NIGHT, Window(2, hours(2), hours(6))], 3, 2, 6),
        ("without an end", [NIGHT, Window(2, hours(3), None)], 2, 1, None),
        ("one that was called off before it began", [Window(1, ONE, hours(-2))], 1, None, 1),
    ],
)
def test_windows(case, windows, at, number, due):
    found = window_on(windows, hours(at))
    assert (found.incident_id if found else None) == number
    assert due_after(windows, hours(at)) == (hours(due) if due is not None else None)
