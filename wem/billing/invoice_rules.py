"""The lines of a contract's month and the sums of an invoice, as plain functions (Art. 4-5, 7, 13-3, A-06, A-29)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from wem.billing.debit_rules import DebitDay
from wem.contracts import rules
from wem.contracts.date_rules import days_in_month, month_start, months_between, pro_rata


class NoPrice(ValueError):
    """The count is above the highest tier: there is no price, and staff agree on one (7-1)."""


class ItemKind(enum.StrEnum):
    """What a line of an invoice is for."""

    initial = "initial"  # 初期費用
    base = "base"  # 月額料金
    option = "option"
    difference = "difference"  # the month's peak was in a higher tier (7-2)
    suspension = "suspension"  # the month settled by the days on which the service could be used (13-3)
    rest = "rest"  # the rest of the minimum term, where it is owed
    cost = "cost"  # handling of mails to fictitious addresses (12特約)
    other = "other"


STANDARD, OUT_OF_SCOPE = rules.TAX_PERCENT, 0
# In the order in which an invoice shows them: 課税 10 %, 不課税.
RATES = (STANDARD, OUT_OF_SCOPE)


@dataclass(frozen=True)
class Line:
    """One line: yen, net; negative where something is taken off. `rate` is the percentage of tax, 0 out of scope."""

    kind: ItemKind
    amount: int
    month: date | None = None  # 1st of the month that it is for
    name: str = ""  # course, option, or as typed
    count: int | None = None  # addresses that the fee is for
    quantity: int = 1
    unit: int | None = None
    days: tuple[int, int] | None = None  # usable, of how many
    rate: int = STANDARD


@dataclass(frozen=True)
class TaxSum:
    """What an invoice says of one rate: yen net, and the tax on the sum."""

    rate: int
    net: int
    tax: int


def taxes(lines: Iterable[Line]) -> list[TaxSum]:
    """Return the sums by rate, the highest first; tax is rounded once for each rate, down (消令 70条の10)."""
    nets: dict[int, int] = {}
    for line in lines:
        nets[line.rate] = nets.get(line.rate, 0) + line.amount
    return [TaxSum(rate, net, tax_on(net, rate)) for rate, net in sorted(nets.items(), reverse=True)]


def tax_on(net: int, rate: int) -> int:
    """Return the tax in yen on a net sum, the fraction cut off; on what is given back as on what was paid."""
    tax = abs(net) * rate // 100
    return tax if net >= 0 else -tax


def tax_within(gross: int, rate: int) -> int:
    """Return the tax that a sum with tax contains, the fraction cut off."""
    return gross * rate // (100 + rate)


def total(sums: Iterable[TaxSum]) -> int:
    """Return what is to be paid, in yen with tax."""
    return sum(each.net + each.tax for each in sums)


@dataclass(frozen=True)
class Basis:
    """What a contract's month costs, as it stood on the 1st: what changes later holds from a later 1st (4-6, 11)."""

    month: date
    course: str
    tiers: tuple[tuple[int, int], ...]  # (up to how many, yen a month)
    options: tuple[tuple[str, int], ...] = ()  # (name, yen a month)
    free: bool = False  # a campaign's month without the monthly fee
    first: bool = False  # paid by the first fee, whatever the peak (4-5, A-06)

    @property
    def days(self) -> int:
        return days_in_month(self.month)

    def fee(self, count: int) -> int:
        """Return the monthly fee of the course for a count. Raises NoPrice."""
        if self.free:
            return 0
        found = rules.fee(self.tiers, count)
        if found is None:
            raise NoPrice(f"{count} is above the highest tier")
        return found


@dataclass(frozen=True)
class Fees:
    """Yen, net, for one month: of the course, and of each option by the order of the basis."""

    base: int
    options: tuple[int, ...] = ()

    @property
    def net(self) -> int:
        return self.base + sum(self.options)


def fees(basis: Basis, count: int, usable: int, *, whole_month: bool = False) -> Fees:
    """Return what a month costs with a count, by the days on which it could be used (13-3, A-29). Raises NoPrice."""
    return Fees(
        pro_rata(basis.fee(count), usable, basis.days, whole_month),
        tuple(pro_rata(yen, usable, basis.days, whole_month) for _, yen in basis.options),
    )


def opening(basis: Basis, charged: Fees, count: int, usable: int) -> list[Line]:
    """Return the lines of a month that is paid in advance: what is charged on its 1st by the count at 0:00."""
    by_days = (usable, basis.days) if usable < basis.days else None
    lines = [Line(ItemKind.base, charged.base, basis.month, basis.course, count, days=by_days)]
    lines += [
        Line(ItemKind.option, yen, basis.month, name, days=by_days)
        for (name, _), yen in zip(basis.options, charged.options, strict=True)
    ]
    return [line for line in lines if line.amount]


def settlement(basis: Basis, charged: Fees, peak: int, usable: int, *, whole_month: bool = False) -> list[Line]:
    """Return the lines that settle a month at its closing (4-5): what its peak and its days make of it.

    More than was charged is added to the next invoice, less is given back. Nothing charged so far (fees in arrears):
    the month's own lines. The first month is never charged a difference. Raises NoPrice.
    """
    if basis.first:
        owed = Fees(
            pro_rata(charged.base, usable, basis.days, whole_month),
            tuple(pro_rata(yen, usable, basis.days, whole_month) for yen in charged.options),
        )
    else:
        owed = fees(basis, peak, usable, whole_month=whole_month)
    by_days = (usable, basis.days) if usable < basis.days else None
    if not charged.net and not by_days:
        return opening(basis, owed, peak, usable)
    kind = ItemKind.suspension if by_days else ItemKind.difference
    lines = [Line(kind, owed.base - charged.base, basis.month, basis.course, peak, days=by_days)]
    held = charged.options or (0,) * len(owed.options)
    lines += [
        Line(ItemKind.option, now - before, basis.month, name, days=by_days)
        for (name, _), now, before in zip(basis.options, owed.options, held, strict=True)
    ]
    return [line for line in lines if line.amount]


def given_back(lines: Sequence[Line]) -> bool:
    """Return whether a settlement is a return of its own (適格返還請求書) instead of lines of the next invoice."""
    return sum(line.amount for line in lines) < 0


def initial(first: Basis, initial_fee: int, charged: Fees) -> list[Line]:
    """Return the lines of the first invoice (4-1): the initial fee, and the whole first month (A-30)."""
    lines = [Line(ItemKind.initial, initial_fee, name=first.course)]
    lines += [Line(ItemKind.base, charged.base, first.month, first.course)]
    lines += [
        Line(ItemKind.option, yen, first.month, name)
        for (name, _), yen in zip(first.options, charged.options, strict=True)
    ]
    return [line for line in lines if line.amount]


def rest_of_term(over: date, first_exit: date, basis: Basis, count: int) -> list[Line]:
    """Return the line of an early exit where the rest of the minimum term is owed (A-04); none after the term."""
    months = months_between(month_start(over), first_exit)
    monthly = basis.fee(count) + sum(yen for _, yen in basis.options)
    if months <= 0 or not monthly:
        return []
    return [Line(ItemKind.rest, months * monthly, name=basis.course, quantity=months, unit=monthly)]


def set_off(credit: int, debts: Sequence[int]) -> tuple[list[int], int]:
    """Return what is left of open debts (yen) after a credit, taken off in their order, and of the credit."""
    left = []
    for debt in debts:
        taken = min(debt, credit)
        credit -= taken
        left.append(debt - taken)
    return left, credit


def way_to_pay(*, debited: bool, desk: bool, registered: bool, on_due: bool) -> str:
    """Return by which sentence a document says how it is paid: 6-1 and 6-1d, the first fee never by debit (6-1c)."""
    if not debited:
        return "desk" if desk else "transfer"
    if not registered:
        return "either"
    return "debit_on_due" if on_due else "debit_next"


def due_day(
    month: date, today: date, days: int, of_month: Callable[[date], DebitDay], *, debited: bool, made: Container[date]
) -> date:
    """Return by when a month's invoice of today is paid: the day of its debit, or of the first later one that leaves
    time: for a debit that its file can still be made, for a transfer so many days. Never the day of issue.
    """
    while True:
        found = of_month(month)
        if debited:
            in_time = found.deadline >= today and found.debit_on not in made
        else:
            in_time = (found.debit_on - today).days >= days
        if in_time and found.debit_on > today:
            return found.debit_on
        month = month_start(month, 1)


def may_be_issued(number: str, address: str, production: bool) -> bool:
    """Return whether invoices may be issued with what the settings say of us: in production not with samples."""
    sample = registration_number(number) in (None, "T" + "0" * 13) or "見本" in address
    return not (production and sample)


def registration_number(text: str) -> str | None:
    """Return `T` and 13 digits as an invoice shows them (消法 57条の4); None when it is none."""
    plain = text.strip().upper()
    return plain if len(plain) == 14 and plain[0] == "T" and plain[1:].isascii() and plain[1:].isdigit() else None


def kept_since(today: date, last_month: int, years: int = 7) -> date:
    """Return the first day whose documents and payments must still be kept; what is older may go (`locked_until`)."""
    year = today.year - years
    while locked_until(date(year, last_month, 1), last_month, years) > today:
        year -= 1
    return month_start(date(year, last_month, 1), 1)


def locked_until(issued: date, last_month: int, years: int = 7) -> date:
    """Return until when an invoice must be kept: years, counted from two months after the end of the tax period.

    `last_month` is that of the issuer's business year (消令 70条の13).
    """
    year = issued.year if issued.month <= last_month else issued.year + 1
    counted_from = month_start(date(year, last_month, 1), 3)
    return counted_from.replace(year=counted_from.year + years)
