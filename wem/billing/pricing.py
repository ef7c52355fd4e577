"""Agreeing on a price for a month that waits for one: what it comes to, and by whom it is agreed on (7-1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import invoice_rules, monthly
from wem.billing.invoice_rules import Line
from wem.billing.month_models import ContractMonth
from wem.billing.rules import Held
from wem.contracts import price_rules
from wem.contracts.agreed import agreed_on
from wem.contracts.price_models import AgreedPrice, agreed_tier, prices_of
from wem.contracts.price_rules import PriceAction, PriceState, Tiers
from wem.db import db


@dataclass(frozen=True)
class Effect:
    """What a price makes of a month: the lines of its invoice, and yen with tax; negative: given back."""

    lines: list[Line]

    @property
    def total(self) -> int:
        return invoice_rules.total(invoice_rules.taxes(self.lines))


def count_of(row: ContractMonth) -> int:
    """Return the number of addresses that a month has no price for: its peak once it is closed."""
    return row.count if row.peak is None else max(row.count, row.peak)


def waits(row: ContractMonth) -> bool:
    """Return whether a month waits for a price."""
    return row.held is Held.no_price and row.settled_at is None


def highest(row: ContractMonth) -> Tiers:
    """Return the tiers of the price list, or of the application, that hold for a month."""
    return agreed_on(row.contract, row.month).tiers


def effect(row: ContractMonth, fee: int) -> Effect:
    """Return what a monthly fee would make of a month that waits; changes nothing."""
    copy = monthly.beside(row)
    copy.tiers = [*(list(each) for each in highest(row)), [count_of(row), fee]]
    if copy.closed_at is not None:
        return Effect(monthly.settled(copy))
    return Effect(invoice_rules.opening(copy.basis, monthly.opening_fees(copy), copy.count, copy.opening_days))


def agreed(rows: Sequence[ContractMonth]) -> set[ContractMonth]:
    """Return those of months that wait whose price is agreed on: the next run bills them."""
    with_price = sa.select(AgreedPrice.contract_id).where(
        AgreedPrice.contract_id.in_([row.contract_id for row in rows])
    )
    known = set(db.session.scalars(with_price.distinct()))
    return {
        row
        for row in rows
        if row.contract_id in known
        and waits(row)
        and agreed_tier(row.contract_id, agreed_on(row.contract, row.month).course.id, row.month, count_of(row))
    }


def propose(row: ContractMonth, up_to: int, fee: int, onwards: bool, reason: str, *, by: int) -> AgreedPrice:
    """Return the price: agreed on, or waiting for another person where it gives money away. Raises Illegal.

    The same asked for twice is one: a button pressed twice.
    """
    tiers, contract = highest(row), row.contract
    for each in prices_of(contract.id):
        known = (each.month, each.up_to, each.fee, each.onwards, each.reason, each.proposed_by)
        if known == (row.month, up_to, fee, onwards, reason, by) and each.state in (
            PriceState.proposed,
            PriceState.agreed,
        ):
            return each
    price_rules.may_agree(count_of(row), up_to, tiers, asked=asked_for(row))
    two = price_rules.gives_away(fee, tiers)
    found = AgreedPrice(
        contract=contract,
        customer_id=contract.customer_id,
        course_id=agreed_on(contract, row.month).course.id,
        month=row.month,
        onwards=onwards,
        up_to=up_to,
        fee=fee,
        state=PriceState.proposed if two else PriceState.agreed,
        reason=reason,
        proposed_by=by,
        decided_by=None if two else by,
        decided_at=None if two else clock.now(),
    )
    db.session.add(found)
    db.session.flush()
    _record("propose" if two else "agree", found, by, reason)
    return found


def decide(found: AgreedPrice, action: PriceAction, note: str, *, by: int) -> None:
    """Agree or refuse as another person, or withdraw it as who asked. Raises Illegal, OwnProposal."""
    price_rules.may_decide(action, found.proposed_by, by)
    found.take(action)
    found.decided_by, found.decided_at, found.note = by, clock.now(), note
    _record(action.name, found, by, note)


def asked_for(row: ContractMonth) -> bool:
    """Return whether a price of this month waits for another person."""
    return any(each.state is PriceState.proposed for each in prices_of(row.contract_id) if each.month == row.month)


def _record(act: str, found: AgreedPrice, by: int, note: str) -> None:
    audit.record(
        f"agreed_price.{act}", by=by, customer_id=found.customer_id, subject=found, amount=found.fee, note=note,
        day=found.month.isoformat(),
    )  # fmt: skip
