"""How many a mailing can reach, from maintained counters alone, and whether that is unusual."""

from __future__ import annotations

import sqlalchemy as sa

from wem.db import db
from wem.delivery.models import Dispatch, DispatchKind
from wem.lists import counting
from wem.mailings.models import Mailing

# So many mailings back is what a customer is used to.
LATE = 10
TIMES_LARGER = 10
LARGE_AT_FIRST = 5_000


def most_recipients(mailing: Mailing) -> int:
    """Return the most readers that the mailing can go to now: a person on several lists gets one.

    Exact for one list; for several it is an upper bound, never above the customer's registered addresses.
    """
    active = [row.active_count for row in mailing.lists if row.archived_at is None]
    if len(active) < 2:
        return sum(active)
    return min(sum(active), counting.registered(mailing.customer_id))


def largest_of_late(customer_id: int) -> int:
    """Return how many the largest of the customer's last mailings went to; 0 before the first."""
    late = (
        sa.select(Dispatch.total)
        .where(Dispatch.customer_id == customer_id, Dispatch.kind == DispatchKind.bulk)
        .order_by(Dispatch.id.desc())
        .limit(LATE)
        .subquery()
    )
    return db.session.scalar(sa.select(sa.func.max(late.c.total))) or 0


def unusually_large(count: int, usual: int) -> bool:
    """Return whether so many readers deserve a second look, when the largest of the last mailings had `usual`."""
    return count > TIMES_LARGER * usual if usual else count > LARGE_AT_FIRST
