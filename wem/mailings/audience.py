"""How many a mailing can reach, from maintained counters alone where no segment narrows it; whether that is unusual."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.delivery.models import Dispatch, DispatchKind
from wem.domain_rules import CARRIERS
from wem.lists import counting
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailings import earlier, narrowing
from wem.mailings.models import Mailing
from wem.mailings.narrowing import SegmentLost
from wem.segments.counting import FEW
from wem.segments.matching import fits

# So many mailings back is what a customer is used to.
LATE = 10
TIMES_LARGER = 10
LARGE_AT_FIRST = 5_000
# So many readers are looked at while a page is made.
QUICK = 50_000


@dataclass(frozen=True)
class Reach:
    """How many readers a mailing goes to.

    Without segments at most so many. `told` is False where a segment asks what readers opened or clicked and so few
    are left that the number would speak of single persons: then `count` says FEW - 1, "fewer than 5".
    """

    count: int
    narrowed: bool = False
    told: bool = True


def reads(list_ids: Collection[int]) -> sa.ColumnElement[bool]:
    """Return whether a row of Subscriber has an active subscription to one of the lists."""
    return sa.exists().where(
        Subscription.subscriber_id == Subscriber.id,
        Subscription.list_id.in_(list_ids),
        Subscription.state == SubscriptionState.active,
    )


def reach(mailing: Mailing) -> Reach:
    """Return how many get the mailing as things stand. Narrowed by segments it looks at each reader of the customer,
    some seconds for a million; raises SegmentLost."""
    if not narrowing.rows_of(mailing.id):
        return Reach(most_recipients(mailing))
    count = _counted(mailing, narrowing.narrowed(mailing.id, mailing.customer_id, clock.now()))
    if count < FEW and narrowing.about_behaviour(mailing.id, mailing.customer_id):
        return Reach(FEW - 1, narrowed=True, told=False)
    return Reach(count, narrowed=True)


def reach_or_most(mailing: Mailing) -> Reach:
    """Return how many get the mailing as things stand, as `reach` does, where counting is quick; where it is not, or a
    segment is gone, the most that can."""
    most = most_recipients(mailing)
    if most <= QUICK:
        with contextlib.suppress(SegmentLost):
            return reach(mailing)
    return Reach(most)


def reach_silent(mailing: Mailing) -> Reach:
    """Return how many of those who got a mailing would get it a second time now; takes as long as `reach`."""
    fitting = fits(earlier.silent_of(mailing.id), mailing.customer_id, clock.now())
    count = _counted(mailing, [fitting])
    return Reach(max(count, FEW - 1), narrowed=True, told=count >= FEW)


def _counted(mailing: Mailing, narrowed: list[sa.ColumnElement[Any]]) -> int:
    lists = [row.id for row in mailing.lists if row.archived_at is None]
    readers = (Subscriber.customer_id == mailing.customer_id, Subscriber.active_count > 0, reads(lists), *narrowed)
    return db.session.scalar(sa.select(sa.func.count()).select_from(Subscriber).where(*readers)) or 0


def on_phones(mailing: Mailing) -> bool:
    """Return whether somebody on its lists reads at a phone carrier's address. Looks at each reader until one is."""
    lists = [row.id for row in mailing.main.lists if row.archived_at is None]
    carriers = [group.value for group in CARRIERS]
    mine = (Subscriber.customer_id == mailing.customer_id, Subscriber.domain_group.in_(carriers), reads(lists))
    return bool(db.session.scalar(sa.select(sa.exists().where(*mine))))


def most_recipients(mailing: Mailing) -> int:
    """Return the most readers that the mailing can go to now, whatever narrows it: a person on several lists gets one.

    Exact for one list; for several it is an upper bound, never above the customer's registered addresses.
    """
    active = [row.active_count for row in mailing.lists if row.archived_at is None]
    if len(active) < 2:
        return sum(active)
    return min(sum(active), counting.registered(mailing.customer_id))


def largest_of_late(customer_id: int) -> int:
    """Return how many the largest of the customer's last mailings went to; 0 before the first."""
    late = (
        sa.select(sa.func.sum(Dispatch.total).label("total"))
        .where(Dispatch.customer_id == customer_id, Dispatch.kind == DispatchKind.bulk, Dispatch.sequence_id.is_(None))
        .group_by(Dispatch.mailing_id)
        .order_by(sa.func.max(Dispatch.id).desc())
        .limit(LATE)
        .subquery()
    )
    return db.session.scalar(sa.select(sa.func.max(late.c.total))) or 0


def unusually_large(count: int, usual: int) -> bool:
    """Return whether so many readers deserve a second look, when the largest of the last mailings had `usual`."""
    return count > TIMES_LARGER * usual if usual else count > LARGE_AT_FIRST
