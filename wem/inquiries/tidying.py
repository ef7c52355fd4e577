"""What becomes of threads with time: answered ones close, those that are nobody's are erased."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from wem.db import db
from wem.inquiries import answering
from wem.inquiries.desk_rules import CLOSES_AFTER_DAYS
from wem.inquiries.models import Inquiry
from wem.inquiries.state_rules import InquiryState
from wem.settings import settings

AT_ONCE = 200


def close_answered(at: datetime) -> int:
    """Close the next threads that were answered two weeks ago and to which nothing was added; returns how many."""
    rows = db.session.scalars(
        sa.select(Inquiry)
        .where(Inquiry.state == InquiryState.answered, Inquiry.last_at <= at - timedelta(days=CLOSES_AFTER_DAYS))
        .order_by(Inquiry.id)
        .limit(AT_ONCE)
        .with_for_update()
    ).all()
    for row in rows:
        answering.close(row, by=None)
    return len(rows)


def erase_old(at: datetime) -> int:
    """Erase the next closed threads that are nobody's and past their time; returns how many. The caller commits."""
    kept = timedelta(days=int(settings().INQUIRY_KEPT_DAYS))
    old = db.session.scalars(
        sa.select(Inquiry.id)
        .where(
            Inquiry.customer_id.is_(None),
            Inquiry.state == InquiryState.closed,
            Inquiry.closed_at <= at - kept,
        )
        .order_by(Inquiry.id)
        .limit(AT_ONCE)
    ).all()
    db.session.execute(sa.delete(Inquiry).where(Inquiry.id.in_(old)))
    return len(old)
