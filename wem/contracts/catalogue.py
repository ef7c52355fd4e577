"""The courses that can be taken: those in the table, and sample ones until a price list is supplied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from wem.contracts.models import Course
from wem.db import db, insert_ignoring


@dataclass(frozen=True)
class Sample:
    """A course with invented prices: (up to how many addresses, yen a month, net)."""

    code: str
    name: str
    tiers: tuple[tuple[int, int], ...]


# The real fee table was not supplied (reading A-34): these are marked as samples wherever they are shown.
SAMPLES = (
    Sample("standard", "スタンダード", ((1_000, 3_000), (3_000, 5_000), (10_000, 9_000), (30_000, 18_000))),
    Sample("business", "ビジネス", ((30_000, 16_000), (100_000, 40_000), (300_000, 90_000), (1_000_000, 220_000))),
)


def courses() -> list[tuple[str, str, bool]]:
    """Return (code, name, whether it is a sample) of what can be chosen, those of the table first."""
    kept = [(row.code, row.name, row.sample) for row in db.session.scalars(sa.select(Course).order_by(Course.id))]
    codes = {code for code, _, _ in kept}
    return kept + [(sample.code, sample.name, True) for sample in SAMPLES if sample.code not in codes]


def course_of(code: str) -> Course:
    """Return the course of a code, made from the sample when it is not in the table yet.

    Raises LookupError when there is no such course.
    """
    sample = next((each for each in SAMPLES if each.code == code), None)
    if sample is not None:
        tiers = [list(tier) for tier in sample.tiers]
        db.session.execute(insert_ignoring(Course).values(code=sample.code, name=sample.name, tiers=tiers, sample=True))
    course = db.session.scalar(sa.select(Course).where(Course.code == code))
    if course is None:
        raise LookupError(f"no course {code}")
    return course


def highest(tiers: Sequence[Sequence[int]]) -> int:
    """Return how many addresses the highest tier holds."""
    return max((up_to for up_to, _ in tiers), default=0)
