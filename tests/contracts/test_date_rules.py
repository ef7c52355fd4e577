"""The dates of a contract: every row of the specification, and the odd days."""

from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wem.clock import JAPAN
from wem.contracts import date_rules
from wem.contracts.date_rules import DAY, Standstill


def d(text):
    return date.fromisoformat(text)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("start", "literal", "deadline", "aligned", "exit_on"),
    [
        ("2026-01-01", "2026-06-30", "2026-05-31", "2026-06-30", "2026-07-01"),
        ("2026-01-15", "2026-07-14", "2026-06-30", "2026-07-31", "2026-08-01"),
        ("2026-01-31", "2026-07-30", "2026-06-30", "2026-07-31", "2026-08-01"),
        ("2026-01-29", "2026-07-28", "2026-06-30", "2026-07-31", "2026-08-01"),
        ("2026-01-30", "2026-07-29", "2026-06-30", "2026-07-31", "2026-08-01"),
        ("2028-01-29", "2028-07-28", "2028-06-30", "2028-07-31", "2028-08-01"),
        ("2026-02-28", "2026-08-27", "2026-07-31", "2026-08-31", "2026-09-01"),
        ("2028-02-29", "2028-08-28", "2028-07-31", "2028-08-31", "2028-09-01"),
        ("2025-08-31", "2026-02-28", "2026-01-31", "2026-02-28", "2026-03-01"),
        ("2026-08-29", "2027-02-28", "2027-01-31", "2027-02-28", "2027-03-01"),
        ("2026-08-30", "2027-02-28", "2027-01-31", "2027-02-28", "2027-03-01"),
        ("2027-08-29", "2028-02-28", "2028-01-31", "2028-02-29", "2028-03-01"),
        ("2027-08-30", "2028-02-29", "2028-01-31", "2028-02-29", "2028-03-01"),
        ("2027-08-31", "2028-02-29", "2028-01-31", "2028-02-29", "2028-03-01"),
        ("2026-12-01", "2027-05-31", "2027-04-30", "2027-05-31", "2027-06-01"),
    ],
)
def test_minimum_term(start, literal, deadline, aligned, exit_on):
    first = next(date_rules.terms(d(start), 6, 1))
    assert first.literal_end == date_rules.term_end(d(start), 6) == d(literal)
    assert first.aligned_end == d(aligned)
    assert date_rules.non_renewal_deadline(first) == d(deadline)
    assert date_rules.first_exit(d(start), 6) == d(exit_on)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        # The three examples of a commentary on 民法 143条.
        ("2026-01-20", 2, "2026-03-19"),
        ("2026-01-31", 2, "2026-03-30"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-01-30", 1, "2026-02-28"),
        ("2026-01-29", 1, "2026-02-28"),
        ("2028-01-29", 1, "2028-02-28"),
        ("2028-01-30", 1, "2028-02-29"),
        ("2026-03-01", 1, "2026-03-31"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-28"),
        ("2026-12-31", 1, "2027-01-30"),
    ],
)
def test_term_end(start, months, end):
    assert date_rules.term_end(d(start), months) == d(end)


def test_renewals_literal_and_aligned():
    aligned = list(islice(date_rules.terms(d("2026-01-15"), 6, 1), 3))
    assert [(term.begins, term.aligned_end) for term in aligned] == [
        (d("2026-01-15"), d("2026-07-31")),
        (d("2026-08-01"), d("2026-08-31")),
        (d("2026-09-01"), d("2026-09-30")),
    ]
    literal = list(islice(date_rules.terms(d("2026-01-15"), 6, 1, literal=True), 3))
    assert [(term.begins, term.literal_end) for term in literal] == [
        (d("2026-01-15"), d("2026-07-14")),
        (d("2026-07-15"), d("2026-08-14")),
        (d("2026-08-15"), d("2026-09-14")),
    ]
    assert [term.number for term in aligned] == [0, 1, 2]


@pytest.mark.parametrize(
    ("start", "ends"),
    [
        # Reckoned from the start each time, so the short February does not stick.
        ("2026-01-29", ["2026-02-28", "2026-03-28", "2026-04-28"]),
        ("2026-01-30", ["2026-02-28", "2026-03-29", "2026-04-29"]),
        ("2026-01-31", ["2026-02-28", "2026-03-30", "2026-04-30"]),
        ("2028-01-30", ["2028-02-29", "2028-03-29", "2028-04-29"]),
        ("2028-01-31", ["2028-02-29", "2028-03-30", "2028-04-30"]),
        ("2028-02-29", ["2028-03-28", "2028-04-28", "2028-05-28"]),
    ],
)
def test_monthly_terms_from_the_end_of_a_month(start, ends):
    found = list(islice(date_rules.terms(d(start), 1, 1, literal=True), 3))
    assert [term.literal_end for term in found] == [d(end) for end in ends]
    assert [term.begins for term in found] == [d(start), d(ends[0]) + DAY, d(ends[1]) + DAY]


@pytest.mark.parametrize(
    ("moment", "cancelled", "changed"),
    [
        # The same instants as servers keep them: what counts is the calendar of Japan.
        ("2026-07-31T14:59:59+00:00", "2026-08-01", "2026-09-01"),
        ("2026-07-31T15:00:00+00:00", "2026-09-01", "2026-09-01"),
        ("2026-08-10T14:59:59+00:00", "2026-09-01", "2026-09-01"),
        ("2026-08-10T15:00:00+00:00", "2026-09-01", "2026-10-01"),
        ("2026-12-31T14:59:59+00:00", "2027-01-01", "2027-02-01"),
        ("2026-12-31T15:00:00+00:00", "2027-02-01", "2027-02-01"),
    ],
)
def test_midnight_is_that_of_japan(moment, cancelled, changed):
    received = datetime.fromisoformat(moment).astimezone(JAPAN)
    exit_on = date_rules.first_exit(d("2026-01-15"), 6)
    assert date_rules.cancel_effective(received, None, exit_on) == d(cancelled)
    assert date_rules.change_effective(received) == d(changed)


@pytest.mark.parametrize(
    ("on", "number"),
    [("2026-01-01", 0), ("2026-01-15", 0), ("2026-07-31", 0), ("2026-08-01", 1), ("2026-08-31", 1), ("2027-01-01", 6)],
)
def test_term_on(on, number):
    assert date_rules.term_on(d("2026-01-15"), 6, 1, d(on)).number == number


@pytest.mark.parametrize(
    ("start", "received", "wanted", "effective"),
    [
        ("2026-01-15", "2026-07-20T10:00", None, "2026-08-01"),
        ("2026-01-15", "2026-07-31T23:59:59", None, "2026-08-01"),
        ("2026-01-15", "2026-08-01T00:00:00", None, "2026-09-01"),
        # Sent on the 31st at 23:58: receipt decides.
        ("2026-01-15", "2026-08-01T00:05", None, "2026-09-01"),
        ("2026-01-15", "2026-06-30T12:00", None, "2026-08-01"),
        ("2026-01-15", "2026-07-10T12:00", None, "2026-08-01"),
        ("2026-01-15", "2026-03-10T12:00", None, "2026-08-01"),
        ("2026-01-15", "2026-07-20T12:00", "2026-10-01", "2026-10-01"),
        ("2026-01-15", "2026-07-20T12:00", "2026-10-17", "2026-10-01"),
        ("2026-01-15", "2026-07-20T12:00", "2026-07-01", "2026-08-01"),
        ("2026-01-01", "2026-06-30T23:59:59", None, "2026-07-01"),
        ("2026-01-15", "2026-12-31T23:59:59", None, "2027-01-01"),
    ],
)
def test_cancellation(start, received, wanted, effective):
    exit_on = date_rules.first_exit(d(start), 6)
    assert date_rules.cancel_effective(at(received), d(wanted) if wanted else None, exit_on) == d(effective)


@pytest.mark.parametrize(
    ("arrived", "minimum", "unit", "notice", "ends"),
    [
        ("2026-06-30", 6, 1, 1, "2026-07-31"),
        ("2026-07-01", 6, 1, 1, "2026-08-31"),
        ("2026-07-20", 6, 1, 1, "2026-08-31"),
        ("2026-07-31", 6, 1, 1, "2026-08-31"),
        ("2026-08-01", 6, 1, 1, "2026-09-30"),
        ("2026-01-20", 6, 1, 1, "2026-07-31"),
        # A campaign with twelve months, renewed by three, notice two months before.
        ("2026-10-31", 12, 3, 1, "2027-01-31"),
        ("2026-11-30", 12, 3, 2, "2027-01-31"),
        ("2026-12-01", 12, 3, 2, "2027-04-30"),
    ],
)
def test_refusal_by_the_company(arrived, minimum, unit, notice, ends):
    if (minimum, notice) == (12, 2) and arrived == "2026-12-01":
        assert date_rules.non_renewal_deadline(next(date_rules.terms(d("2026-01-15"), 12, 3)), 2) == d("2026-11-30")
    term = date_rules.refusal_term(d(arrived), d("2026-01-15"), minimum, unit, notice)
    assert term.aligned_end == d(ends)


def test_refusal_with_literal_ends():
    ends = [
        date_rules.refusal_term(d(arrived), d("2026-01-15"), 6, 1, literal=True).literal_end
        for arrived in ("2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01")
    ]
    assert ends == [d("2026-07-14"), d("2026-08-14"), d("2026-08-14"), d("2026-09-14")]


@pytest.mark.parametrize(
    ("applied", "effective"),
    [
        ("2026-03-10T23:59:59", "2026-04-01"),
        ("2026-03-11T00:00:00", "2026-05-01"),
        ("2026-12-10T09:00", "2027-01-01"),
        ("2026-12-11T09:00", "2027-02-01"),
        # A Sunday and a national holiday: no shift.
        ("2026-05-10T23:59:59", "2026-06-01"),
        ("2026-10-11T00:00:00", "2026-12-01"),
        ("2028-02-29T12:00", "2028-04-01"),
    ],
)
def test_change_of_course(applied, effective):
    assert date_rules.change_effective(at(applied)) == d(effective)


@pytest.mark.parametrize(
    ("applied", "wanted", "start", "effective"),
    [
        ("2026-03-05T12:00", "2026-06-01", None, "2026-06-01"),
        ("2026-03-05T12:00", "2026-03-01", None, "2026-04-01"),
        ("2026-03-05T12:00", None, "2026-04-15", "2026-05-01"),
        ("2026-03-05T12:00", None, "2026-04-01", "2026-04-01"),
        ("2026-03-05T12:00", None, "2026-01-15", "2026-04-01"),
    ],
)
def test_change_later_and_never_before_the_start(applied, wanted, start, effective):
    found = date_rules.change_effective(at(applied), d(wanted) if wanted else None, d(start) if start else None)
    assert found == d(effective)


@pytest.mark.parametrize(
    ("received", "planned", "late"),
    [
        ("2026-04-11T23:59:59", "2026-04-01", False),
        ("2026-04-12T00:00:00", "2026-04-01", True),
        ("2026-03-01T12:00", "2026-04-01", False),
        ("2028-03-10T12:00", "2028-02-29", False),
        ("2028-03-11T00:00", "2028-02-29", True),
    ],
)
def test_filing_of_changes(received, planned, late):
    assert date_rules.filed_late(at(received), d(planned)) is late


@pytest.mark.parametrize(
    ("due", "limit"),
    [
        ("2026-03-27", "2026-09-27"),
        ("2026-08-31", "2027-02-28"),
        ("2027-08-31", "2028-02-29"),
        ("2026-02-28", "2026-08-31"),
        ("2026-08-30", "2027-02-28"),
        ("2026-08-29", "2027-02-28"),
        ("2026-12-31", "2027-06-30"),
    ],
)
def test_settlement_limit(due, limit):
    assert date_rules.settle_limit(d(due)) == d(limit)


@pytest.mark.parametrize(
    ("published", "effective", "adverse", "good"),
    [
        ("2026-03-02", "2026-04-01", True, True),
        ("2026-03-03", "2026-04-01", True, False),
        ("2026-04-01", "2026-04-01", True, False),
        ("2026-04-01", "2026-04-01", False, True),
        ("2026-04-02", "2026-04-01", False, False),
    ],
)
def test_announcement(published, effective, adverse, good):
    assert date_rules.announced_in_time(d(published), d(effective), adverse, 30) is good


@pytest.mark.parametrize(
    ("month", "stops", "usable", "fee"),
    [
        ("2026-04-01", [("2026-04-01", None)], 0, 0),
        ("2026-04-01", [("2026-04-10", None)], 9, 900),
        ("2026-04-01", [("2026-04-30", None)], 29, 2900),
        ("2026-05-01", [("2026-04-10", None)], 0, 0),
        ("2026-05-01", [("2026-04-10", "2026-05-20")], 12, 1161),
        ("2026-04-01", [("2026-04-10", "2026-04-10")], 30, 3000),
        ("2026-04-01", [("2026-04-10", "2026-04-12"), ("2026-04-20", "2026-04-21")], 27, 2700),
        ("2026-04-01", [], 30, 3000),
        ("2028-02-01", [("2028-02-29", None)], 28, 2896),
        ("2027-02-01", [("2027-02-15", None)], 14, 1500),
    ],
)
def test_month_of_a_suspension_by_days(month, stops, usable, fee):
    held = [Standstill(d(since), d(until) if until else None) for since, until in stops]
    assert date_rules.usable_days(d(month), held) == usable
    days = date_rules.days_in_month(d(month))
    assert date_rules.pro_rata(3000, usable, days) == fee
    assert date_rules.pro_rata(3000, usable, days, whole_month=True) == (3000 if usable else 0)


# Public holidays and the banks' turn of the year, as far as the table below comes near them.
HOLIDAYS = frozenset(
    d(day)
    for day in """2026-02-11 2026-02-23 2026-03-20 2026-04-29 2026-05-03 2026-05-04 2026-05-05 2026-05-06 2026-09-21
    2026-09-22 2026-09-23 2026-11-23 2026-12-31 2027-01-01 2027-01-02 2027-01-03 2027-01-11 2027-02-11 2027-02-23
    2027-03-21 2027-03-22""".split()
)


@pytest.mark.parametrize(
    ("month", "debited", "file_by", "result"),
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
def test_debits(month, debited, file_by, result):
    found = date_rules.debit_date(d(month), HOLIDAYS)
    assert found == d(debited)
    assert date_rules.file_deadline(found, HOLIDAYS) == d(file_by)
    assert date_rules.result_expected(found, HOLIDAYS) == d(result)


DAYS = st.dates(date(2020, 1, 1), date(2050, 12, 31))


@given(DAYS, st.integers(1, 36))
def test_terms_leave_no_day_out(start, months):
    """A term ends the day before another could begin: the ends of n months and of n + 1 are a month apart."""
    end = date_rules.term_end(start, months)
    assert end > start
    assert (end.year - start.year) * 12 + end.month - start.month in (months - 1, months)
    assert date_rules.term_end(start, months + 1) > end
    assert (end + DAY).day in (start.day, 1) or end == date_rules.month_end(end)


@given(DAYS, st.integers(1, 24), st.integers(1, 12), st.booleans(), st.integers(1, 3), DAYS)
def test_refusals_end_a_term_and_never_the_minimum_one(start, minimum, unit, literal, notice, arrived):
    term = date_rules.refusal_term(arrived, start, minimum, unit, notice, literal)
    assert term.end(literal) + DAY >= date_rules.first_exit(start, minimum, literal)
    assert arrived <= date_rules.non_renewal_deadline(term, notice)


@given(DAYS, st.integers(1, 24), st.datetimes(datetime(2020, 1, 1), datetime(2050, 12, 31)), st.none() | DAYS)
def test_cancellations_begin_a_month_after_receipt_and_the_minimum_term(start, minimum, received, wanted):
    exit_on = date_rules.first_exit(start, minimum)
    effective = date_rules.cancel_effective(received, wanted, exit_on)
    assert effective.day == 1 and effective >= exit_on and effective > received.date()
    assert wanted is None or effective >= wanted.replace(day=1)
    if effective > exit_on and (wanted is None or effective > wanted.replace(day=1)):
        assert effective - received.date() <= timedelta(days=31)


@pytest.mark.parametrize(
    ("received", "exit_on", "months"),
    [
        ("2026-03-10T12:00", "2026-07-01", ["2026-04-01", "2026-05-01", "2026-06-01"]),
        ("2026-05-31T23:59:59", "2026-07-01", ["2026-06-01"]),
        ("2026-06-01T00:00:00", "2026-07-01", []),
        ("2026-12-15T12:00", "2027-02-01", ["2027-01-01"]),
        ("2026-09-01T12:00", "2026-07-01", []),
    ],
)
def test_from_when_an_early_exit_may_be_asked_for(received, exit_on, months):
    assert date_rules.early_exits(at(received), d(exit_on)) == [d(month) for month in months]
