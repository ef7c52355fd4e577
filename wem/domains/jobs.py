"""What workers run for sender domains: looking at their records again and again."""

from __future__ import annotations

import logging
import time

import sqlalchemy as sa

from wem import clock, queue
from wem.db import db
from wem.domains import checking, founding
from wem.domains.models import SenderDomain

SECONDS = 40.0
AT_ONCE = 100
log = logging.getLogger("wem.domains")


def check(domain_id: int) -> None:
    """Look at a domain that somebody waits for; when that fails the timetable's look finds it again."""
    checking.check(domain_id)


def check_due() -> None:
    """Look at the domains whose time has come, those that wait longest first; the service's own is made if need be."""
    founding.service_domain()
    deadline = time.monotonic() + SECONDS
    due = db.session.scalars(
        sa.select(SenderDomain.id)
        .where(SenderDomain.check_at <= clock.now())
        .order_by(SenderDomain.check_at)
        .limit(AT_ONCE)
    ).all()
    db.session.commit()
    for domain_id in due:
        if queue.stopping.is_set() or time.monotonic() >= deadline:
            return
        try:
            checking.check(domain_id)
        except Exception:
            db.session.rollback()
            log.exception("sender domain %s could not be looked at", domain_id)
