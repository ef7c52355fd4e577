"""What a step would cost: leaving today, another course, other options; net prices, shown with tax."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext

from wem.clock import JAPAN
from wem.contracts import catalogue, life_rules, rules
from wem.contracts.catalogue_models import course_price
from wem.contracts.date_rules import DAY, month_start, months_between
from wem.contracts.describing import as_read
from wem.contracts.models import Contract
from wem.contracts.state_rules import Illegal


@dataclass(frozen=True)
class Leaving:
    """What a cancellation would mean that is received now: the fees of the whole months that are still to come."""

    effective: date
    last_day: date
    months: int
    monthly: int | None  # yen, net, at the present peak; None above the highest tier
    in_minimum_term: bool

    @property
    def total(self) -> int | None:
        """Return the fees with tax, rounded once a month as invoices are."""
        return None if self.monthly is None else self.months * rules.with_tax(self.monthly)

    def costs(self) -> list[tuple[str, str]]:
        if not self.months:
            return [(gettext("Fees after this month"), gettext("none"))]
        if self.total is None:
            return [(gettext("Fees after this month"), gettext("to be agreed: the peak is above the highest tier"))]
        return [
            (
                gettext("Fees after this month"),
                gettext(
                    "%(months)s months: %(total)s yen at the present peak (tax included)",
                    months=self.months,
                    total=f"{self.total:,}",
                ),
            )
        ]


def leaving_today(contract: Contract, at: datetime, peak: int, wanted: date | None = None) -> Leaving | None:
    """Return what cancelling at a moment would mean; None when it cannot be cancelled."""
    try:
        life = life_rules.give_notice(contract.life, at.astimezone(JAPAN), wanted)
    except Illegal:
        return None
    over, today = life.over_on, at.astimezone(JAPAN).date()
    assert over is not None and life.leaves_on is not None
    coming = month_start(today, 1)
    months = max(0, months_between(coming, over))
    exit_on = life.first_exit
    return Leaving(
        effective=life.leaves_on,
        last_day=over - DAY,
        months=months,
        monthly=catalogue.monthly_fee(contract, peak, today),
        in_minimum_term=exit_on is not None and exit_on > coming,
    )


@dataclass(frozen=True)
class EarlyExit:
    """What leaving within the minimum term would cost: the fees until then, and the rest where it is owed (A-04)."""

    effective: date
    months: int  # still to come until then
    rest: int  # months of the minimum term after it that are owed
    monthly: int | None  # yen, net, at the present peak; None above the highest tier

    def costs(self) -> list[tuple[str, str]]:
        return [
            (gettext("Fees until then"), self._sum(self.months)),
            (gettext("Rest of the minimum term"), self._sum(self.rest)),
        ]

    def _sum(self, months: int) -> str:
        if not months:
            return str(gettext("none"))
        if self.monthly is None:
            return str(gettext("to be agreed: the peak is above the highest tier"))
        return str(
            gettext(
                "%(months)s months: %(total)s yen at the present peak (tax included)",
                months=months,
                total=f"{months * rules.with_tax(self.monthly):,}",
            )
        )


def leaving_early(contract: Contract, at: datetime, peak: int, month: date) -> EarlyExit:
    """Return what leaving from a 1st within the minimum term would cost.

    The rest of the term is owed only where course, campaign or application say so (5-4).
    """
    today, exit_on = at.astimezone(JAPAN).date(), contract.life.first_exit
    assert exit_on is not None
    return EarlyExit(
        month,
        months_between(month_start(today, 1), month),
        months_between(month, exit_on) if contract.rest_owed else 0,
        catalogue.monthly_fee(contract, peak, today),
    )


def early_sentence(contract: Contract, at: datetime, peak: int, month: date) -> str:
    """Return the sentence that the customer agrees to, kept as it was shown (A-04)."""
    costs = gettext(", ").join(f"{label}: {value}" for label, value in leaving_early(contract, at, peak, month).costs())
    return str(
        gettext(
            "I ask to leave from %(day)s, before the minimum term is over. I pay what is owed then (%(costs)s).",
            day=as_read(month),
            costs=costs,
        )
    )


def course_fees(contract: Contract, code: str, day: date, peak: int) -> list[tuple[str, str]]:
    """Return the monthly fee now and then, at the present peak."""
    now = rules.fee(contract.tiers_on(day), peak)
    return [
        (gettext("Monthly fee of the present course"), _text(now)),
        (gettext("Monthly fee of the new course"), _text(_fee(code, day, peak))),
    ]


def course_sentence(contract: Contract, code: str, day: date, peak: int) -> str:
    """Return the sentence that the customer agrees to, kept as it was shown (11-2)."""
    course = catalogue.course_of(code)
    return str(
        gettext(
            "From %(day)s my course is %(course)s: %(fee)s a month at today's peak of %(peak)s. I agree.",
            day=as_read(day),
            course=course.name,
            peak=f"{peak:,}",
            fee=_text(_fee(code, day, peak)),
        )
    )


def _fee(code: str, day: date, peak: int) -> int | None:
    price = course_price(catalogue.course_of(code).id, day)
    return rules.fee([(up_to, fee) for up_to, fee in price.tiers], peak) if price else None


def _text(net: int | None) -> str:
    if net is None:
        return str(gettext("above the highest tier, to be agreed"))
    return str(gettext("%(fee)s yen (tax included)", fee=f"{rules.with_tax(net):,}"))


def options_text(codes: list[str], day: date) -> str:
    return _text(catalogue.options_fee([catalogue.option_of(code) for code in codes], day))


def options_sentence(codes: list[str], day: date) -> str:
    """Return the sentence that the customer agrees to, kept as it was shown (11-2)."""
    names = gettext(", ").join(catalogue.option_of(code).name for code in codes) or gettext("none")
    return str(
        gettext(
            "From %(day)s my options are: %(options)s, %(fee)s a month. I agree to the fees.",
            day=as_read(day),
            options=names,
            fee=options_text(codes, day),
        )
    )
