"""What workers run for sequences: each is looked at again and again; what is due is found in the tables."""

from __future__ import annotations

import logging
import time

from wem import queue
from wem.db import db
from wem.sequences import following

SECONDS = 45.0
# At most so long for one, so that a large one keeps no other waiting.
EACH = 15.0
log = logging.getLogger("wem.sequences")


def sweep() -> None:
    """Look at every sequence that runs, what waits longest first; a fault in one keeps no other waiting."""
    until = time.monotonic() + SECONDS
    for sequence_id in following.to_follow():
        if time.monotonic() > until or queue.stopping.is_set():
            return
        try:
            following.follow(sequence_id, min(until, time.monotonic() + EACH))
        except Exception:
            db.session.rollback()
            log.exception("sequence %s could not be followed", sequence_id)


def follow(sequence_id: int) -> None:
    """Look at one sequence at once: somebody has just started it, or let it go on."""
    following.follow(sequence_id, time.monotonic() + SECONDS)
