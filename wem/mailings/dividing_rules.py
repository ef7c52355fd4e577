"""Divides readers into groups: each reader has one place in each mailing, whenever and however often it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

# A reader's place in a mailing is one of so many.
PLACES = 10_000
# Everything stays below 2**63, so that both databases count as Python does. The prime spreads the numbers, which follow
# one another as people registered; the square keeps neighbours from staying neighbours in every mailing.
PRIME = 2**31 - 1
BY_READER, BY_MAILING = 48_271, 69_621


def place(reader: int, mailing: int) -> int:
    """Return a reader's place in a mailing, 0 to 9,999."""
    spread = (reader % PRIME * BY_READER + mailing % PRIME * BY_MAILING) % PRIME
    return spread * spread % PRIME % PLACES


def parts(share: int, variants: int) -> list[tuple[int, int]]:
    """Return from which place to below which one each variant's test goes, and last where the rest stands.

    `share`: how many in a hundred are in the test. Variants get the same number of places; what cannot be divided
    belongs to the rest or, where there is none, to the last variant.
    """
    each = PLACES * share // 100 // variants
    bounds = [number * each for number in range(variants + 1)]
    if share == 100:  # everybody is in the test
        bounds[-1] = PLACES
    return [*pairwise(bounds), (bounds[-1], PLACES)]


def readers_in(parts_: Sequence[tuple[int, int]], readers: int) -> list[int]:
    """Return about how many of so many readers stand in each part."""
    return [round(readers * (high - low) / PLACES) for low, high in parts_]
