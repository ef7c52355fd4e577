"""When a mailing really leaves: what maintenance and the customer's no-send hours make of its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from itertools import count

from wem import audit, clock
from wem.db import db
from wem.delivery import portion_rules
from wem.delivery.no_send_models import NoSendSetting, hours_of
from wem.delivery.no_send_rules import NoSendHours
from wem.mailings import maintenance, timing_rules
from wem.mailings.maintenance_rules import due_after
from wem.mailings.models import Mailing


@dataclass(frozen=True)
class Departure:
    """When a mailing leaves that is asked for at a moment; `leaves` None while the end of maintenance is not known."""

    asked: datetime
    leaves: datetime | None
    # The customer's no-send hours, where they put it off.
    hours: NoSendHours | None = None

    @property
    def waits(self) -> bool:
        """Whether it leaves later than it is asked for."""
        return self.leaves != self.asked


@dataclass(frozen=True)
class Plan:
    """When a mailing goes, and in which portions: each with its number, its time and about how many readers."""

    departure: Departure
    minutes: int
    portions: list[tuple[int, datetime, int]]


def plan(customer_id: int, at: datetime, portions: int, minutes: int, readers: int) -> Plan:
    """Return how a mailing to so many readers goes that is asked for at a moment, as things stand."""
    found = departure(customer_id, at)
    times = portion_rules.due_times(found.leaves or at, portions, minutes, hours_of(customer_id))
    return Plan(found, minutes, list(zip(count(1), times, portion_rules.sizes(readers, portions), strict=False)))


def departure(customer_id: int, at: datetime) -> Departure:
    """Return when a mailing of a customer leaves that is asked for at a moment."""
    windows, hours = maintenance.windows_of(customer_id, at), hours_of(customer_id)
    leaves = timing_rules.leaves_after(windows, hours, at)
    return Departure(at, leaves, hours if leaves != due_after(windows, at) else None)


def due_at(mailing: Mailing) -> datetime | None:
    """Return when a mailing with a time may leave; None while maintenance without an end holds it."""
    assert mailing.scheduled_at is not None
    return departure(mailing.customer_id, mailing.scheduled_at).leaves


def missed(mailing: Mailing) -> bool:
    """Return whether its time passed by more than it tolerates; never for a mailing without a time."""
    if mailing.scheduled_at is None:
        return False
    return timing_rules.missed(due_at(mailing), clock.now(), mailing.tolerance)


def set_hours(customer_id: int, hours: tuple[time, time] | None, *, by: int) -> bool:
    """Keep a customer's no-send hours, or none; returns whether they are others than before. The caller commits.

    The senders see them within a second; what rests goes on by itself where they are over.
    """
    row = db.session.get(NoSendSetting, customer_id, with_for_update=True)
    before = (row.begins, row.ends) if row else None
    if hours == before:
        return False
    if hours is None:
        db.session.delete(row)
    else:
        if row is None:
            row = NoSendSetting(customer_id=customer_id)
            db.session.add(row)
        row.begins, row.ends = hours
        row.changed_at, row.changed_by = clock.now(), by
    audit.record("hours.set", by=by, customer_id=customer_id, hours=[_written(before), _written(hours)])
    return True


def _written(hours: tuple[time, time] | None) -> str:
    return f"{hours[0]:%H:%M}–{hours[1]:%H:%M}" if hours else ""
