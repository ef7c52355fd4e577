"""The first fee of an application (4-1): what it is made of."""

from __future__ import annotations

from typing import Any

from wem import clock
from wem.contracts import catalogue
from wem.contracts.catalogue_models import course_price


def priced(course_code: str) -> dict[str, Any]:
    """Return what an application keeps of its course: name, initial fee and the first month by the lowest tier, net.

    Kept, because prices change and what was told stays told. Raises LookupError for a course that has no price.
    """
    course = catalogue.course_of(course_code)
    price = course_price(course.id, clock.today())
    if price is None:
        raise LookupError(f"no price for {course_code}")
    return {"course_name": course.name, "initial": price.initial, "monthly": price.tiers[0][1]}
