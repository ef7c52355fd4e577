"""What can be taken and what it costs: courses, options, campaigns and the price list in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts import rules
from wem.contracts.catalogue_models import (
    Campaign,
    Course,
    CoursePrice,
    Option,
    OptionPrice,
    PriceList,
    option_price,
    price_list_on,
)
from wem.contracts.date_rules import month_start
from wem.contracts.models import Contract
from wem.contracts.price_models import agreed_tier
from wem.contracts.rules import Conditions
from wem.db import db, insert_ignoring


@dataclass(frozen=True)
class Sample:
    """A course with invented prices: (up to how many addresses, yen a month, net)."""

    code: str
    name: str
    initial: int
    tiers: tuple[tuple[int, int], ...]


# The real fee table was not supplied (reading A-34): these are marked as samples wherever they are shown.
SAMPLES = (
    Sample("standard", "スタンダード", 10_000, ((1_000, 3_000), (3_000, 5_000), (10_000, 9_000), (30_000, 18_000))),
    Sample(
        "business", "ビジネス", 30_000, ((30_000, 16_000), (100_000, 40_000), (300_000, 90_000), (1_000_000, 220_000))
    ),
)
SAMPLE_OPTIONS = (("paper-invoice", "請求書の郵送", 500), ("monthly-lesson", "操作説明（月1回）", 8_000))
# Earlier than any contract.
SAMPLE_SINCE = date(2009, 10, 16)


def found_catalogue() -> None:
    """Make the sample catalogue when there is no price list at all; the caller commits."""
    if db.session.scalar(sa.select(PriceList.id).limit(1)) is not None:
        return
    at = clock.now()
    db.session.execute(
        insert_ignoring(PriceList).values(
            version=1,
            effective_from=SAMPLE_SINCE,
            published_at=at,
            created_at=at,
            adverse=False,
            sample=True,
            note="",
        )
    )
    first = db.session.scalars(sa.select(PriceList).where(PriceList.version == 1)).one()
    for sample in SAMPLES:
        course = _made(Course, sample.code, sample.name, conditions={})
        tiers = [list(tier) for tier in sample.tiers]
        db.session.execute(
            insert_ignoring(CoursePrice).values(
                price_list_id=first.id, course_id=course.id, initial=sample.initial, tiers=tiers
            )
        )
    for code, name, monthly in SAMPLE_OPTIONS:
        option = _made(Option, code, name)
        db.session.execute(
            insert_ignoring(OptionPrice).values(price_list_id=first.id, option_id=option.id, monthly=monthly)
        )


def _made(kind: Any, code: str, name: str, **values: Any) -> Any:
    db.session.execute(insert_ignoring(kind).values(code=code, name=name, offered=True, **values))
    return db.session.scalars(sa.select(kind).where(kind.code == code)).one()


def courses() -> list[tuple[str, str]]:
    """Return (code, name) of what can be chosen: what the list in force prices."""
    found = [(course.code, course.name) for course, _ in offered(clock.today())]
    return found or [(sample.code, sample.name) for sample in SAMPLES]


def offered(day: date) -> list[tuple[Course, CoursePrice]]:
    """Return the courses on offer on a day with their prices."""
    current = price_list_on(day)
    if current is None:
        return []
    found = (
        sa.select(Course, CoursePrice)
        .join(CoursePrice, CoursePrice.course_id == Course.id)
        .where(CoursePrice.price_list_id == current.id, Course.offered)
        .order_by(Course.id)
    )
    return [(course, price) for course, price in db.session.execute(found)]


def offered_options(day: date) -> list[tuple[Option, int]]:
    """Return the options on offer on a day with their monthly prices in yen, net."""
    current = price_list_on(day)
    if current is None:
        return []
    found = (
        sa.select(Option, OptionPrice.monthly)
        .join(OptionPrice, OptionPrice.option_id == Option.id)
        .where(
            OptionPrice.price_list_id == current.id,
            Option.offered,
            sa.or_(Option.ends_on.is_(None), Option.ends_on > day),
        )
        .order_by(Option.id)
    )
    return [(option, monthly) for option, monthly in db.session.execute(found)]


def public_prices(day: date) -> Sequence[tuple[str, Sequence[Sequence[int]]]]:
    """Return (name, tiers) of the courses on offer, for the home page; the samples until there is a list."""
    found = [(course.name, price.tiers) for course, price in offered(day)]
    return found or [(sample.name, [list(tier) for tier in sample.tiers]) for sample in SAMPLES]


def course_of(code: str) -> Course:
    """Return the course of a code; the sample catalogue is made when there is none at all.

    Raises LookupError when there is no such course.
    """
    found_catalogue()
    course = db.session.scalar(sa.select(Course).where(Course.code == code))
    if course is None:
        raise LookupError(f"no course {code}")
    return course


def option_of(code: str) -> Option:
    """Return the option of a code; raises LookupError."""
    option = db.session.scalar(sa.select(Option).where(Option.code == code))
    if option is None:
        raise LookupError(f"no option {code}")
    return option


def campaigns_on(day: date) -> list[Campaign]:
    """Return the campaigns for which one can apply on a day."""
    return campaigns_between(day, day)


def campaigns_between(first: date, last: date) -> list[Campaign]:
    """Return the campaigns for which one could apply on one of these days."""
    found = sa.select(Campaign).where(Campaign.first_day <= last, Campaign.last_day >= first).order_by(Campaign.id)
    return list(db.session.scalars(found))


def campaigns_for(course_code: str, day: date) -> list[Campaign]:
    """Return the campaigns under which one can apply for a course on a day."""
    return [each for each in campaigns_on(day) if each.course is None or each.course.code == course_code]


def campaign_of(code: str, course: Course, applied: date) -> Campaign:
    """Return the campaign of a code; raises LookupError when it does not hold for this course and day."""
    campaign = db.session.scalar(sa.select(Campaign).where(Campaign.code == code))
    if campaign is None or not campaign.holds(course.id, applied):
        raise LookupError(f"no campaign {code} for {course.code} on {applied}")
    return campaign


def copy_conditions(contract: Contract, course: Course, campaign: Campaign | None, applied: date) -> None:
    """Write into the contract what applies to it: campaign before course before terms (5-4), as it is now (1-6)."""
    applies = rules.prevailing(campaign.says if campaign else None, course.says)
    assert applies.min_term is not None and applies.renewal is not None and applies.notice is not None
    contract.min_term, contract.renewal, contract.notice_months = applies.min_term, applies.renewal, applies.notice
    contract.refund, contract.rest_owed = bool(applies.refund), bool(applies.rest_owed)
    contract.campaign_id = campaign.id if campaign else None
    current = price_list_on(applied)
    contract.price_list_id = current.id if current else None


def next_version() -> int:
    return (db.session.scalar(sa.select(sa.func.max(PriceList.version))) or 0) + 1


def draft_prices(effective_from: date, adverse: bool, note: str, *, sample: bool, by: int) -> PriceList:
    """Return a new, unpublished price list with the prices of the latest one; the caller commits."""
    found_catalogue()
    latest = db.session.scalar(sa.select(PriceList).order_by(PriceList.version.desc()).limit(1))
    row = PriceList(version=next_version(), effective_from=effective_from, adverse=adverse, note=note, sample=sample)
    db.session.add(row)
    if latest is not None:
        row.courses = [
            CoursePrice(course_id=each.course_id, initial=each.initial, tiers=each.tiers) for each in latest.courses
        ]
        row.options = [OptionPrice(option_id=each.option_id, monthly=each.monthly) for each in latest.options]
    db.session.flush()
    audit.record("prices.draft", by=by, subject=row, effective=effective_from.isoformat())
    return row


def said(conditions: Conditions) -> dict[str, Any]:
    """Return conditions as a course or campaign keeps them: only what it speaks of."""
    return {name: value for name, value in asdict(conditions).items() if value is not None}


def highest(tiers: Sequence[Sequence[int]]) -> int:
    """Return how many addresses the highest tier holds."""
    return max((up_to for up_to, _ in tiers), default=0)


def monthly_fee(contract: Contract, count: int, day: date) -> int | None:
    """Return a month's fee in yen, net, with the options; None above the highest tier where nothing was agreed on."""
    base = rules.fee([(up_to, fee) for up_to, fee in contract.tiers_on(day)], count)
    if base is None:
        tier = agreed_tier(contract.id, contract.course_id, month_start(day), count)
        base = tier[1] if tier else None
    return None if base is None else base + options_fee(contract.options_charged(day), day)


def options_fee(options: Sequence[Option], day: date) -> int:
    """Return the monthly price of options in yen, net."""
    return sum(price.monthly for each in options if (price := option_price(each.id, day)))
