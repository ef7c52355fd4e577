"""Removes an address after three failures in a row (自動削除; A-08, articles 12登-3⑤ and 17-5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from wem import clock
from wem.bounces.counting_rules import Failed, Verdict, judged
from wem.bounces.models import Bounce, Removal, RemovalReview
from wem.db import db, insert_ignoring
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchKind
from wem.lists import leaving
from wem.lists.states import SuppressionReason
from wem.lists.subscription_models import Subscriber
from wem.settings import settings


class Mail(Protocol):
    """A mail that failed, as far as its reader is concerned."""

    @property
    def subscriber_id(self) -> int: ...
    @property
    def address_hash(self) -> bytes: ...


def judge(mails: Sequence[Mail]) -> int:
    """Look at the readers of mails that have just failed, and remove those at their third; returns how many.

    A reader who has moved to another address since, or who came back after a removal, is another one: the failures of
    the old address do not concern them.
    """
    # Held, so that two reports at the same moment see each other.
    readers = db.session.execute(
        sa.select(Subscriber.id, Subscriber.customer_id, Subscriber.address_hash)
        .where(Subscriber.id.in_({each.subscriber_id for each in mails}))
        .order_by(Subscriber.id)
        .with_for_update()
    ).all()
    failed = {(each.subscriber_id, each.address_hash) for each in mails}
    by_customer: dict[int, dict[int, bytes]] = defaultdict(dict)
    for reader in readers:
        if (reader.id, reader.address_hash) in failed:
            by_customer[reader.customer_id][reader.id] = reader.address_hash
    return sum(_judge(customer_id, by_customer[customer_id]) for customer_id in sorted(by_customer))


def _judge(customer_id: int, readers: dict[int, bytes]) -> int:
    removed = 0
    for subscriber_id, failures in sorted(_failures(customer_id, readers).items()):
        # The rest asks about what was accepted meanwhile, and most addresses fail for the first time.
        if len({each.mailing_id for each in failures}) >= 3:
            removed += _settle(customer_id, subscriber_id, failures)
    return removed


def _failures(customer_id: int, readers: dict[int, bytes]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(
        sa.select(Bounce.subscriber_id, Bounce.mailing_id, Bounce.sent_at, Bounce.at, Bounce.reason, Bounce.status)
        .where(Bounce.customer_id == customer_id, Bounce.address_hash.in_(set(readers.values())), Bounce.counts)
        .order_by(Bounce.sent_at, Bounce.id)
    ):
        if row.subscriber_id in readers:
            found[row.subscriber_id].append(row)
    return found


def _settle(customer_id: int, subscriber_id: int, failures: list[Any]) -> int:
    verdict = _verdict(customer_id, subscriber_id, failures)
    db.session.execute(sa.delete(RemovalReview).where(RemovalReview.subscriber_id == subscriber_id))
    if verdict.look_again_at is not None:
        db.session.execute(
            insert_ignoring(RemovalReview).values(
                subscriber_id=subscriber_id, customer_id=customer_id, due_at=verdict.look_again_at
            )
        )
    if not verdict.remove:
        return 0
    subscriber = db.session.get_one(Subscriber, subscriber_id, populate_existing=True)
    hashed, last = subscriber.address_hash, failures[-1]
    ended = leaving.leave_everything(subscriber, SuppressionReason.removed, mailing_id=last.mailing_id)
    db.session.add(
        Removal(
            customer_id=customer_id,
            address_hash=hashed,
            subscriber_id=subscriber_id,
            at=clock.now(),
            failures=[_told(each) for each in failures],
            lists=ended,
            cumulative=cumulative(),
        )
    )
    return 1


def _told(failure: Any) -> dict[str, Any]:
    return {
        "mailing": failure.mailing_id,
        "sent": failure.sent_at.isoformat(),
        "at": failure.at.isoformat(),
        "reason": failure.reason.value,
        "status": failure.status,
    }


def _verdict(customer_id: int, subscriber_id: int, failures: list[Any]) -> Verdict:
    failed = [Failed(each.mailing_id, each.sent_at) for each in failures]
    since = min(each.sent_at for each in failed)
    accepted = accepted_since(customer_id, subscriber_id, since)
    return judged(failed, accepted, clock.now(), settling(), cumulative())


def accepted_since(customer_id: int, subscriber_id: int, since: datetime) -> Collection[datetime]:
    """Return when mails of the customer's mailings to a reader were accepted after a moment, and did not come back.

    One look into the index for each mailing since then: nothing is kept per accepted mail.
    """
    dispatches = sa.select(Dispatch.id).where(
        Dispatch.customer_id == customer_id,
        Dispatch.kind == DispatchKind.bulk,
        sa.or_(Dispatch.finished_at.is_(None), Dispatch.finished_at >= since),
    )
    times = db.session.scalars(
        sa.select(Delivery.at).where(
            Delivery.dispatch_id.in_(dispatches),
            Delivery.subscriber_id == subscriber_id,
            Delivery.state == DeliveryState.accepted,
            Delivery.at > since,
        )
    )
    return [each for each in times if each is not None]


def standing(reader: Subscriber) -> Verdict:
    """Return how many mailings to this reader failed in a row, as of now."""
    failures = _failures(reader.customer_id, {reader.id: reader.address_hash}).get(reader.id, [])
    return _verdict(reader.customer_id, reader.id, failures) if failures else Verdict(0)


def review_due(limit: int = 200) -> int:
    """Look again at addresses with a mail that may have come back meanwhile; returns how many. The caller commits."""
    due = db.session.scalars(
        sa.select(RemovalReview.subscriber_id)
        .where(RemovalReview.due_at <= clock.now())
        .order_by(RemovalReview.due_at)
        .limit(limit)
    ).all()
    readers = db.session.execute(
        sa.select(Subscriber.id, Subscriber.customer_id, Subscriber.address_hash)
        .where(Subscriber.id.in_(due))
        .order_by(Subscriber.id)
        .with_for_update()
    ).all()
    db.session.execute(sa.delete(RemovalReview).where(RemovalReview.subscriber_id.in_(due)))
    for reader in readers:
        _judge(reader.customer_id, {reader.id: reader.address_hash})
    return len(due)


def settling() -> timedelta:
    """Return how long a mail is out before it counts as a success."""
    return timedelta(hours=int(settings().BOUNCE_SETTLING_HOURS))


def cumulative() -> bool:
    """Return whether failures add up without any success ending the row."""
    return settings().BOUNCE_CUMULATIVE == "1"
