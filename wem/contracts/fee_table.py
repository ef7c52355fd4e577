"""What the courses cost on a day, as those read it who choose one: with tax (4-6, 7-1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext

from wem.contracts import catalogue, rules
from wem.contracts.catalogue_models import course_price


@dataclass(frozen=True)
class CourseFees:
    """One course: yen with tax; tiers are (up to how many addresses, yen a month), rising."""

    name: str
    initial: int
    tiers: Sequence[tuple[int, int]]

    @property
    def least(self) -> str:
        """Return the fee of the lowest tier, in words."""
        up_to, fee = self.tiers[0]
        return str(
            gettext(
                "from %(fee)s yen a month, tax included (up to %(count)s addresses)", fee=f"{fee:,}", count=f"{up_to:,}"
            )
        )

    @property
    def at_first(self) -> str:
        """Return what a new customer pays at least, in words."""
        return str(
            gettext("%(monthly)s; initial fee %(fee)s yen (tax included)", monthly=self.least, fee=f"{self.initial:,}")
        )

    @property
    def in_a_line(self) -> str:
        """Return all tiers, in words."""
        parts = (gettext("up to %(count)s: %(fee)s yen", count=f"{n:,}", fee=f"{fee:,}") for n, fee in self.tiers)
        return str(gettext("%(tiers)s (tax included)", tiers=gettext(", ").join(parts)))


def fees_on(day: date) -> dict[str, CourseFees]:
    """Return the fees of the courses on offer on a day by their codes; the samples until there is a price list."""
    found = {course.code: _fees(course.name, price.initial, price.tiers) for course, price in catalogue.offered(day)}
    return found or {each.code: _fees(each.name, each.initial, each.tiers) for each in catalogue.SAMPLES}


def fees_of(code: str, day: date) -> CourseFees | None:
    """Return the fees of one course on a day, also of one that is no longer on offer; None without a price.

    Raises LookupError when there is no such course.
    """
    course = catalogue.course_of(code)
    price = course_price(course.id, day)
    return None if price is None else _fees(course.name, price.initial, price.tiers)


def _fees(name: str, initial: int, tiers: Iterable[Sequence[int]]) -> CourseFees:
    return CourseFees(name, rules.with_tax(initial), [(up_to, rules.with_tax(fee)) for up_to, fee in tiers])
