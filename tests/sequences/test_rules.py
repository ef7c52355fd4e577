"""When steps are due, what is made up for, where readers begin."""

from datetime import date, datetime, timedelta

import pytest

from wem.mailings.start_problems import Problem
from wem.sequences import rules
from wem.sequences.rules import NOTHING_YET, Fate, Place, SequenceKind, StepFault
from wem.sequences.wording import CANNOT_GO_ON

TODAY = date(2026, 6, 10)
NOW = rules.slot(datetime(2026, 6, 10, 10, 30))


def slot(day, hour=10):
    return rules.slot(datetime(2026, 6, day, hour))


@pytest.mark.parametrize(
    ("due", "last_day", "tolerance", "fate"),
    [
        (slot(10, 11), None, 2, Fate.wait),
        (slot(10, 10), None, 2, Fate.send),
        (slot(10, 0), None, 0, Fate.send),  # the same day, however many hours ago
        (slot(9, 23), None, 0, Fate.leave_out),  # an hour too late, on another day
        (slot(9), None, 2, Fate.late),
        (slot(8, 0), None, 2, Fate.late),  # the oldest that is made up for
        (slot(7, 23), None, 2, Fate.leave_out),
        (slot(10), TODAY.toordinal(), 2, Fate.wait),  # had one today: a second one waits for tomorrow
        (slot(9), TODAY.toordinal(), 2, Fate.wait),
        (slot(7), TODAY.toordinal(), 2, Fate.leave_out),
        (slot(9), TODAY.toordinal() - 1, 0, Fate.late),  # its own day had the mail before it
        (slot(8), TODAY.toordinal() - 2, 0, Fate.leave_out),
        (slot(10), TODAY.toordinal() - 1, 2, Fate.send),
        (slot(10), TODAY.toordinal() + 1, 2, Fate.wait),  # a clock that was set back sends nothing twice
    ],
)
def test_what_becomes_of_a_step(due, last_day, tolerance, fate):
    assert rules.fate(due, last_day, NOW, tolerance) is fate


@pytest.mark.parametrize(("hour", "fate"), [(0, Fate.late), (1, Fate.leave_out)])
def test_who_signs_up_in_the_last_minute_of_a_day_is_not_left_out(hour, fate):
    now = rules.slot(datetime(2026, 6, 11, hour))
    assert rules.fate(slot(10, 0), None, now, 0) is fate


@pytest.mark.parametrize(
    ("sent", "an_hour", "room"),
    [(0, 1_200, 100), (1_150, 1_200, 50), (1_200, 1_200, 0), (5_000, 1_200, 0), (0, 100, 9), (96, 100, 4)],
)
def test_late_mails_go_in_lots(sent, an_hour, room):
    assert rules.room(sent, an_hour) == room


def test_a_step_waits_for_more_readers():
    at = datetime(2026, 6, 10, 10)
    assert not rules.gathers(None, False, at)
    assert rules.gathers(at - timedelta(minutes=4), False, at)
    assert not rules.gathers(at - timedelta(minutes=4), True, at), "a full lot is followed by the next"
    assert not rules.gathers(at - timedelta(minutes=5), False, at)


def test_where_a_reader_begins():
    steps, anchor = [(rules.offset(-7, 9), 1), (rules.offset(0, 9), 2)], TODAY.toordinal()
    assert rules.place(steps, anchor) == Place(NOTHING_YET, 1, slot(3, 9))
    assert rules.place(steps, anchor, slot(3, 9)) == Place(NOTHING_YET, 1, slot(3, 9))
    # Whose date was entered when the first step was over gets the second.
    assert rules.place(steps, anchor, slot(3, 10)) == Place(steps[0][0], 2, slot(10, 9))
    assert rules.place(steps, anchor, slot(10, 10)) is None
    assert [rules.days_and_hour(each) for each, _ in steps] == [(-7, 9), (0, 9)]


def test_days_of_the_year():
    leap = rules.days_of(date(2028, 2, 28), date(2028, 3, 1), True)
    assert leap == {"02-28": date(2028, 2, 28), "02-29": date(2028, 2, 29), "03-01": date(2028, 3, 1)}
    other = rules.days_of(date(2026, 2, 28), date(2026, 3, 1), True)
    assert other["02-29"] == other["02-28"] == date(2026, 2, 28)
    assert rules.days_of(date(2026, 2, 28), date(2026, 3, 1), False) == {
        "2026-02-28": date(2026, 2, 28),
        "2026-03-01": date(2026, 3, 1),
    }
    # From December to January each day has one round.
    turn = rules.days_of(date(2026, 12, 31), date(2027, 1, 1), True)
    assert [rules.round_of(day, True) for day in turn.values()] == [2026, 2027]
    assert rules.round_of(TODAY, False) == TODAY.toordinal()


SIGN_UP, DATE = SequenceKind.sign_up, SequenceKind.date


@pytest.mark.parametrize(
    ("kind", "yearly", "days", "others", "fault"),
    [
        (SIGN_UP, False, 0, [], None),
        (SIGN_UP, False, -1, [], StepFault.range),
        (SIGN_UP, False, 731, [], StepFault.range),
        (SIGN_UP, False, 3, [0, 3], StepFault.taken),
        (SIGN_UP, False, 99, list(range(30)), StepFault.too_many),
        (DATE, False, -180, [365], None),
        (DATE, False, -181, [], StepFault.range),
        (DATE, True, 200, [-100], None),
        (DATE, True, 201, [-100], StepFault.too_long),
    ],
)
def test_which_days_a_step_can_have(kind, yearly, days, others, fault):
    assert rules.step_fault(kind, yearly, days, others) is fault


def test_whatever_keeps_it_from_going_on_has_words():
    assert set(CANNOT_GO_ON) == set(Problem) - {Problem.contract}
