"""Whether a difference between variants means something: known formulas over what was counted."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

# Two-sided; of a hundred tests of equal variants five look like a difference.
LEVEL = 0.05
# Of the normal distribution, for intervals of 95 %.
Z95 = 1.959964
# Below so many expected in a cell the normal distribution does not fit (Cochran's rule).
LEAST_EXPECTED = 5


@dataclass(frozen=True)
class Counted:
    """How many readers got a variant, and how many of them did what is counted."""

    sent: int
    hits: int

    @property
    def rate(self) -> float:
        return self.hits / self.sent if self.sent else 0.0


class Meaning(enum.StrEnum):
    """What can be said about the best variant."""

    few = "few"  # too few readers or hits to say anything
    chance = "chance"  # such a difference comes about by chance as well
    real = "real"  # unlikely to be chance


def interval(counted: Counted) -> tuple[float, float]:
    """Return between which rates the true one lies in 95 of 100 cases (Wilson, 1927); 0 and 1 when nothing was sent."""
    n, p = counted.sent, counted.rate
    if not n:
        return 0.0, 1.0
    scale = 1 + Z95**2 / n
    middle = (p + Z95**2 / (2 * n)) / scale
    half = Z95 / scale * sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def chance(one: Counted, other: Counted) -> float | None:
    """Return how likely a difference as large as this is between equal variants (test of two proportions with their
    common rate, two-sided); None where too little was counted for the formula."""
    sent, hits = one.sent + other.sent, one.hits + other.hits
    if not one.sent or not other.sent:
        return None
    common = hits / sent
    least = min(one.sent, other.sent) * min(common, 1 - common)
    if least < LEAST_EXPECTED:
        return None
    error = sqrt(common * (1 - common) * (1 / one.sent + 1 / other.sent))
    return erfc(abs(one.rate - other.rate) / error / sqrt(2))


def meaning(counted: Sequence[Counted]) -> Meaning:
    """Return what the difference between the best variant and the second best means.

    With more than two variants the best one is compared with each other one, so the level is divided (Bonferroni).
    """
    ordered = sorted(counted, key=lambda each: each.rate, reverse=True)
    if len(ordered) < 2:
        return Meaning.few
    likely = chance(ordered[0], ordered[1])
    if likely is None:
        return Meaning.few
    return Meaning.real if likely < LEVEL / (len(ordered) - 1) else Meaning.chance
