"""Which sums are debited, on which days, and what the bank's codes mean (6-1, 15-2, japan-rules 3)."""

from datetime import date

import pytest

from wem import workdays
from wem.billing import debit_rules
from wem.billing.debit_rules import (
    CONSEQUENCES,
    Candidate,
    EntryState,
    Left,
    Method,
    OnMandate,
    Outcome,
    debit_day,
    left_out,
    new_code,
    outcome,
)
from wem.contracts.state_rules import Illegal

DAY = date(2026, 3, 27)


def of_month(month):
    return debit_day(month, 7, 4, workdays.holidays())


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({}, None),
        ({"kind": "monthly"}, None),
        ({"kind": "initial"}, Left.initial),
        ({"method": Method.transfer}, Left.method),
        ({"method": Method.desk}, Left.method),
        ({"due_on": date(2026, 3, 28)}, Left.not_due),
        ({"due_on": date(2025, 1, 1)}, None),
        ({"waiting": True}, Left.waiting),
        ({"with_staff": True}, Left.with_staff),
        ({"mandate_id": None}, Left.no_mandate),
        ({"writable": False}, Left.name),
        ({"kind": "initial", "mandate_id": None}, Left.initial),
    ],
)
def test_what_enters_the_file(changed, left):
    assert (
        left_out(
            Candidate(**{"receivable_id": 1, "contract_id": 1, "open": 3300, "due_on": DAY, "mandate_id": 1} | changed),
            DAY,
        )
        is left
    )


def test_one_record_for_a_contract_or_one_for_each_sum():
    sums = [Candidate(3, 2, 100, DAY), Candidate(2, 1, 10, DAY), Candidate(1, 1, 1, date(2026, 2, 27))]
    assert [[each.receivable_id for each in group] for group in debit_rules.grouped(sums, True)] == [[1, 2], [3]]
    assert [[each.receivable_id for each in group] for group in debit_rules.grouped(sums, False)] == [[1], [2], [3]]


@pytest.mark.parametrize(("known", "code"), [([], 1), ([7], 0), ([5, 7], 0), ([5], 2), ([7, 5], 2)])
def test_the_code_for_what_is_new(known, code):
    assert new_code(7, known) == code


@pytest.mark.parametrize(
    ("month", "debit_on", "deadline", "result"),
    [
        ("2026-02-01", "2026-02-27", "2026-02-17", "2026-03-05"),
        ("2026-04-01", "2026-04-27", "2026-04-16", "2026-05-07"),
        ("2026-06-01", "2026-06-29", "2026-06-18", "2026-07-03"),
        ("2026-09-01", "2026-09-28", "2026-09-14", "2026-10-02"),
        ("2026-12-01", "2026-12-28", "2026-12-17", "2027-01-05"),
        ("2027-02-01", "2027-03-01", "2027-02-17", "2027-03-05"),
        ("2027-03-01", "2027-03-29", "2027-03-17", "2027-04-02"),
    ],
)
def test_the_days_of_a_debit(month, debit_on, deadline, result):
    found = of_month(date.fromisoformat(month))
    assert (str(found.debit_on), str(found.deadline), str(found.result_on)) == (debit_on, deadline, result)


@pytest.mark.parametrize(
    ("today", "made", "month", "may"),
    [
        ("2026-12-01", [], "2026-12-01", True),
        ("2026-12-17", [], "2026-12-01", True),
        ("2026-12-18", [], "2027-01-01", True),  # before the month's close, which screens warn of
        ("2026-12-02", ["2026-12-28"], "2027-01-01", False),
        ("2027-01-01", ["2026-12-28"], "2027-01-01", True),
    ],
)
def test_the_next_file(today, made, month, may):
    on = date.fromisoformat(today)
    found = debit_rules.next_debit(on, [date.fromisoformat(each) for each in made], of_month)
    assert (str(found.month), found.may_be_made(on)) == (month, may)


@pytest.mark.parametrize(
    ("ended", "debit_on", "over"),
    [
        ("2026-08-01", "2026-07-27", False),
        ("2026-08-01", "2026-08-27", True),
        ("2026-07-15", "2026-07-27", False),  # July's difference comes on 1 August
        ("2026-07-15", "2026-08-27", True),
    ],
)
def test_the_last_debit(ended, debit_on, over):
    assert debit_rules.last_debit_over(date.fromisoformat(ended), date.fromisoformat(debit_on)) is over


@pytest.mark.parametrize(
    ("code", "state", "mandate", "told"),
    [
        ("0", EntryState.paid, OnMandate.keep, False),
        ("1", EntryState.failed, OnMandate.keep, True),
        ("2", EntryState.failed, OnMandate.stop, True),
        ("3", EntryState.failed, OnMandate.stop, True),
        ("4", EntryState.with_staff, OnMandate.unregister, False),
        ("8", EntryState.with_staff, OnMandate.keep, False),
        ("9", EntryState.with_staff, OnMandate.keep, False),
        *[(code, EntryState.with_staff, OnMandate.keep, False) for code in ("5", "6", "7", "E", "N", " ", "?")],
    ],
)
def test_what_a_code_does(code, state, mandate, told):
    said = outcome(code)
    assert debit_rules.answered(EntryState.waiting, said) is state
    assert (CONSEQUENCES[said].mandate, CONSEQUENCES[said].tell) == (mandate, told)
    assert (said is Outcome.paid) == (code == "0")


@pytest.mark.parametrize("state", [each for each in EntryState if each is not EntryState.waiting])
def test_nothing_is_answered_twice(state):
    with pytest.raises(Illegal):
        debit_rules.answered(state, Outcome.paid)
