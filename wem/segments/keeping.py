"""Keeps segments: made, changed over the version that a person had before them, copied, deleted."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock
from wem.db import db
from wem.segments.keeping_rules import as_data, read
from wem.segments.models import Segment
from wem.segments.rules import MAX_NAME, Conditions

# Of one customer; more is a machine's work, and nobody finds them again.
MOST = 300


class Changed(Exception):
    """Somebody else saved the segment since this person opened it."""


class TooMany(Exception):
    """The customer has as many segments as there can be."""


def create(customer_id: int, name: str, conditions: Conditions, *, by: int) -> Segment:
    """Return a new segment, in the session; raises TooMany."""
    there = sa.select(sa.func.count()).select_from(Segment).where(Segment.customer_id == customer_id)
    if (db.session.scalar(there) or 0) >= MOST:
        raise TooMany
    segment = Segment(customer_id=customer_id, name=name, conditions=as_data(conditions), created_by=by, version=1)
    db.session.add(segment)
    db.session.flush()
    audit.record("segment.create", by=by, customer_id=customer_id, subject=segment)
    return segment


def save(segment: Segment, name: str, conditions: Conditions, version: int, *, by: int) -> None:
    """Keep what was typed; raises Changed when somebody else saved something different since `version`."""
    db.session.refresh(segment, with_for_update=True)
    data = as_data(conditions)
    if segment.version != version and (segment.name, segment.conditions) != (name, data):
        raise Changed
    segment.name, segment.conditions = name, data
    segment.changed_at, segment.version = clock.now(), segment.version + 1
    audit.record("segment.change", by=by, customer_id=segment.customer_id, subject=segment)


def duplicate(segment: Segment, name: str, *, by: int) -> Segment:
    """Return a copy with the same conditions; raises TooMany, and Refused where they cannot be read."""
    return create(segment.customer_id, name[:MAX_NAME], read(segment.conditions), by=by)


def delete(segment: Segment, *, by: int) -> None:
    """Delete a segment for good. Who asks has made sure that no mailing waits for it."""
    audit.record("segment.delete", by=by, customer_id=segment.customer_id, subject=segment)
    db.session.delete(segment)


def of_customer(customer_id: int) -> list[Segment]:
    """Return the customer's segments by name."""
    rows = sa.select(Segment).where(Segment.customer_id == customer_id).order_by(Segment.name, Segment.id)
    return list(db.session.scalars(rows))
