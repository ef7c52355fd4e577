"""What workers do for the help desk: close what was answered, erase what is past its time."""

from __future__ import annotations

import time

from wem import clock
from wem.db import db
from wem.inquiries import attaching, tidying

SECONDS = 50.0


def tidy() -> None:
    """Close answered threads, erase old ones of nobody, and the files that no thread has any more."""
    until, at = time.monotonic() + SECONDS, clock.now()
    for act in (tidying.close_answered, tidying.erase_old):
        while act(at) and time.monotonic() < until:
            db.session.commit()
        db.session.commit()
    attaching.erase_unnamed(at)
    db.session.rollback()
