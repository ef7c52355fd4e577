"""Suspension for non-payment and its lifting (Art. 13-2, A-16): each condition by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from wem.contracts import date_rules


@dataclass(frozen=True)
class Owed:
    """One receivable: due until the end of a day, yen including tax, the day it was settled."""

    due: date
    amount: int
    settled_on: date | None = None

    def overdue(self, on: date) -> bool:
        return self.due < on and self.settled_on is None


def overdue(owed: Sequence[Owed], on: date) -> list[Owed]:
    """Return what was not paid in time and is not paid yet, the oldest first."""
    return sorted((each for each in owed if each.overdue(on)), key=lambda each: each.due)


@dataclass(frozen=True)
class Lifting:
    """The conditions of 13-2 as they stand on a day; staff decide only when all are met."""

    oldest_due: date | None
    limit: date | None  # last day of full settlement
    outstanding: int  # yen
    settled_on: date | None
    in_time: bool
    all_settled: bool
    applied: bool

    @property
    def met(self) -> bool:
        return self.in_time and self.all_settled and self.applied

    @property
    def lost(self) -> bool:
        """Whether lifting has become impossible: the way out is a new contract, ours to terminate (A-24)."""
        return not self.in_time


def lifting(owed: Sequence[Owed], suspended_on: date, applied: bool, on: date) -> Lifting:
    """Return the conditions for lifting a suspension for non-payment.

    What counts is unpaid after its due date, now or at some time since the suspension. The unpaid period runs from
    the oldest such due date to the day on which all was settled; when the application comes does not matter.
    A payment that the bank had before the suspension may have been noted after it: where nothing else is left, what
    was paid late and within its limit before the suspension says the days.
    """
    late = [each for each in owed if each.due < on and (each.settled_on is None or each.settled_on > each.due)]
    counted = [each for each in late if each.settled_on is None or each.settled_on >= suspended_on]
    if not counted:
        counted = [each for each in late if date_rules.settle_limit(each.due) >= suspended_on]
    unpaid = [each for each in counted if each.settled_on is None]
    settled = [each.settled_on for each in counted if each.settled_on is not None]
    oldest = min((each.due for each in counted), default=None)
    limit = date_rules.settle_limit(oldest) if oldest else None
    settled_on = max(settled, default=None) if not unpaid else None
    return Lifting(
        oldest_due=oldest,
        limit=limit,
        outstanding=sum(each.amount for each in unpaid),
        settled_on=settled_on,
        in_time=limit is None or (settled_on or on) <= limit,
        all_settled=not unpaid,
        applied=applied,
    )
