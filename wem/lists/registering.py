"""One reader's row under lock, its subscriptions moved between states, every count kept exactly."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db, insert_ignoring
from wem.hashing import address_hash
from wem.lists.counting import change_count
from wem.lists.models import MailingList
from wem.lists.rules import Address, domain_group
from wem.lists.states import SubscriptionState, Way
from wem.lists.subscription_models import Subscriber, Subscription

LIVE = (SubscriptionState.pending, SubscriptionState.active)


class Registration:
    """A reader whose row this transaction holds; `settle` writes the counts and erases the reader with the last
    subscription.

    The order of locks is the same everywhere: reader, subscriptions, lists by number, the customer's count.
    """

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        self.customer_id = subscriber.customer_id
        self.erased = False
        self.moves: Counter[tuple[int, SubscriptionState]] = Counter()
        self._read()

    def _read(self) -> None:
        rows = db.session.scalars(
            sa.select(Subscription)
            .where(Subscription.subscriber_id == self.subscriber.id)
            .order_by(Subscription.list_id)
            .execution_options(populate_existing=True)
        )
        self.subscriptions = {row.list_id: row for row in rows}

    def state(self, list_id: int) -> SubscriptionState | None:
        """Return the state on a list; None when there is no subscription."""
        row = self.subscriptions.get(list_id)
        return row.state if row else None

    def live(self) -> list[int]:
        """Return the lists with a pending or active subscription."""
        return [list_id for list_id, row in self.subscriptions.items() if row.state in LIVE]

    def put(self, list_id: int, state: SubscriptionState, way: Way, **values: Any) -> bool:
        """Have the reader on a list in this state, from none or from any other; False when it was so already."""
        values = {"way": way, "upload_id": None, "answers": sa.null(), **_stamps(state), **values}
        if list_id not in self.subscriptions:
            made = db.session.scalar(
                insert_ignoring(Subscription)
                .values(
                    customer_id=self.customer_id,
                    list_id=list_id,
                    subscriber_id=self.subscriber.id,
                    state=state,
                    created_at=clock.now(),
                    **values,
                )
                .returning(Subscription.id)
            )
            self._read()
            if made is not None:
                self.moves[list_id, state] += 1
                return True
        if self.state(list_id) is SubscriptionState.active and state is SubscriptionState.active:
            return False
        return self._move(list_id, state, values)

    def confirm(self, list_id: int) -> bool:
        """Make a pending subscription active; False when it is not pending."""
        if self.state(list_id) is not SubscriptionState.pending:
            return False
        return self._move(
            list_id, SubscriptionState.active, {**_stamps(SubscriptionState.active), "answers": sa.null()}
        )

    def end(self, list_id: int, state: SubscriptionState) -> bool:
        """End a pending or active subscription; False when there is none."""
        row = self.subscriptions.get(list_id)
        if row is None or row.state not in LIVE:
            return False
        return self._move(list_id, state, {"ended_at": clock.now(), "expires_at": None, "answers": sa.null()})

    def _move(self, list_id: int, to: SubscriptionState, values: dict[str, Any]) -> bool:
        row = self.subscriptions[list_id]
        before = row.state
        # Whoever changes many rows at once does not hold the reader: only a row that still is as read counts.
        changed = db.session.execute(
            sa.update(Subscription)
            .where(Subscription.id == row.id, Subscription.state == before)
            .values(state=to, **values)
            .execution_options(synchronize_session=False)
        )
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            self._read()
            return False
        db.session.refresh(row)
        self.moves[list_id, before] -= 1
        self.moves[list_id, to] += 1
        return before is not to

    def settle(self) -> None:
        """Write the counts of what was moved; erase address and fields when no subscription is left."""
        settle(self)

    def count_subscriber(self) -> int:
        """Change the reader's number of active subscriptions; returns by how much the registered addresses change."""
        by = sum(count for (_, state), count in self.moves.items() if state is SubscriptionState.active)
        if by == 0:
            return 0
        db.session.execute(
            sa.update(Subscriber)
            .where(Subscriber.id == self.subscriber.id)
            .values(active_count=Subscriber.active_count + by)
            .execution_options(synchronize_session=False)
        )
        db.session.refresh(self.subscriber, ["active_count"])
        after = self.subscriber.active_count
        return int(after > 0) - int(after - by > 0)

    def erase_when_over(self) -> None:
        """Delete the reader when no pending or active subscription is left."""
        self.erased = delete_if_over([self.subscriber.id]) == 1
        if self.erased:
            for row in self.subscriptions.values():
                db.session.expunge(row)
            db.session.expunge(self.subscriber)
            self.subscriptions = {}


def settle(*held: Registration) -> None:
    """Write the counts that the moves of these readers of one customer bring, together: two that become one never
    stand as three in the month's peak.
    """
    db.session.flush()
    registered = sum(each.count_subscriber() for each in held)
    moves: Counter[tuple[int, SubscriptionState]] = Counter()
    for each in held:
        each.erase_when_over()
        moves.update(each.moves)
        each.moves.clear()
    apply_moves(moves)
    change_count(held[0].customer_id, registered)


def hold(subscriber_id: int) -> Registration | None:
    """Return the reader, held until the end of this transaction; None when it is gone."""
    subscriber = db.session.scalar(
        sa.select(Subscriber)
        .where(Subscriber.id == subscriber_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return Registration(subscriber) if subscriber else None


def hold_or_make(
    customer_id: int, address: Address, language: str, fields: dict[str, Any] | None = None
) -> Registration:
    """Return the customer's reader of this address, held; a new one gets the language and the fields."""
    # A reader whose last subscription ends between the two statements is made again.
    for _ in range(5):
        db.session.execute(
            insert_ignoring(Subscriber).values(
                customer_id=customer_id,
                address=address.address,
                address_key=address.key,
                address_hash=address_hash(address.key),
                domain_group=domain_group(address.domain).value,
                fields=fields or {},
                language=language,
                active_count=0,
                created_at=clock.now(),
            )
        )
        found = db.session.scalar(
            sa.select(Subscriber.id).where(Subscriber.customer_id == customer_id, Subscriber.address_key == address.key)
        )
        registration = hold(found) if found is not None else None
        if registration is not None:
            return registration
    raise RuntimeError("a reader is made and erased at the same time, again and again")


def state_of(customer_id: int, address_key: str, list_id: int) -> SubscriptionState | None:
    """Return the state of an address on a list, without holding it; None when it is not known there."""
    return db.session.scalar(
        sa.select(Subscription.state)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscriber.customer_id == customer_id,
            Subscriber.address_key == address_key,
            Subscription.list_id == list_id,
        )
    )


def apply_moves(moves: Counter[tuple[int, SubscriptionState]]) -> None:
    """Add to each list's counts of active and pending subscriptions what was moved, lists in order of number."""
    for list_id in sorted({list_id for list_id, _ in moves}):
        active, pending = moves[list_id, SubscriptionState.active], moves[list_id, SubscriptionState.pending]
        if active or pending:
            db.session.execute(
                sa.update(MailingList)
                .where(MailingList.id == list_id)
                .values(
                    active_count=MailingList.active_count + active, pending_count=MailingList.pending_count + pending
                )
            )


def delete_if_over(subscriber_ids: list[int]) -> int:
    """Delete those of these readers that have no pending or active subscription; returns how many."""
    left = sa.exists().where(Subscription.subscriber_id == Subscriber.id, Subscription.state.in_(LIVE))
    deleted = db.session.execute(
        sa.delete(Subscriber)
        .where(Subscriber.id.in_(subscriber_ids), ~left)
        .execution_options(synchronize_session=False)
    )
    return int(deleted.rowcount)  # type: ignore[attr-defined]


def _stamps(state: SubscriptionState) -> dict[str, datetime | None]:
    if state is SubscriptionState.active:
        return {"confirmed_at": clock.now(), "expires_at": None, "ended_at": None}
    return {"confirmed_at": None, "ended_at": None}
