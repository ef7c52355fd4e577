"""Who of a batch still gets the mail: asked at the moment of sending, not when the audience was written down."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from wem.db import db
from wem.delivery.leasing import OPEN
from wem.delivery.models import Delivery
from wem.lists.states import SubscriptionState, Way
from wem.lists.subscription_models import EVERY_LIST, Subscriber, Subscription, Suppression


@dataclass(slots=True)
class Recipient:
    """One delivery of a batch. Without a list it is to be left out: its reader said no, or is gone."""

    seq: int
    subscriber_id: int
    attempts: int
    address: str
    fields: dict[str, Any]
    # Who takes the reader's mail.
    provider: str = "other"
    lists: list[int] = field(default_factory=list)
    # Joined by an attested upload after the moment that the content names for the list.
    newly_attested: bool = False


def recipients_of(
    dispatch_id: int,
    batch: int,
    list_ids: Collection[int],
    attested_since: dict[int, datetime | None] | None = None,
) -> list[Recipient]:
    """Return the open deliveries of a batch, each with the lists of these that its reader is on now."""
    query = _query(dispatch_id, list_ids).where(Delivery.batch == batch, Delivery.state.in_(OPEN))
    # Put in order here: asked for an order, SQLite reads the whole dispatch along its key instead of the batch alone,
    # 0.2 s for each batch of a million.
    return sorted(_gathered(query, attested_since or {}), key=attrgetter("seq"))


def still_wanted(dispatch_id: int, subscriber_id: int, list_ids: Collection[int]) -> bool:
    """Return whether a reader of a dispatch is still on one of its lists."""
    query = _query(dispatch_id, list_ids).where(Delivery.subscriber_id == subscriber_id)
    return any(recipient.lists for recipient in _gathered(query, {}))


def _query(dispatch_id: int, list_ids: Collection[int]) -> sa.Select[Any]:
    said_no = sa.exists().where(
        Suppression.customer_id == Subscription.customer_id,
        Suppression.address_hash == Subscriber.address_hash,
        Suppression.list_id.in_((EVERY_LIST, Subscription.list_id)),
    )
    return (
        sa.select(
            Delivery.seq,
            Delivery.subscriber_id,
            Delivery.attempts,
            Delivery.provider,
            Subscriber.address,
            Subscriber.fields,
            Subscription.list_id,
            Subscription.way,
            Subscription.confirmed_at,
        )
        .outerjoin(
            Subscriber,
            sa.and_(Subscriber.id == Delivery.subscriber_id, Subscriber.customer_id == Delivery.customer_id),
        )
        .outerjoin(
            Subscription,
            sa.and_(
                Subscription.subscriber_id == Subscriber.id,
                Subscription.list_id.in_(list_ids),
                Subscription.state == SubscriptionState.active,
                ~said_no,
            ),
        )
        .where(Delivery.dispatch_id == dispatch_id)
    )


def _gathered(query: sa.Select[Any], attested_since: dict[int, datetime | None]) -> list[Recipient]:
    found: dict[int, Recipient] = {}
    for row in db.session.execute(query):
        recipient = found.get(row.seq)
        if recipient is None:
            recipient = found[row.seq] = Recipient(
                row.seq, row.subscriber_id, row.attempts, row.address or "", row.fields or {}, row.provider
            )
        if row.list_id is None:
            continue
        recipient.lists.append(row.list_id)
        if row.way is Way.attested and row.list_id in attested_since:
            since = attested_since[row.list_id]
            recipient.newly_attested |= since is None or row.confirmed_at >= since
    for recipient in found.values():
        recipient.lists.sort()
    return list(found.values())
