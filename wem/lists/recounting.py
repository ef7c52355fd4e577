"""Counts registered addresses anew each night, keeps the day's count as evidence, and reports what differs (7-2)."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts.date_rules import month_start
from wem.db import db, insert_ignoring
from wem.lists import counting
from wem.lists.count_models import AddressCount, CountSnapshot, MonthPeak

# One statement sees one state of the database: a registration in between shows in both numbers or in neither.
_BOTH = sa.text(
    "SELECT coalesce((SELECT registered FROM address_count WHERE customer_id = :customer), 0), "
    "(SELECT count(*) FROM subscriber WHERE customer_id = :customer AND active_count > 0)"
)


def without_snapshot(day: date) -> list[int]:
    """Return the customers whose count of a day is not kept yet."""
    kept = sa.select(CountSnapshot.customer_id).where(CountSnapshot.day == day)
    found = sa.select(AddressCount.customer_id).where(AddressCount.customer_id.not_in(kept))
    return list(db.session.scalars(found.order_by(AddressCount.customer_id)))


def count(customer_id: int) -> tuple[int, int]:
    """Return (as kept, as counted over the table) of one moment; changes nothing."""
    kept, counted = db.session.execute(_BOTH, {"customer": customer_id}).one()
    return int(kept), int(counted)


def keep(customer_id: int, day: date, registered: int, recounted: int) -> None:
    """Keep a day's count, once; the caller commits."""
    peak = counting.month_peak(customer_id)
    db.session.execute(
        insert_ignoring(CountSnapshot).values(
            customer_id=customer_id,
            day=day,
            at=clock.now(),
            registered=registered,
            peak=peak,
            recounted=recounted,
            note="",
        )
    )


def differences() -> list[CountSnapshot]:
    """Return the days on which a recount differed and that nobody has looked into, the newest first."""
    found = sa.select(CountSnapshot).where(
        CountSnapshot.registered != CountSnapshot.recounted, CountSnapshot.seen_at.is_(None)
    )
    return list(db.session.scalars(found.order_by(CountSnapshot.day.desc(), CountSnapshot.customer_id).limit(100)))


def take_over(snapshot: CountSnapshot, note: str, *, by: int) -> int:
    """Set the count to what is counted now and close the customer's differences; returns by how much it changed.

    A count that was too low raises the month's peak; a peak that was too high stays, and the invoice is corrected.
    """
    customer_id = snapshot.customer_id
    # Whoever counts next waits for this row: nothing changes between the counting and the setting right.
    db.session.execute(
        sa.update(AddressCount)
        .where(AddressCount.customer_id == customer_id)
        .values(registered=AddressCount.registered)
    )
    kept, counted = count(customer_id)
    counting.change_count(customer_id, counted - kept)
    db.session.execute(
        sa.update(CountSnapshot)
        .where(
            CountSnapshot.customer_id == customer_id,
            CountSnapshot.registered != CountSnapshot.recounted,
            CountSnapshot.seen_at.is_(None),
        )
        .values(seen_at=clock.now(), seen_by=by, note=note)
    )
    audit.record("count.correct", by=by, customer_id=customer_id, found=counted, before=kept, note=note)
    return counted - kept


def month_snapshots(customer_id: int, month: date) -> list[CountSnapshot]:
    """Return the days of a month that are kept, in order."""
    after = month_start(month, 1)
    found = sa.select(CountSnapshot).where(
        CountSnapshot.customer_id == customer_id, CountSnapshot.day >= month, CountSnapshot.day < after
    )
    return list(db.session.scalars(found.order_by(CountSnapshot.day)))


def months(customer_id: int) -> list[MonthPeak]:
    """Return the months of which a peak is kept, the newest first."""
    found = sa.select(MonthPeak).where(MonthPeak.customer_id == customer_id).order_by(MonthPeak.month.desc()).limit(24)
    return list(db.session.scalars(found))
