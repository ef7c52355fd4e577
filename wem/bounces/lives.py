"""The life of one address with a customer: from consent through mailings and what came back to its removal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wem.bounces.models import Bounce, Complaint, Removal
from wem.bounces.removing import standing
from wem.db import db
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchKind
from wem.hashing import address_hash
from wem.lists import consent
from wem.lists.rules import Address
from wem.lists.subscription_models import ConsentEvent, Subscriber, Suppression

MOST_MAILINGS = 100


@dataclass(frozen=True)
class Moment:
    """One thing that happened: a consent event, a mailing, a bounce, a complaint or a removal."""

    at: datetime
    kind: str
    thing: Any
    mailing_id: int | None = None


@dataclass(frozen=True)
class Life:
    """All that is on record about an address; `reader` is None when it is registered no more."""

    customer_id: int
    reader: Subscriber | None
    moments: list[Moment]
    suppressions: list[Suppression]
    failed_in_row: int

    @property
    def known(self) -> bool:
        return bool(self.reader or self.moments or self.suppressions)

    @property
    def mailing_ids(self) -> set[int]:
        return {each.mailing_id for each in self.moments if each.mailing_id is not None}


def life_of(customer_id: int, address: Address) -> Life:
    """Return the life of an address with one customer, newest first."""
    hashed = address_hash(address.key)
    reader = db.session.scalar(
        sa.select(Subscriber).where(Subscriber.customer_id == customer_id, Subscriber.address_key == address.key)
    )
    bounces = _under(Bounce, customer_id, hashed)
    complaints = _under(Complaint, customer_id, hashed)
    removals = _under(Removal, customer_id, hashed)
    moments = [Moment(each.at, "consent", each, each.mailing_id) for each in consent.events_about(customer_id, hashed)]
    moments += [Moment(each.at, "bounce", each, each.mailing_id) for each in bounces]
    moments += [Moment(each.at, "complaint", each, each.mailing_id) for each in complaints]
    moments += [Moment(each.at, "removal", each) for each in removals]
    numbers = {each.subscriber_id for each in (*bounces, *complaints, *removals)} | ({reader.id} if reader else set())
    moments += _mailings(customer_id, numbers, hashed)
    suppressions = db.session.scalars(
        sa.select(Suppression).where(Suppression.customer_id == customer_id, Suppression.address_hash == hashed)
    )
    return Life(
        customer_id,
        reader,
        sorted(moments, key=lambda each: each.at, reverse=True),
        list(suppressions),
        standing(reader).in_row if reader else 0,
    )


def customers_of(address: Address) -> list[int]:
    """Return the customers with whom an address is or was known."""
    hashed = address_hash(address.key)
    found = set(db.session.scalars(sa.select(Subscriber.customer_id).where(Subscriber.address_key == address.key)))
    for table in (ConsentEvent, Suppression, Bounce, Removal):
        columns: Any = table
        found |= set(db.session.scalars(sa.select(columns.customer_id).where(columns.address_hash == hashed)))
    return sorted(found)


def _under(table: Any, customer_id: int, hashed: bytes) -> list[Any]:
    return list(
        db.session.scalars(
            sa.select(table)
            .where(table.customer_id == customer_id, table.address_hash == hashed)
            .order_by(table.id.desc())
            .limit(MOST_MAILINGS)
        )
    )


def _mailings(customer_id: int, subscriber_ids: set[int], hashed: bytes) -> list[Moment]:
    """The last mailings as they went to this address; each is one look into an index."""
    dispatches = (
        sa.select(Dispatch.id)
        .where(Dispatch.customer_id == customer_id, Dispatch.kind == DispatchKind.bulk)
        .order_by(Dispatch.id.desc())
        .limit(MOST_MAILINGS)
    )
    rows = db.session.execute(
        sa.select(Delivery, Dispatch.mailing_id, Dispatch.created_at)
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .where(
            Delivery.dispatch_id.in_(dispatches),
            Delivery.subscriber_id.in_(subscriber_ids),
            # The reader may have had another address then.
            Delivery.address_hash == hashed,
        )
    )
    return [
        Moment(delivery.at or created, "mailing", delivery, mailing_id)
        for delivery, mailing_id, created in rows
        # What came back stands there as such.
        if delivery.state is not DeliveryState.bounced
    ]
