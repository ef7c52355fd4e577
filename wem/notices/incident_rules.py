"""Faults and maintenance (Art. 13-1): what they concern, and how they stand at a moment."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta


class Part(enum.StrEnum):
    """What stands still."""

    all = "all"
    screens = "screens"  # signing in, lists, mailings
    sending = "sending"
    sign_up = "sign_up"  # the readers' pages


# Of these nothing leaves while maintenance lasts.
STOPS_SENDING = frozenset({Part.all, Part.sending})


class Phase(enum.StrEnum):
    announced = "announced"
    running = "running"
    over = "over"


# 13-1 (1)–(9)
REASONS = range(1, 10)
SHOWN_BEFORE = timedelta(days=7)  # on every page; /status shows it from the announcement on


def phase(begins_at: datetime, closed_at: datetime | None, at: datetime) -> Phase:
    """Return how it stands; it is over when staff say so, for a planned end may pass."""
    if closed_at is not None:
        return Phase.over
    return Phase.running if begins_at <= at else Phase.announced


def in_banner(begins_at: datetime, closed_at: datetime | None, at: datetime) -> bool:
    """Return whether every page speaks of it."""
    return closed_at is None and begins_at - SHOWN_BEFORE <= at
