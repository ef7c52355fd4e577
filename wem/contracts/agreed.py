"""What was agreed on for a day, also for one before the last change of course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem.contracts import catalogue, date_rules
from wem.contracts.catalogue_models import Course, course_price
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest, RequestKind
from wem.contracts.state_rules import RequestState
from wem.db import db


@dataclass(frozen=True)
class Agreed:
    """The course of a contract on a day, its price of the application (7-1) if it has one, and what it costs."""

    course: Course
    own_price: Mapping[str, Any] | None
    tiers: list[tuple[int, int]]  # (up to how many, yen a month, net)


def agreed_on(contract: Contract, day: date) -> Agreed:
    """Return what holds for a contract on a day: changes that took effect after it are left out (11-1)."""
    found = sa.select(ContractRequest).where(
        ContractRequest.contract_id == contract.id,
        ContractRequest.kind == RequestKind.course,
        ContractRequest.state == RequestState.applied,
        ContractRequest.effective_on > day,
    )
    next_one = db.session.scalar(found.order_by(ContractRequest.effective_on, ContractRequest.id).limit(1))
    course, own = contract.course, contract.own_price
    if next_one is not None and "from" in next_one.wish:
        course, own = catalogue.course_of(next_one.wish["from"]), next_one.wish.get("own_price")
    price = None if own else course_price(course.id, day)
    tiers = own["tiers"] if own else price.tiers if price else []
    return Agreed(course, own, [(int(up_to), int(yen)) for up_to, yen in tiers])


def fee_of_month(contract: Contract, peak: int, month: date) -> int | None:
    """Return what a month costs by a peak, yen net with options; None without a price.

    The first month is that of the lowest tier whatever the peak (A-06); a campaign's months are without the monthly
    fee (5-4).
    """
    start = contract.start_date
    campaign = contract.campaign if not contract.own_price else None
    if campaign and start and date_rules.free_month(campaign.free_months, start, month):
        return catalogue.options_fee(contract.options_on(month), month)
    day = max(month, start) if start else month
    if start and month == date_rules.month_start(start):
        peak = 0
    return catalogue.monthly_fee(contract, peak, day)
