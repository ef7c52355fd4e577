"""When a customer's notice address has stopped working; plain functions (A-08, Art. 22)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

IN_ROW = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to the notice address that is over: when, and whether nothing came back so far."""

    sent_at: datetime
    accepted: bool


def failed_in_row(notices: Iterable[Notice], at: datetime, settling: timedelta) -> int:
    """Return how many of the last notices did not arrive, up to the first that did; `notices` newest first.

    One that was accepted within the settling time may still come back and says nothing yet.
    """
    number = 0
    for each in notices:
        if not each.accepted:
            number += 1
        elif each.sent_at + settling <= at:
            break
    return number
