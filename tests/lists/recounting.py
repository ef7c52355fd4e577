"""Every kept count, compared with the rows that it counts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wem.db import Base, db
from wem.lists.count_models import AddressCount, MonthPeak
from wem.lists.models import MailingList
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscriber, Subscription


def assert_counts_are_exact() -> None:
    """Compare the counts of lists, readers and customers with a recount."""
    db.session.expire_all()
    for row in db.session.scalars(sa.select(MailingList)):
        for state, kept in (
            (SubscriptionState.active, row.active_count),
            (SubscriptionState.pending, row.pending_count),
        ):
            assert kept == _count(Subscription.list_id == row.id, Subscription.state == state), (row.slug, state)
    for reader in db.session.scalars(sa.select(Subscriber)):
        states = [s.state for s in reader.subscriptions]
        assert reader.active_count == states.count(SubscriptionState.active)
        assert reader.active_count or SubscriptionState.pending in states, "a reader without a subscription"
    for kept in db.session.scalars(sa.select(AddressCount)):
        registered = db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Subscriber)
            .where(Subscriber.customer_id == kept.customer_id, Subscriber.active_count > 0)
        )
        assert kept.registered == registered
        peaks = db.session.scalars(sa.select(MonthPeak.peak).where(MonthPeak.customer_id == kept.customer_id))
        assert max(peaks, default=0) >= kept.registered


def all_rows() -> dict[str, list[Any]]:
    """Return what the whole database holds, to see that nothing changed."""
    db.session.rollback()
    return {
        table.name: [tuple(row) for row in db.session.execute(sa.select(table).order_by(*table.primary_key.columns))]
        for table in Base.metadata.sorted_tables
    }


def holds(text: str) -> list[str]:
    """Return the tables in which a text stands anywhere."""
    return [name for name, rows in all_rows().items() if any(text in str(row) for row in rows)]


def _count(*conditions: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Subscription).where(*conditions)) or 0
