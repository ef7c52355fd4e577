"""The dates of a contract: terms, notices, changes, settlement, debits; all are calendar dates in Japan.

A period begins with its first day at 0:00 and ends by the calendar (民法 140条但書, 143条). Holidays are arguments.
"""

from __future__ import annotations

import calendar
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

DAY = timedelta(days=1)
# 13-2: 未収期間が最大で6ヶ月.
SETTLE_MONTHS = 6
# 16: within ten days of the planned date.
FILING_DAYS = 10
CHANGE_DAY = 10
DEBIT_DAY = 27
FILE_BANK_DAYS = 7
RESULT_BANK_DAYS = 4


def month_start(day: date, later: int = 0) -> date:
    """Return the 1st of the month that is so many months after a day's month."""
    months = day.year * 12 + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def month_end(day: date, later: int = 0) -> date:
    """Return the last day of the month that is so many months after a day's month."""
    return month_start(day, later + 1) - DAY


def days_in_month(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def months_between(first: date, last: date) -> int:
    """Return how many months after one day's month another's is; negative when it is before."""
    return (last.year - first.year) * 12 + last.month - first.month


def months_before(day: date, months: int) -> date:
    """Return the same day so many months before, or the last day of that month when it has none."""
    month = month_start(day, -months)
    return month.replace(day=min(day.day, days_in_month(month)))


def free_month(free_months: int, start: date, month: date) -> bool:
    """Return whether a month is one of a campaign's months without the monthly fee, the first month being one."""
    return months_between(start, month) < free_months


def early_exits(received: datetime, exit_on: date) -> list[date]:
    """Return the 1sts within the minimum term from which a customer may ask to be let go (Art. 15-1, A-04)."""
    first = month_start(received.date(), 1)
    return [
        month_start(first, later)
        for later in range(max(0, months_between(first, exit_on) + 1))
        if month_start(first, later) < exit_on
    ]


def term_end(start: date, months: int) -> date:
    """Return the last day of a term of whole months that begins on a day (民法 143条).

    From the 31st of January one month ends on the last day of February, for there is no 31st to end before.
    """
    if start.day == 1:
        return month_end(start, months - 1)
    first = month_start(start, months)
    if start.day > days_in_month(first):
        return month_end(first)
    return first.replace(day=start.day) - DAY


@dataclass(frozen=True)
class Term:
    """One term of a contract: the minimum term is number 0, each renewal one more.

    `literal_end` follows the day of the start; `aligned_end` is the end of its month, for fees, closing and
    cancellation are by whole months.
    """

    number: int
    begins: date
    literal_end: date
    aligned_end: date

    def end(self, literal: bool) -> date:
        return self.literal_end if literal else self.aligned_end


def terms(start: date, minimum: int, unit: int, literal: bool = False) -> Iterator[Term]:
    """Yield the terms of a contract for ever: `minimum` months, then `unit` months each (Art. 5-1, 5-2)."""
    begins, number = start, 0
    while True:
        last = term_end(start, minimum + number * unit)
        term = Term(number, begins, last, month_end(last))
        yield term
        begins, number = term.end(literal) + DAY, number + 1


def term_on(start: date, minimum: int, unit: int, on: date, literal: bool = False) -> Term:
    """Return the term that a day lies in; before the start the minimum term."""
    return next(term for term in terms(start, minimum, unit, literal) if on <= term.end(literal))


def first_exit(start: date, minimum: int, literal: bool = False) -> date:
    """Return the first day on which the contract can be over: that after the minimum term (Art. 5-1)."""
    return next(terms(start, minimum, 1)).end(literal) + DAY


def non_renewal_deadline(term: Term, notice_months: int = 1) -> date:
    """Return the last day on which a refusal of renewal may arrive to end this term (Art. 5-3)."""
    return month_end(term.literal_end, -notice_months)


def refusal_term(
    arrived: date, start: date, minimum: int, unit: int, notice_months: int = 1, literal: bool = False
) -> Term:
    """Return the term with which a contract ends whose renewal the company refuses: the first one still in time."""
    return next(
        term
        for term in terms(start, minimum, unit, literal)
        if arrived <= non_renewal_deadline(term, notice_months) and arrived <= term.end(literal)
    )


def cancel_effective(received: datetime, wanted: date | None, exit_on: date) -> date:
    """Return from which day a customer's cancellation holds (Art. 15-1): the last day of service is the one before.

    Receipt decides, not sending (A-11); a later month that is wanted is honoured (A-35); never within the minimum
    term (A-04).
    """
    found = max(month_start(received.date(), 1), exit_on)
    return max(found, month_start(wanted)) if wanted else found


def change_effective(applied: datetime, wanted: date | None = None, start: date | None = None) -> date:
    """Return from which 1st a change of course or options holds (Art. 11-1): next month until the 10th at 23:59:59.

    No holiday moves the 10th (A-20). Never before the start; a later month that is wanted is honoured.
    """
    found = month_start(applied.date(), 1 if applied.day <= CHANGE_DAY else 2)
    if start is not None:
        found = max(found, start if start.day == 1 else month_start(start, 1))
    return max(found, month_start(wanted)) if wanted else found


def filing_deadline(planned: date) -> date:
    """Return until when a change of the details is in time (Art. 16, A-14); the first day is not counted."""
    return planned + timedelta(days=FILING_DAYS)


def filed_late(received: datetime, planned: date) -> bool:
    """Return whether a change came later than Art. 16 asks; it is taken all the same."""
    return received.date() > filing_deadline(planned)


def settle_limit(due: date) -> date:
    """Return the last day on which full settlement still allows lifting a suspension (Art. 13-2, A-16)."""
    return term_end(due + DAY, SETTLE_MONTHS)


def announced_in_time(published: date, effective: date, adverse: bool, least_days: int) -> bool:
    """Return whether a change of prices or terms may take effect on a day (Art. 3, 4-6, 民法 548条の4, A-18).

    What is adverse must have been public so many days before; anything else not later than the day itself.
    """
    return effective >= published + timedelta(days=least_days if adverse else 0)


def last_day_may_move(today: date, before: date, after: date, least_days: int) -> bool:
    """Return whether the last day of a campaign that is public may become another (3-2, 民法 548条の4, A-18).

    A later one is better for everybody. An earlier one is worse: it lies so many days ahead, for who relies on it.
    """
    if before < today:
        return False
    return after >= before or announced_in_time(today, after, True, least_days)


@dataclass(frozen=True)
class Standstill:
    """Days on which a suspended contract could not be used: from the day of suspension until before the lifting."""

    since: date
    until: date | None  # the day of lifting, which can be used again


def usable_days(month: date, stops: Iterable[Standstill]) -> int:
    """Return the days of a month on which the service could be used (Art. 13-3, A-29); suspended on the 1st: none."""
    first, last = month_start(month), month_end(month)
    days = (first + DAY * number for number in range(days_in_month(month)))
    held = list(stops)
    return sum(1 for day in days if first <= day <= last and not any(_stands(stop, day) for stop in held))


def _stands(stop: Standstill, day: date) -> bool:
    return stop.since <= day and (stop.until is None or day < stop.until)


def pro_rata(fee: int, usable: int, days: int, whole_month: bool = False) -> int:
    """Return the fee in yen, net, of a month that could be used on some days only; fractions are cut off (A-29).

    With `whole_month` any usable day costs the month.
    """
    if whole_month:
        return fee if usable else 0
    return fee * usable // days


def is_bank_day(day: date, holidays: Container[date]) -> bool:
    """Return whether banks work; `holidays` are the public ones and 31 December to 3 January."""
    return day.weekday() < 5 and day not in holidays


def bank_day_from(day: date, holidays: Container[date]) -> date:
    """Return the first bank day on or after a day."""
    while not is_bank_day(day, holidays):
        day += DAY
    return day


def bank_days_away(day: date, count: int, holidays: Container[date]) -> date:
    """Return the bank day that is so many bank days after (or, negative, before) a day."""
    step = DAY if count > 0 else -DAY
    for _ in range(abs(count)):
        day += step
        while not is_bank_day(day, holidays):
            day += step
    return day


def debit_date(month: date, holidays: Container[date]) -> date:
    """Return the day on which a month's fees are debited: its 27th, or the next bank day, even if next month's."""
    return bank_day_from(month.replace(day=DEBIT_DAY), holidays)


def file_deadline(debited: date, holidays: Container[date]) -> date:
    """Return the last day on which the bank takes the file for a debit."""
    return bank_days_away(debited, -FILE_BANK_DAYS, holidays)


def result_expected(debited: date, holidays: Container[date]) -> date:
    """Return the day on which the bank's results of a debit usually come."""
    return bank_days_away(debited, RESULT_BANK_DAYS, holidays)
