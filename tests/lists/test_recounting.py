"""The count's evidence: kept each day, counted anew, its peak that of the history, differences set right by staff."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wem.clock import JAPAN
from wem.db import db
from wem.lists import counting, jobs, recounting
from wem.lists.count_models import AddressCount, CountSnapshot, MonthPeak


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


@pytest.mark.both_databases
def test_each_night_is_kept_and_what_differs_is_reported(world):
    customer = world.ours.customer.id
    with at("2026-03-05T00:10"):
        jobs.count_anew()
        jobs.count_anew()
        assert recounting.differences() == []
        kept = db.session.scalars(sa.select(CountSnapshot).where(CountSnapshot.customer_id == customer)).one()
        assert (kept.registered, kept.recounted, kept.day) == (3, 3, date(2026, 3, 5))
        db.session.execute(sa.update(AddressCount).where(AddressCount.customer_id == customer).values(registered=2))
        db.session.commit()
    with at("2026-03-06T00:10"):
        jobs.count_anew()
        (found,) = recounting.differences()
        assert (found.customer_id, found.registered, found.recounted) == (customer, 2, 3)
        assert recounting.take_over(found, "障害", by=world.admin.id) == 1
        db.session.commit()
        assert counting.registered(customer) == 3 and recounting.differences() == []
        assert [each.day.day for each in recounting.month_snapshots(customer, date(2026, 3, 1))] == [5, 6]


def test_months_without_a_change_take_their_count_from_the_next_one(app):
    with at("2026-01-10T12:00"):
        counting.change_count(7, 5)
    with at("2026-04-10T12:00"):
        counting.change_count(7, 3)
        counting.change_count(7, -6)
        db.session.commit()
        months = [date(2026, month, 1) for month in (1, 2, 3, 4)]
        assert [counting.count_at_start(7, month) for month in months] == [0, 5, 5, 5]
        assert [counting.peak_of(7, month) for month in months] == [5, 5, 5, 8]
        assert counting.count_at_start(7, date(2026, 5, 1)) == 2


steps = st.lists(st.tuples(st.integers(0, 40), st.integers(-5, 9)), max_size=25)


@given(steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_peak_kept_is_the_peak_of_the_history(app, steps):
    """Random registrations and departures over some months: the running peak is the highest state of each month."""
    db.session.execute(sa.delete(MonthPeak))
    db.session.execute(sa.delete(AddressCount))
    day, count, peaks, openings = date(2026, 1, 1), 0, {}, {}
    for days, change in steps:
        day = date.fromordinal(day.toordinal() + days)
        change = max(change, -count)
        if not change:
            continue
        month = day.replace(day=1)
        openings.setdefault(month, count)
        with at(f"{day}T12:00"):
            counting.change_count(1, change)
        count += change
        peaks[month] = max(peaks.get(month, openings[month]), count)
    for month, peak in peaks.items():
        assert (counting.peak_of(1, month), counting.count_at_start(1, month)) == (peak, openings[month])
    db.session.rollback()
