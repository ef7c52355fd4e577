"""Reports that belong to no delivery: listed for staff, never counted, forgotten after 30 days."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.arriving import ArrivedMail, Fate
from wem.bounces.models import Unmatched, UnmatchedReport
from wem.bounces.states import Reading, Reason, Reported, Severity
from wem.db import db, insert_ignoring
from wem.delivery.rules import without_addresses
from wem.notices.masking_rules import mask_address

KEPT_FOR = timedelta(days=30)
NOBODY = Reported("", Severity.other, Reason.undefined)


def keep(mail: ArrivedMail, reading: Reading, why: Unmatched) -> Fate:
    """List a report for staff, once; returns that it is dealt with."""
    told = next(iter(reading.recipients), NOBODY)
    db.session.execute(
        insert_ignoring(UnmatchedReport).values(
            number=mail.number,
            at=mail.received_at,
            kind=reading.kind,
            why=why,
            severity=told.severity,
            reason=told.reason,
            status=(told.status or "")[:12] or None,
            recipient=mask_address(told.address)[:320] if "@" in told.address else "",
            diagnostic=without_addresses(told.diagnostic),
            reporter=without_addresses(told.reporter)[:255],
        )
    )
    return Fate.taken


def forget_old(limit: int = 1000) -> int:
    """Delete up to `limit` reports older than 30 days; returns how many. The caller commits."""
    old = (
        sa.select(UnmatchedReport.id)
        .where(UnmatchedReport.at < clock.now() - KEPT_FOR)
        .order_by(UnmatchedReport.at)
        .limit(limit)
    )
    ids = db.session.scalars(old).all()
    db.session.execute(sa.delete(UnmatchedReport).where(UnmatchedReport.id.in_(ids)))
    return len(ids)
