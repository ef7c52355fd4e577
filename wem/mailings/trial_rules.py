"""A/B tests: what is chosen for one, how it goes on, which variant wins."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from wem.mailings.significance_rules import Counted

MOST_VARIANTS = 4
LETTERS = "ABCD"
# In per cent of the readers; all variants together.
SHARES = (10, 20, 30, 40, 50, 100)
# In minutes, from when everybody in the test was tried.
WAITS = (60, 120, 240, 480, 1440, 2880)
# With fewer opens or clicks in all, who is ahead is luck alone: nobody is called the winner.
LEAST_HITS = 10
# Readers of one variant below which the check before sending warns.
FEW_READERS = 100
# As `Dispatch.variant` counts: the variants from 1, and those who are not in the test.
REST = 0


class Criterion(enum.StrEnum):
    """By what the winner is found."""

    opens = "opens"
    clicks = "clicks"
    hand = "hand"


class Unclear(enum.StrEnum):
    """What becomes of the rest when no variant is ahead, or too little was counted."""

    first = "first"  # it gets variant A
    ask = "ask"  # the mailing waits, and its people are asked


class TrialState(enum.StrEnum):
    """How far an A/B test is."""

    planned = "planned"
    sending = "sending"  # the test is on its way
    watching = "watching"  # everybody in it was tried; opens and clicks come in
    asking = "asking"  # nobody is ahead: the customer chooses
    decided = "decided"


class Why(enum.StrEnum):
    """Why a variant won."""

    ahead = "ahead"
    unclear = "unclear"  # nobody was ahead
    hand = "hand"


# Which states follow which, and by what.
MOVES: dict[TrialState, tuple[TrialState, ...]] = {
    TrialState.planned: (TrialState.sending,),
    TrialState.sending: (TrialState.watching, TrialState.decided),
    TrialState.watching: (TrialState.asking, TrialState.decided),
    TrialState.asking: (TrialState.decided,),
    TrialState.decided: (),
}


def ahead(counted: Sequence[Counted]) -> int | None:
    """Return which variant (from 1) has the highest rate; None when several share it or too little was counted."""
    if sum(each.hits for each in counted) < LEAST_HITS:
        return None
    best = max(each.rate for each in counted)
    first = [number for number, each in enumerate(counted, 1) if each.rate == best]
    return first[0] if len(first) == 1 else None


def letter(variant: int) -> str:
    """Return what a variant is called: A, B …"""
    return LETTERS[variant - 1]
