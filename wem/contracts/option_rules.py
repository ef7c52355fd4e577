"""From when until when an option is held and charged, also where we ended it within a month (14-1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from wem.contracts.date_rules import month_start


@dataclass(frozen=True)
class Holding:
    """One option of one contract; `until` is the first day without it.

    `charged_from` and `charged_until` are the first days with and without its fee, where those are others.
    """

    since: date
    until: date | None = None
    charged_from: date | None = None
    charged_until: date | None = None

    def held(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)

    def charged(self, month: date) -> bool:
        """Return whether the fee of a month, by a day of it that decides, includes this option."""
        ends = self.charged_until or self.until
        return (self.charged_from or self.since) <= month and (ends is None or month < ends)


def cut_off(holding: Holding, on: date) -> Holding:
    """Return the option ended at once on a day: the month that has begun stays charged in full (4-7, 14-1)."""
    return replace(holding, until=on, charged_until=month_start(on, 1))


def brought_back(on: date, until: date | None) -> Holding:
    """Return the option held anew from a day, its termination being lifted.

    Its fee begins with the next month: that of this month was charged when it was ended in it, and else there was no
    option on its 1st. `until` is the end that the option itself has for everybody.
    """
    return Holding(since=on, until=until, charged_from=month_start(on, 1))
