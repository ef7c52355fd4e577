"""What was asked for and never confirmed is erased after seven days."""

from __future__ import annotations

from collections import Counter, defaultdict

import sqlalchemy as sa

from wem import clock, outbox, queue
from wem.db import db
from wem.lists import consent, rationing, registering
from wem.lists.states import ConsentKind, SubscriptionState
from wem.lists.subscription_models import AddressChange, Subscriber, Subscription

AT_ONCE = 500


def erase_expired_pending(limit: int = AT_ONCE) -> int:
    """Erase up to `limit` pending subscriptions whose time is up, with readers and waiting mails; returns how many.

    The caller commits, and calls again as long as it gets `limit`.
    """
    now = clock.now()
    due = sa.and_(Subscription.state == SubscriptionState.pending, Subscription.expires_at <= now)
    found = db.session.execute(
        sa.select(Subscription.id, Subscription.subscriber_id).where(due).order_by(Subscription.expires_at).limit(limit)
    ).all()
    if not found:
        return 0
    # The readers first, in order, as everywhere: who confirms at this moment waits for us, or we for them.
    readers = {
        row.id: row
        for row in db.session.execute(
            sa.select(Subscriber.id, Subscriber.customer_id, Subscriber.address_hash)
            .where(Subscriber.id.in_({row.subscriber_id for row in found}))
            .order_by(Subscriber.id)
            .with_for_update()
        )
    }
    gone = db.session.execute(
        sa.delete(Subscription)
        .where(Subscription.id.in_([row.id for row in found]), due)
        .returning(Subscription.id, Subscription.list_id, Subscription.subscriber_id, Subscription.way)
        .execution_options(synchronize_session=False)
    ).all()
    moves: dict[int, Counter[tuple[int, SubscriptionState]]] = defaultdict(Counter)
    for row in gone:
        reader = readers[row.subscriber_id]
        consent.note(ConsentKind.expired, reader.customer_id, row.list_id, reader.address_hash, way=row.way)
        moves[reader.customer_id][row.list_id, SubscriptionState.pending] -= 1
        outbox.take_back(f"subscription {row.id}")
    registering.delete_if_over(sorted({row.subscriber_id for row in gone}))
    for customer_id in sorted(moves):
        registering.apply_moves(moves[customer_id])
    db.session.flush()
    db.session.expire_all()
    return len(found)


def end_early(subscription_id: int) -> bool:
    """Let a pending subscription expire now, for its confirmation mail cannot get there; False when it is none.

    It is erased as at its usual end, within minutes.
    """
    ended = db.session.execute(
        sa.update(Subscription)
        .where(Subscription.id == subscription_id, Subscription.state == SubscriptionState.pending)
        .values(expires_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount:  # type: ignore[attr-defined]
        queue.ring(queue.WORK, "wem.lists.jobs.erase_expired")
    return bool(ended.rowcount)  # type: ignore[attr-defined]


def erase_expired_changes(limit: int = AT_ONCE) -> int:
    """Erase up to `limit` wishes for another address that were not confirmed; returns how many. The caller commits."""
    found = db.session.scalars(
        sa.select(AddressChange.id)
        .where(AddressChange.expires_at <= clock.now())
        .order_by(AddressChange.expires_at)
        .limit(limit)
    ).all()
    for number in found:
        outbox.take_back(f"address change {number}")
    db.session.execute(sa.delete(AddressChange).where(AddressChange.id.in_(found)))
    return len(found)


def erase_expired(limit: int = AT_ONCE) -> int:
    """Do one portion of all that expires here; returns how much was done, 0 at the end. The caller commits."""
    return erase_expired_pending(limit) + erase_expired_changes(limit) + rationing.forget_spent(limit)
