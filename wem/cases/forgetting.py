"""Reports of abuse that staff dismissed are forgotten after a time, with the mail that was handed in."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from wem import clock, storage
from wem.cases.models import Report
from wem.cases.rules import ReportState
from wem.db import db
from wem.settings import settings

AT_ONCE = 200


def forget_dismissed() -> int:
    """Delete the next reports that were dismissed `REPORTS_KEPT_DAYS` ago; returns how many. The caller commits.

    Files go first: one that is cut short finds its rows again.
    """
    before = clock.now() - timedelta(days=int(settings().REPORTS_KEPT_DAYS))
    rows = db.session.scalars(
        sa.select(Report)
        .where(Report.state == ReportState.dismissed, Report.decided_at <= before)
        .order_by(Report.id)
        .limit(AT_ONCE)
        .with_for_update()
    ).all()
    for row in rows:
        if row.file_key:
            storage.erase(row.file_key)
        db.session.delete(row)
    return len(rows)
