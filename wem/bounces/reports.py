"""Bounces in numbers, from kept tallies alone: of a mailing, of a list, of the providers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from wem import clock
from wem.bounces.cause_rules import Cause, cause_of, reasons_of
from wem.bounces.counting_rules import counts
from wem.bounces.models import WHOLE, BounceTally, ProviderTally, Removal
from wem.bounces.states import Reason
from wem.db import db
from wem.delivery.models import Dispatch, DispatchKind


@dataclass(frozen=True, slots=True)
class Line:
    """How many came back for a cause; `counts`: it speaks against the address."""

    cause: Cause
    number: int
    counts: bool


@dataclass(frozen=True)
class Numbers:
    """What came back, by cause (most first) and by day, and how many complained."""

    lines: list[Line]
    days: dict[date, int]
    complaints: int

    @property
    def total(self) -> int:
        return sum(line.number for line in self.lines)


def of_mailing(mailing_id: int) -> Numbers:
    """Return the numbers of a mailing, all its dispatches together."""
    dispatches = sa.select(Dispatch.id).where(Dispatch.mailing_id == mailing_id, Dispatch.kind == DispatchKind.bulk)
    return _numbers(BounceTally.dispatch_id.in_(dispatches), BounceTally.list_id == WHOLE)


def of_list(list_id: int, since: date, cause: Cause | None = None) -> Numbers:
    """Return the numbers of a list since a day, of one cause or all."""
    which = [BounceTally.list_id == list_id, BounceTally.day >= since]
    if cause is not None:
        which.append(BounceTally.reason.in_(reasons_of(cause)))
    return _numbers(*which)


def _numbers(*which: sa.ColumnElement[bool]) -> Numbers:
    causes: Counter[Cause] = Counter()
    days: Counter[date] = Counter()
    complaints = 0
    for day, reason, number in db.session.execute(
        sa.select(BounceTally.day, BounceTally.reason, sa.func.sum(BounceTally.number))
        .where(*which)
        .group_by(BounceTally.day, BounceTally.reason)
    ):
        if reason is Reason.feedback:
            complaints += int(number)
            continue
        causes[cause_of(reason)] += int(number)
        days[day] += int(number)
    lines = [Line(cause, number, any(map(counts, reasons_of(cause)))) for cause, number in causes.most_common()]
    return Numbers(lines, dict(sorted(days.items())), complaints)


def by_day(days: dict[date, int], first: date, last: date) -> list[tuple[date, int]]:
    """Return each day with its number, those without any too."""
    return [(first + timedelta(n), days.get(first + timedelta(n), 0)) for n in range((last - first).days + 1)]


def by_month(days: dict[date, int], first: date, last: date) -> list[tuple[date, int]]:
    """Return the first of each month with the month's number."""
    months: Counter[date] = Counter()
    month = first.replace(day=1)
    while month <= last:
        months[month] = 0
        month = (month + timedelta(days=31)).replace(day=1)
    for day, number in days.items():
        months[day.replace(day=1)] += number
    return sorted(months.items())


def removed(customer_id: int, list_id: int, since: date) -> int:
    """Return how many addresses were removed from a list since a day."""
    rows = db.session.scalars(
        sa.select(Removal.lists).where(
            Removal.customer_id == customer_id, Removal.at >= datetime.combine(since, time.min, clock.JAPAN)
        )
    )
    return sum(list_id in lists for lists in rows)


def by_provider(since: date) -> list[tuple[str, int, Sequence[tuple[Cause, int]]]]:
    """Return (provider, number, its causes, most first) of all customers' mails that came back since a day."""
    found: dict[str, Counter[Cause]] = {}
    for provider, reason, number in db.session.execute(
        sa.select(ProviderTally.provider, ProviderTally.reason, sa.func.sum(ProviderTally.number))
        .where(ProviderTally.day >= since, ProviderTally.reason != Reason.feedback)
        .group_by(ProviderTally.provider, ProviderTally.reason)
    ):
        found.setdefault(provider, Counter())[cause_of(reason)] += int(number)
    ordered = sorted(found.items(), key=lambda pair: -pair[1].total())
    return [(provider, causes.total(), causes.most_common()) for provider, causes in ordered]
