"""When the desk works, by when an answer is due, and which mails make a thread."""

from __future__ import annotations

import itertools
from datetime import date, datetime, time

import pytest

from wem.clock import JAPAN
from wem.contracts.state_rules import Illegal, after
from wem.inquiries import desk_rules
from wem.inquiries.desk_rules import Hours
from wem.inquiries.state_rules import INQUIRY, InquiryAction, InquiryState
from wem.workdays import holidays

HOURS = Hours(time(10), time(17))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2026-11-27T09:00", 3, "2026-12-02T17:00"),  # Friday before opening: the day counts
        ("2026-11-27T16:59", 3, "2026-12-02T17:00"),
        ("2026-11-27T17:00", 3, "2026-12-03T17:00"),  # closed: counts from Monday
        ("2026-11-28T12:00", 3, "2026-12-03T17:00"),  # Saturday
        ("2026-05-01T18:00", 1, "2026-05-08T17:00"),  # Golden Week with 6 May as the day off instead of Sunday
        ("2026-09-18T12:00", 1, "2026-09-24T17:00"),  # 21, 22 (between two holidays) and 23 September
        ("2026-12-30T12:00", 1, "2027-01-04T17:00"),  # 31 December to 3 January
        ("2026-11-27T12:00", 0, "2026-11-27T17:00"),
    ],
)
def test_an_answer_is_due_after_working_days(received: str, days: int, due: str) -> None:
    assert desk_rules.answer_by(at(received), HOURS, days, holidays()) == at(due)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-27T10:00", True),
        ("2026-11-27T16:59", True),
        ("2026-11-27T17:00", False),
        ("2026-11-27T09:59", False),
        ("2026-11-28T12:00", False),
        ("2026-11-23T12:00", False),  # 勤労感謝の日
        ("2027-01-02T12:00", False),
    ],
)
def test_the_desk_works_on_weekdays_without_holidays(moment: str, is_open: bool) -> None:
    assert desk_rules.is_open(at(moment), HOURS, holidays()) is is_open


def test_holidays_hold_those_that_other_calendars_lack() -> None:
    days = ((2026, 5, 6), (2026, 9, 22), (2026, 12, 31), (2027, 1, 3))
    assert all(date(*day) in holidays() for day in days)
    assert date(2026, 12, 30) not in holidays()


@pytest.mark.parametrize("text", ["", "10:00", "17:00-10:00", "10:00-10:00", "25:00-26:00", "10-17", "10:00-17:60"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        desk_rules.read_hours(text)


def test_hours() -> None:
    assert str(desk_rules.read_hours("9:30-18:00")) == "09:30–18:00"


def test_references_lose_their_middle_only() -> None:
    ids = [f"<{number:03}{'x' * 80}@mail.example>" for number in range(30)]
    made = desk_rules.references([*ids[:3], "no id", *ids[3:]]).split(" ")
    assert made[0] == ids[0] and made[-1] == ids[-1] and len(made) > 5
    assert len(" ".join(made)) <= desk_rules.REFERENCES_LONGEST
    assert desk_rules.references(["<a@b.example>\r\nBcc: x@y.example"]) == ""


def test_message_ids_newest_first_and_once() -> None:
    assert desk_rules.message_ids("<b@x.example>", "<a@x.example> <b@x.example>") == ["<b@x.example>", "<a@x.example>"]


LEADS = {
    InquiryState.received: {"take_up", "answer", "ask_again", "close"},
    InquiryState.working: {"take_up", "answer", "ask_again", "close"},
    InquiryState.answered: {"answer", "ask_again", "close", "reopen"},
    InquiryState.closed: {"ask_again", "reopen"},
}


@pytest.mark.parametrize(("state", "action"), list(itertools.product(InquiryState, InquiryAction)))
def test_states_move_along_the_table_only(state: InquiryState, action: InquiryAction) -> None:
    if action.name in LEADS[state]:
        assert after(INQUIRY, state, action) in InquiryState
    else:
        with pytest.raises(Illegal):
            after(INQUIRY, state, action)
