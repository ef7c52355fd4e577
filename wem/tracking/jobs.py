"""What workers run for tracking: short, rung again while there is more, harmless when run twice."""

from __future__ import annotations

import time

from wem import clock, queue
from wem.db import db
from wem.tracking import counting

SECONDS = 40.0


def roll_up() -> None:
    """Count the hits that wait."""
    if counting.count_until(time.monotonic() + SECONDS):
        queue.ring_now(queue.WORK, "wem.tracking.jobs.roll_up")


def forget_old() -> None:
    """Delete hits that are no longer needed."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and not queue.stopping.is_set():
        gone = counting.forget_old(clock.now())
        db.session.commit()
        if gone < counting.LOT:
            return
    queue.ring_now(queue.WORK, "wem.tracking.jobs.forget_old")
