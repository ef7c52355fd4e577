"""The daily work on contracts."""

from __future__ import annotations

import logging

from wem import clock
from wem.contracts import due
from wem.db import db, let_others_write

log = logging.getLogger("wem.contracts")


def apply_due() -> int:
    """Carry out what has fallen due by today; returns how many acts. A fault in one keeps no other from its day."""
    today, done = clock.today(), 0
    planned = due.plan(today)
    db.session.rollback()
    for act in planned:
        try:
            done += due.carry_out(act, today)
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("%s of contract %s failed; it is tried again", act.what, act.contract_id)
        let_others_write()
    return done
