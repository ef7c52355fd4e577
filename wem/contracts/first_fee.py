"""The first fee of an application (4-1): what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from wem.contracts import catalogue
from wem.contracts.catalogue_models import Campaign, Course, course_price


def priced(entries: Mapping[str, Any], campaign: Campaign | None, on: date) -> dict[str, Any]:
    """Return what an application keeps of course, options and campaign: their names, and the first fee's parts, net.

    The first month is that of the lowest tier. Kept, because prices change and what was told stays told. A price
    written on the application goes before table and campaign (7-1). Raises LookupError for what has no price that day.
    """
    course = catalogue.course_of(entries["course"])
    initial, monthly = _course(course, entries.get("own_price"), campaign, on)
    prices = {option.code: (option.name, yen) for option, yen in catalogue.offered_options(on)}
    chosen = [prices[code] for code in entries.get("options", ())]
    return {
        "course_name": course.name,
        "initial": initial,
        "monthly": monthly,
        "option_names": [name for name, _ in chosen],
        "options_monthly": sum(yen for _, yen in chosen),
        "campaign_name": campaign.name if campaign else "",
    }


def _course(course: Course, own: Mapping[str, Any] | None, campaign: Campaign | None, on: date) -> tuple[int, int]:
    if own:
        return int(own["initial"]), int(own["tiers"][0][1])
    price = course_price(course.id, on)
    if price is None:
        raise LookupError(f"no price for {course.code}")
    initial, monthly = price.initial, int(price.tiers[0][1])
    if campaign is not None:
        initial = 0 if campaign.initial_free else initial
        monthly = 0 if campaign.free_months else monthly
    return initial, monthly


def campaign_named(entries: Mapping[str, Any], applied: date) -> Campaign | None:
    """Return the campaign that an application names; None without one, or when it does not hold on that day (5-4)."""
    if not entries.get("campaign"):
        return None
    try:
        return catalogue.campaign_of(entries["campaign"], catalogue.course_of(entries["course"]), applied)
    except LookupError:
        return None
