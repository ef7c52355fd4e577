"""When a mailing leaves: its time, put off by maintenance and by no-send hours; how late it may be; plain functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from wem.delivery.no_send_rules import NoSendHours
from wem.mailings.maintenance_rules import Window, due_after

# How late a mailing may start by itself, to be chosen from; later than that its people are asked.
TOLERANCES = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
USUAL_TOLERANCE = timedelta(hours=1)


def leaves_after(windows: Iterable[Window], hours: NoSendHours | None, at: datetime) -> datetime | None:
    """Return when what was due at a moment leaves: then, or when neither maintenance nor the hours hold it.

    None when maintenance without an end holds it.
    """
    known = list(windows)
    while True:
        due = due_after(known, at)
        if due is None or hours is None or not hours.hold(due):
            return due
        at = hours.leaves(due)


def missed(due: datetime | None, at: datetime, tolerance: timedelta) -> bool:
    """Return whether the time at which a mailing was to leave has passed by more than it tolerates.

    What was kept waiting by maintenance or no-send hours was not missed: `due` is when they let it go (None: not yet).
    """
    return due is not None and at - due > tolerance
