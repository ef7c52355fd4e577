"""Works out what a contract's month costs: its terms on the 1st, its peak and usable days, its lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from wem import clock
from wem.billing import invoice_rules
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_rules import Fees, Line, NoPrice
from wem.billing.month_models import ContractMonth
from wem.billing.rules import Held
from wem.contracts import date_rules, rules
from wem.contracts.agreed import agreed_on
from wem.contracts.catalogue_models import option_price
from wem.contracts.date_rules import month_start
from wem.contracts.models import Contract
from wem.contracts.part_models import Standstill
from wem.contracts.price_models import agreed_tier
from wem.db import db
from wem.lists import counting
from wem.settings import settings


def in_advance() -> bool:
    """Return whether a month's fee is charged on its 1st (前払い, A-06); else after its closing."""
    return settings().FEE_TIMING == "prepaid"


def by_whole_months() -> bool:
    return settings().SUSPENSION_FEE == "whole_month"


def usable_days(contract: Contract, month: date) -> int:
    """Return on how many days of a month the service could be used (13-3, A-29), as it is known now."""
    found = sa.select(Standstill.since, Standstill.until).where(Standstill.contract_id == contract.id)
    stops = [date_rules.Standstill(since, until) for since, until in db.session.execute(found)]
    if contract.suspended_at is not None:
        stops.append(date_rules.Standstill(contract.suspended_at.date(), None))
    after = month_start(month, 1)
    touching = [stop for stop in stops if stop.since < after and (stop.until is None or stop.until > month)]
    # A contract that ended while it stood still could not be used afterwards either.
    if contract.ended_on is not None and any(
        stop.until is None or stop.until >= contract.ended_on for stop in touching
    ):
        touching.append(date_rules.Standstill(contract.ended_on, None))
    return date_rules.usable_days(month, touching)


def opened(contract: Contract, month: date) -> ContractMonth:
    """Return the month of a contract as its 1st makes it, not yet in the session; `held` when it has no price."""
    row = ContractMonth(contract_id=contract.id, month=month, first=False, held=None)
    _terms(row, contract)
    row.count = counting.count_at_start(contract.customer_id, month)
    _take_agreed(row, contract, row.count)
    row.charge(Fees(0, (0,) * len(row.options)))  # nothing is charged before its invoice
    _begin(row, contract)
    return row


def _terms(row: ContractMonth, contract: Contract) -> None:
    month, agreed = row.month, agreed_on(contract, row.month)
    row.course = agreed.course.name
    row.tiers = [list(tier) for tier in agreed.tiers]
    row.options = [
        [option.name, price.monthly]
        for option in contract.options_charged(month)
        if (price := option_price(option.id, month)) is not None
    ]
    free = contract.campaign.free_months if contract.campaign and not agreed.own_price else 0
    row.free = contract.start_date is not None and date_rules.free_month(free, contract.start_date, month)


def _take_agreed(row: ContractMonth, contract: Contract, count: int) -> None:
    """Add the price that was agreed on for a count that no tier holds."""
    if rules.fee(row.basis.tiers, count) is None:
        tier = agreed_tier(contract.id, agreed_on(contract, row.month).course.id, row.month, count)
        if tier is not None:
            row.tiers = [*row.tiers, list(tier)]


def beside(row: ContractMonth) -> ContractMonth:
    """Return a copy of a month that is in no session, to try something on."""
    columns = [column.key for column in sa.inspect(ContractMonth).column_attrs]
    return ContractMonth(**{name: getattr(row, name) for name in columns})


def _begin(row: ContractMonth, contract: Contract) -> None:
    row.opening_days = usable_days(contract, row.month) if in_advance() else row.basis.days
    row.held = _held(opening_fees, row)


def _held(price: Callable[[ContractMonth], object], row: ContractMonth) -> Held | None:
    try:
        price(row)
    except NoPrice:
        return Held.no_price
    return None


def opening_fees(row: ContractMonth) -> Fees:
    """Return what a month is charged on its 1st: nothing with fees in arrears. Raises NoPrice."""
    if not in_advance():
        return Fees(0, (0,) * len(row.options))
    return invoice_rules.fees(row.basis, row.count, row.opening_days, whole_month=by_whole_months())


def price_anew(row: ContractMonth, contract: Contract) -> None:
    """Take the tiers anew for a month that was held, now that a price may be agreed on (7-1).

    Charges nothing: that is for the month's invoice.
    """
    row.tiers = [list(tier) for tier in agreed_on(contract, row.month).tiers]
    _take_agreed(row, contract, max(row.count, row.peak or 0))
    if row.closed_at is not None:
        row.held = _held(settled, row)
    elif row.invoiced_at is None:
        _begin(row, contract)
    else:
        row.held = None


def close(row: ContractMonth, contract: Contract) -> None:
    """Fix a month's peak and usable days (4-5); a month is closed once."""
    row.peak = counting.peak_of(contract.customer_id, row.month)
    row.usable_days = usable_days(contract, row.month)


def fix(row: ContractMonth, contract: Contract) -> None:
    """Do what the closing of a month does, as far as it is not done: a price for what was held, peak, usable days."""
    if row.held is not None:
        price_anew(row, contract)
    if row.closed_at is None:
        close(row, contract)
        row.closed_at = clock.now()
        _take_agreed(row, contract, row.peak or 0)


def whole(row: ContractMonth) -> Fees:
    """Return what a closed month costs by its peak and its usable days. Raises NoPrice."""
    assert row.peak is not None and row.usable_days is not None
    return invoice_rules.fees(row.basis, row.peak, row.usable_days, whole_month=by_whole_months())


def settled(row: ContractMonth) -> list[Line]:
    """Return the lines that settle a closed month, the whole month where none of it was invoiced. Raises NoPrice."""
    assert row.peak is not None and row.usable_days is not None
    return invoice_rules.settlement(row.basis, row.charged, row.peak, row.usable_days, whole_month=by_whole_months())


@dataclass
class Bill:
    """What goes to a customer on a 1st: the lines of the invoice, and what is given back by a document of its own."""

    lines: list[Line] = field(default_factory=list)
    back: list[tuple[ContractMonth, list[Line]]] = field(default_factory=list)
    done: list[ContractMonth] = field(default_factory=list)  # months that are settled by it
    opened: dict[date, Fees] = field(default_factory=dict)  # months whose fee is invoiced by it, and what that is
    held: list[ContractMonth] = field(default_factory=list)

    @property
    def total(self) -> int:
        return invoice_rules.total(invoice_rules.taxes(self.lines))

    @property
    def given_back(self) -> int:
        return -sum(invoice_rules.total(invoice_rules.taxes(lines)) for _, lines in self.back)


def bill(now: ContractMonth | None, closed: list[ContractMonth]) -> Bill:
    """Return the bill of a month that begins (if any) and of months that are closed and not settled yet.

    A closed month of which nothing was invoiced is on it as a whole, by its peak. Each month is held by itself.
    """
    found = Bill()
    for row in (each for each in closed if each.invoiced_at is None):
        _settle(found, row)
    if now is not None:
        _open(found, now)
    for row in (each for each in closed if each.invoiced_at is not None):
        _settle(found, row)
    return found


def _open(found: Bill, row: ContractMonth) -> None:
    try:
        fees = opening_fees(row)
    except NoPrice:
        found.held.append(row)
        return
    found.opened[row.month] = fees
    found.lines += invoice_rules.opening(row.basis, fees, row.count, row.opening_days)


def _settle(found: Bill, row: ContractMonth) -> None:
    try:
        lines = settled(row)
    except NoPrice:
        found.held.append(row)
        return
    found.done.append(row)
    if row.invoiced_at is None:
        found.opened[row.month] = whole(row)
    if invoice_rules.given_back(lines):
        found.back.append((row, lines))
    else:
        found.lines += lines


def open_months(contract_id: int, until: date) -> list[ContractMonth]:
    """Return the months of a contract up to one that are not settled, the oldest first; read anew, for who waited."""
    found = sa.select(ContractMonth).where(
        ContractMonth.contract_id == contract_id, ContractMonth.month <= until, ContractMonth.settled_at.is_(None)
    )
    return list(db.session.scalars(found.order_by(ContractMonth.month), execution_options={"populate_existing": True}))


def note(found: Bill, rows: Mapping[date, ContractMonth], invoice: Invoice | None) -> None:
    """Write down of each month what its invoice charged; none was issued where there was nothing to pay."""
    for month, fees in found.opened.items():
        row = rows[month]
        row.charge(fees)
        row.invoiced_at, row.held = clock.now(), None
        row.invoice_id = invoice.id if invoice else None
