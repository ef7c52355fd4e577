"""Many subscriptions ended at once: the same traces as when one reader leaves, set by set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from wem import clock
from wem.contracts.stop_models import LEFT_BY_US, Stop
from wem.db import Json, Moment, db, insert_ignoring
from wem.lists.counting import change_count
from wem.lists.registering import LIVE, apply_moves, delete_if_over
from wem.lists.states import ConsentKind, SubscriptionState, SuppressionReason
from wem.lists.subscription_models import AddressChange, ConsentEvent, Subscriber, Subscription, Suppression
from wem.outbox import OutboxMail, OutboxState


@dataclass(frozen=True)
class Ending:
    """Why many end: `reason` None leaves no hash of a refusal, and the address may come again."""

    customer_id: int
    kind: ConsentKind
    reason: SuppressionReason | None
    upload_id: int | None = None
    by: int | None = None


def end_many(subscription_ids: Sequence[int], why: Ending) -> int:
    """End those of these subscriptions (at most some thousands) that live; returns how many. The caller commits.

    Address and fields of a reader go with the last one; counts, proof and stops stand in the same transaction.
    """
    readers = _hold_readers(subscription_ids)
    rows = db.session.execute(
        sa.select(Subscription.id, Subscription.subscriber_id, Subscription.list_id, Subscription.state)
        .where(Subscription.id.in_(subscription_ids), Subscription.state.in_(LIVE))
        .order_by(Subscription.id)
        .with_for_update()
    ).all()
    if not rows:
        return 0
    ids = [row.id for row in rows]
    _take_back([f"subscription {id}" for id in ids])
    _note(ids, why)
    db.session.execute(
        sa.update(Subscription)
        .where(Subscription.id.in_(ids))
        .values(
            state=SubscriptionState.unsubscribed,
            ended_at=clock.now(),
            expires_at=None,
            answers=sa.cast(sa.null(), Json),
        )
        .execution_options(synchronize_session=False)
    )
    fewer = Counter(row.subscriber_id for row in rows if row.state is SubscriptionState.active)
    _lower(fewer)
    left = {row.subscriber_id for row in rows}
    _stop(sorted(left), why)
    over = _over(sorted(left))
    _take_back([f"subscriber {id}" for id in over])
    changes = db.session.scalars(sa.select(AddressChange.id).where(AddressChange.subscriber_id.in_(over)))
    _take_back([f"address change {id}" for id in changes])
    delete_if_over(over)
    moves: Counter[tuple[int, SubscriptionState]] = Counter()
    for row in rows:
        moves[row.list_id, row.state] -= 1
    apply_moves(moves)
    change_count(why.customer_id, -sum(readers.get(id, 0) == number for id, number in fewer.items()))
    return len(rows)


def _hold_readers(subscription_ids: Sequence[int]) -> dict[int, int]:
    """Return the readers' numbers of active subscriptions, the readers being locked in the order of their ids."""
    wanted = sa.select(Subscription.subscriber_id).where(Subscription.id.in_(subscription_ids))
    found = db.session.execute(
        sa.select(Subscriber.id, Subscriber.active_count)
        .where(Subscriber.id.in_(wanted))
        .order_by(Subscriber.id)
        .with_for_update()
    )
    return dict(found.all())


def _note(ids: Sequence[int], why: Ending) -> None:
    rows = (
        sa.select(
            Subscription.customer_id,
            Subscription.list_id,
            Subscriber.address_hash,
            sa.literal(why.kind.value),
            Subscription.way,
            sa.literal(clock.now(), Moment()),
            sa.literal(why.upload_id, sa.Integer),
            sa.literal(why.by, sa.Integer),
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.id.in_(ids))
        .order_by(Subscription.id)
    )
    names = ["customer_id", "list_id", "address_hash", "kind", "way", "at", "upload_id", "account_id"]
    db.session.execute(sa.insert(ConsentEvent).from_select(names, rows))
    if why.reason is None:
        return
    said_no = (
        sa.select(
            Subscription.customer_id,
            Subscriber.address_hash,
            Subscription.list_id,
            sa.literal(why.reason.value),
            sa.literal(clock.now(), Moment()),
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.id.in_(ids))
    )
    names = ["customer_id", "address_hash", "list_id", "reason", "at"]
    db.session.execute(insert_ignoring(Suppression).from_select(names, said_no))


def _lower(fewer: Counter[int]) -> None:
    for number in set(fewer.values()):
        db.session.execute(
            sa.update(Subscriber)
            .where(Subscriber.id.in_([id for id, by in fewer.items() if by == number]))
            .values(active_count=Subscriber.active_count - number)
            .execution_options(synchronize_session=False)
        )


def _stop(readers: Sequence[int], why: Ending) -> None:
    """Senders at work read these by number and drop the readers within a second."""
    said = {"at": clock.now(), "customer_id": why.customer_id, "reason": why.reason.value if why.reason else LEFT_BY_US}
    db.session.connection().execute(sa.insert(Stop), [said | {"subscriber_id": id} for id in readers])


def _over(readers: Sequence[int]) -> list[int]:
    left = sa.exists().where(Subscription.subscriber_id == Subscriber.id, Subscription.state.in_(LIVE))
    return list(db.session.scalars(sa.select(Subscriber.id).where(Subscriber.id.in_(readers), ~left)))


def _take_back(about: Sequence[str]) -> None:
    if about:
        db.session.execute(
            sa.delete(OutboxMail)
            .where(OutboxMail.about.in_(about), OutboxMail.state == OutboxState.waiting)
            .execution_options(synchronize_session=False)
        )
