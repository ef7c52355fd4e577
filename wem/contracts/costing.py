"""What a step would cost: leaving today, another course, other options; net prices, shown with tax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext

from wem.clock import JAPAN
from wem.contracts import catalogue, fee_table, life_rules, rules
from wem.contracts.agreed import coming, fee_of_month, plain_fee
from wem.contracts.catalogue_models import course_price
from wem.contracts.date_rules import DAY, month_start, months_between
from wem.contracts.describing import as_read
from wem.contracts.models import Contract
from wem.contracts.price_models import agreed_tier
from wem.contracts.request_models import ContractRequest
from wem.contracts.state_rules import Illegal

# Of each month, yen net at the present peak; None above the highest tier.
Fees = Sequence[int | None]


@dataclass(frozen=True)
class Leaving:
    """What a cancellation would mean that is received now: the fees of the whole months that are still to come."""

    effective: date
    last_day: date
    fees: Fees
    minimum_until: date  # last day of the minimum term
    in_minimum_term: bool
    # With the changes that are asked for, should we accept them; None when there are none.
    if_changed: Fees | None = None

    @property
    def why(self) -> str:
        """Return from when a cancellation that is received today holds, and why then and not earlier."""
        days = {"day": as_read(self.effective), "end": as_read(self.minimum_until)}
        if self.in_minimum_term:
            return str(
                gettext(
                    "Received today, a cancellation holds from %(day)s at the earliest: the minimum term lasts until "
                    "%(end)s, and the cancellation waits for its end (Art. 5-1).",
                    **days,
                )
            )
        return str(
            gettext(
                "Received today, a cancellation holds from %(day)s at the earliest, the 1st of the month after its "
                "receipt (Art. 15-1). The minimum term lasts until %(end)s.",
                **days,
            )
        )

    def costs(self) -> list[tuple[str, str]]:
        return [(gettext("Fees after this month"), _sum(self.fees)), *_if_changed(self.if_changed, self.fees)]


def leaving_today(contract: Contract, at: datetime, peak: int, wanted: date | None = None) -> Leaving | None:
    """Return what cancelling at a moment would mean; None when it cannot be cancelled."""
    try:
        life = life_rules.give_notice(contract.life, at.astimezone(JAPAN), wanted)
    except Illegal:
        return None
    over, today = life.over_on, at.astimezone(JAPAN).date()
    next_month, exit_on = month_start(today, 1), life.first_exit
    assert over is not None and life.leaves_on is not None and exit_on is not None
    return Leaving(
        effective=life.leaves_on,
        last_day=over - DAY,
        fees=_fees(contract, peak, next_month, over),
        minimum_until=exit_on - DAY,
        in_minimum_term=exit_on > next_month,
        if_changed=_with_undecided(contract, lambda changes: _fees(contract, peak, next_month, over, changes)),
    )


@dataclass(frozen=True)
class EarlyExit:
    """What leaving within the minimum term would cost: the fees until then, and the rest where it is owed (A-04)."""

    effective: date
    fees: Fees  # still to come until then
    rest: Fees  # of the minimum term after it that are owed
    if_changed: Fees | None = None  # both, with the changes that are asked for, should we accept them

    def costs(self) -> list[tuple[str, str]]:
        return [
            (gettext("Fees until then"), _sum(self.fees)),
            (gettext("Rest of the minimum term"), _sum(self.rest)),
            *_if_changed(self.if_changed, [*self.fees, *self.rest]),
        ]


def leaving_early(contract: Contract, at: datetime, peak: int, month: date) -> EarlyExit:
    """Return what leaving from a 1st within the minimum term would cost.

    The rest of the term is owed only where course, campaign or application say so (5-4).
    """
    today, exit_on = at.astimezone(JAPAN).date(), contract.life.first_exit
    assert exit_on is not None
    rest = months_between(month, exit_on) if contract.rest_owed else 0
    first, accepted = month_start(today, 1), _accepted(contract)

    def owed(changes: Sequence[ContractRequest]) -> Fees:
        # The rest is owed at the plain fee, a campaign's free months included: so the final account asks for it.
        return [plain_fee(contract, peak, month, changes)] * rest

    return EarlyExit(
        month,
        _fees(contract, peak, first, month),
        owed(accepted),
        _with_undecided(contract, lambda rows: [*_fees(contract, peak, first, month, rows), *owed(rows)]),
    )


def _fees(
    contract: Contract, peak: int, first: date, over: date, changes: Sequence[ContractRequest] | None = None
) -> Fees:
    """Return the fees of whole months, with the changes that are accepted, or with those given."""
    held = _accepted(contract) if changes is None else changes
    months = range(max(0, months_between(first, over)))
    return [fee_of_month(contract, peak, month_start(first, later), held) for later in months]


def _accepted(contract: Contract) -> list[ContractRequest]:
    return [row for row in coming(contract) if not row.undecided]


def _with_undecided(contract: Contract, fees: Callable[[Sequence[ContractRequest]], Fees]) -> Fees | None:
    """Return fees as they would be with all that is asked for; None when nothing waits for our answer."""
    changes = coming(contract)
    return fees(changes) if any(row.undecided for row in changes) else None


def _if_changed(fees: Fees | None, as_it_stands: Fees) -> list[tuple[str, str]]:
    """Return the line about what is asked for; none when the end comes before it would hold."""
    if fees is None or list(fees) == list(as_it_stands):
        return []
    return [(gettext("The same, if the change you asked for is accepted"), _sum(fees))]


def _sum(fees: Fees) -> str:
    """Return the sum in words, tax rounded once a month as on invoices."""
    if not fees:
        return str(gettext("none"))
    known = [fee for fee in fees if fee is not None]
    if len(known) < len(fees):
        return str(gettext("to be agreed: the peak is above the highest tier"))
    return str(
        gettext(
            "%(months)s months: %(total)s yen at the present peak (tax included)",
            months=len(fees),
            total=f"{sum(rules.with_tax(fee) for fee in known):,}",
        )
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
    """Return the monthly fee now and then, at the present peak; what was agreed on above the highest tier counts."""
    now = rules.fee(contract.tiers_on(day), peak)
    if now is None and (tier := agreed_tier(contract.id, contract.course_id, month_start(day), peak)):
        now = tier[1]
    return [
        (gettext("Monthly fee of the present course"), _text(now)),
        (gettext("Monthly fee of the new course"), _text(_fee(code, day, peak))),
    ]


def all_fees(code: str, day: date) -> str:
    """Return the fees of a course on a day, tier by tier."""
    found = fee_table.fees_of(code, day)
    return found.in_a_line if found else _text(None)


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
