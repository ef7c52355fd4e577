"""How a reader goes: off some lists, off everything, or erased; a keyed hash stays so that no upload brings it back."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from wem import clock, outbox
from wem.contracts.stop_models import LEFT_BY_US, Stop
from wem.db import db, insert_ignoring
from wem.lists import consent, emails, links, registering
from wem.lists.consent import Trace
from wem.lists.models import MailingList
from wem.lists.registering import Registration
from wem.lists.senders import sender_for
from wem.lists.states import ConsentKind, SubscriptionState, SuppressionReason
from wem.lists.subscription_models import EVERY_LIST, AddressChange, Subscriber, Suppression


def leave(
    subscriber: Subscriber,
    list_ids: Collection[int],
    reason: SuppressionReason | None = SuppressionReason.unsubscribed,
    *,
    ip: str | None = None,
    user_agent: str | None = None,
    mailing_id: int | None = None,
    by: int | None = None,
    tell: bool = False,
) -> list[int]:
    """End a reader's subscriptions on these lists; returns those that really ended. The caller commits.

    With the last one, address and fields are erased. Doing it twice does nothing twice. `tell` mails what has stopped
    to who is still on another list; who has left everything gets no mail any more.
    """
    held = registering.hold(subscriber.id)
    if held is None:
        return []
    trace = Trace(ip, user_agent, by, mailing_id)
    ended = leave_held(held, list_ids, reason, trace)
    if ended:
        if tell and held.live():
            tell_stopped(held, ended)
        held.settle()
    return ended


def leave_everything(
    subscriber: Subscriber,
    reason: SuppressionReason = SuppressionReason.everything,
    *,
    ip: str | None = None,
    user_agent: str | None = None,
    mailing_id: int | None = None,
    by: int | None = None,
) -> list[int]:
    """End all of a reader's subscriptions and say no for every list of the customer, also those to come.

    For "everything from this sender", complaints and 自動削除; returns the lists that ended. The reader is erased.
    """
    held = registering.hold(subscriber.id)
    if held is None:
        return []
    trace = Trace(ip, user_agent, by, mailing_id)
    ended = leave_held(held, held.live(), reason, trace)
    suppress(held.customer_id, held.subscriber.address_hash, [EVERY_LIST], reason)
    consent.note(_kind(reason), held.customer_id, EVERY_LIST, held.subscriber.address_hash, trace=trace)
    held.settle()
    return ended


def erase(
    subscriber: Subscriber,
    reason: SuppressionReason | None = SuppressionReason.everything,
    *,
    ip: str | None = None,
    user_agent: str | None = None,
    by: int | None = None,
) -> list[int]:
    """Erase a reader at once: address, fields, subscriptions, waiting mails; returns the lists that ended.

    The person's own "delete me" also says no to everything. With reason None (the customer tidies up) no hash of a
    refusal stays, and the address may come again.
    """
    if reason is not None:
        return leave_everything(subscriber, reason, ip=ip, user_agent=user_agent, by=by)
    held = registering.hold(subscriber.id)
    if held is None:
        return []
    trace = Trace(ip, user_agent, by)
    ended = leave_held(held, held.live(), None, trace)
    held.settle()
    return ended


def leave_held(
    held: Registration, list_ids: Collection[int], reason: SuppressionReason | None, trace: Trace
) -> list[int]:
    """End subscriptions of a reader that is held already; the caller settles."""
    state = SubscriptionState.removed if reason is SuppressionReason.removed else SubscriptionState.unsubscribed
    rows = [held.subscriptions[list_id] for list_id in held.live() if list_id in list_ids]
    mails = {row.list_id: f"subscription {row.id}" for row in rows}
    ended = [row.list_id for row in rows if held.end(row.list_id, state)]
    if not ended:
        return []
    hashed = held.subscriber.address_hash
    for list_id in ended:
        outbox.take_back(mails[list_id])
        consent.note(_kind(reason), held.customer_id, list_id, hashed, trace=trace)
    if reason is not None:
        suppress(held.customer_id, hashed, ended, reason)
    if not held.live():
        _take_back_mails(held.subscriber.id)
    # Senders at work read these by number and drop the reader within a second (delivery.md 13).
    db.session.add(
        Stop(
            at=clock.now(), customer_id=held.customer_id, subscriber_id=held.subscriber.id,
            reason=reason.value if reason else LEFT_BY_US,
        )
    )  # fmt: skip
    return ended


def tell_stopped(held: Registration, ended: Collection[int]) -> None:
    """Mail a reader which lists have stopped."""
    reader = held.subscriber
    names = db.session.scalars(sa.select(MailingList.name).where(MailingList.id.in_(ended)).order_by(MailingList.id))
    url = links.preferences_url(reader.id, reader.language)
    mail = emails.stopped(reader.address, list(names), sender_for(held.customer_id), url, reader.language)
    outbox.post(mail, customer_id=held.customer_id, about=f"subscriber {reader.id}")


def suppress(customer_id: int, hashed: bytes, list_ids: Collection[int], reason: SuppressionReason) -> None:
    """Keep the hash of an address that said no to these lists (0: every list); a no that stands already stays."""
    for list_id in sorted(list_ids):
        db.session.execute(
            insert_ignoring(Suppression).values(
                customer_id=customer_id, address_hash=hashed, list_id=list_id, reason=reason, at=clock.now()
            )
        )


def _take_back_mails(subscriber_id: int) -> None:
    outbox.take_back(f"subscriber {subscriber_id}")
    for change_id in db.session.scalars(
        sa.select(AddressChange.id).where(AddressChange.subscriber_id == subscriber_id)
    ):
        outbox.take_back(f"address change {change_id}")


def _kind(reason: SuppressionReason | None) -> ConsentKind:
    return ConsentKind.removed if reason in (None, SuppressionReason.removed) else ConsentKind.withdrawn
