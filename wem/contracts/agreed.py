"""What was agreed on for a day, also for one before the last change of course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem.contracts import catalogue, date_rules, parting, rules
from wem.contracts.catalogue_models import Course, Option, course_price
from wem.contracts.models import Contract
from wem.contracts.price_models import agreed_tier
from wem.contracts.request_models import ContractRequest, RequestKind, open_requests
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


def coming(contract: Contract) -> list[ContractRequest]:
    """Return the changes of course and options that are asked for or accepted, the earliest first (11)."""
    found = open_requests(contract.id, RequestKind.course, RequestKind.options)
    return sorted((row for row in found if row.effective_on), key=lambda row: (row.effective_on, row.id))


def fee_of_month(contract: Contract, peak: int, month: date, changes: Sequence[ContractRequest] = ()) -> int | None:
    """Return what a month costs by a peak, yen net with options; None without a price.

    The first month is that of the lowest tier whatever the peak (A-06); a campaign's months are without the monthly
    fee (5-4). `changes` hold from their days, the earliest first.
    """
    start = contract.start_date
    campaign = contract.campaign if not contract.own_price else None
    if campaign and start and date_rules.free_month(campaign.free_months, start, month):
        return catalogue.options_fee(_options(contract, month, changes), month)
    day = max(month, start) if start else month
    if start and month == date_rules.month_start(start):
        peak = 0
    return plain_fee(contract, peak, day, changes)


def plain_fee(contract: Contract, peak: int, day: date, changes: Sequence[ContractRequest] = ()) -> int | None:
    """Return the monthly fee of a day with what will have changed by then, net with options; no campaign counts."""
    held = [row for row in changes if row.effective_on is not None and row.effective_on <= day]
    if not held:
        return catalogue.monthly_fee(contract, peak, day)
    courses = [row.wish["course"] for row in held if row.kind is RequestKind.course]
    course_id, tiers = contract.course_id, contract.tiers_on(day)
    if courses:
        course_id = catalogue.course_of(courses[-1]).id
        price = course_price(course_id, day)
        # A price agreed for the present course does not come along.
        tiers = [(int(up_to), int(yen)) for up_to, yen in price.tiers] if price else []
    base = rules.fee(tiers, peak)
    if base is None:
        tier = agreed_tier(contract.id, course_id, date_rules.month_start(day), peak)
        base = tier[1] if tier else None
    return None if base is None else base + catalogue.options_fee(_options(contract, day, changes), day)


def _options(contract: Contract, day: date, changes: Sequence[ContractRequest]) -> list[Option]:
    """Return the options of a day, with what will have been added and removed by then."""
    found = {option.code: option for option in contract.options_charged(day)}
    ended = parting.ended_options(contract.id) if changes else {}
    for row in changes:
        if row.kind is RequestKind.options and row.effective_on and row.effective_on <= day:
            found = {code: option for code, option in found.items() if code not in row.wish["remove"]}
            added = [catalogue.option_of(code) for code in row.wish["add"] if code not in ended]
            found |= {option.code: option for option in added if option.ends_on is None or option.ends_on > day}
    return list(found.values())
