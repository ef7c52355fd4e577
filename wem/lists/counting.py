"""The count of registered addresses and its month's peak, changed in the same transaction as what it counts."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import clock
from wem.db import db, insert_ignoring
from wem.lists.count_models import AddressCount, MonthPeak


def change_count(customer_id: int, by: int) -> None:
    """Add `by` (may be negative) to a customer's registered addresses and raise the month's peak where it is passed.

    The month's row is made from the count before the change: what stood at 00:00 on the 1st counts too (7-2, A-06).
    """
    if by == 0:
        return
    at = clock.now()
    month = at.date().replace(day=1)
    session = db.session
    session.execute(insert_ignoring(AddressCount).values(customer_id=customer_id, registered=0))
    # The update takes the row's lock: whoever counts next waits, so no peak is missed.
    session.execute(
        sa.update(AddressCount)
        .where(AddressCount.customer_id == customer_id)
        .values(registered=AddressCount.registered + by)
    )
    after = registered(customer_id)
    session.execute(
        insert_ignoring(MonthPeak).values(
            customer_id=customer_id, month=month, peak=after - by, opening=after - by, reached_at=at
        )
    )
    session.execute(
        sa.update(MonthPeak)
        .where(MonthPeak.customer_id == customer_id, MonthPeak.month == month, MonthPeak.peak < after)
        .values(peak=after, reached_at=at)
    )


def registered(customer_id: int) -> int:
    """Return the customer's registered addresses now."""
    return db.session.scalar(sa.select(AddressCount.registered).where(AddressCount.customer_id == customer_id)) or 0


def month_peak(customer_id: int) -> int:
    """Return this month's peak so far: at least what stands now."""
    month = clock.today().replace(day=1)
    peak = db.session.scalar(
        sa.select(MonthPeak.peak).where(MonthPeak.customer_id == customer_id, MonthPeak.month == month)
    )
    return max(peak or 0, registered(customer_id))


def count_at_start(customer_id: int, month: date) -> int:
    """Return the registered addresses at 0:00 on the 1st of a month, this one or one before (A-06).

    Without a change in the month it has no row: then it is what stood there when the next change came.
    """
    found = sa.select(MonthPeak.opening).where(MonthPeak.customer_id == customer_id, MonthPeak.month >= month)
    opening = db.session.scalar(found.order_by(MonthPeak.month).limit(1))
    return registered(customer_id) if opening is None else opening


def peak_of(customer_id: int, month: date) -> int:
    """Return the highest count of a month, this one or one before (7-2)."""
    peak = db.session.scalar(
        sa.select(MonthPeak.peak).where(MonthPeak.customer_id == customer_id, MonthPeak.month == month)
    )
    return count_at_start(customer_id, month) if peak is None else peak


def recount(customer_id: int) -> int:
    """Return the registered addresses counted over the table: for checks, never for screens."""
    from_table = sa.text("SELECT count(*) FROM subscriber WHERE customer_id = :customer AND active_count > 0")
    return int(db.session.scalar(from_table, {"customer": customer_id}) or 0)
