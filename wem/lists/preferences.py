"""What a reader does alone: choose lists, change details, move to another address, see what is stored."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem import clock, outbox
from wem.contracts.stop_models import LEFT_BY_US, Stop
from wem.db import db
from wem.hashing import address_hash
from wem.lists import confirming, consent, emails, leaving, links, rationing, registering
from wem.lists.consent import Trace
from wem.lists.models import Field, MailingList
from wem.lists.registering import Registration
from wem.lists.rules import Address, domain_group
from wem.lists.senders import sender_for
from wem.lists.states import ConsentKind, FieldKind, SubscriptionState, SuppressionReason, Way
from wem.lists.subscription_models import EVERY_LIST, AddressChange, MergedReader, Subscriber

CHANGE_LIFETIME = links.CONFIRM_LIFETIME


class Moved(enum.StrEnum):
    """What came of a new address that confirmed."""

    moved = "moved"
    merged = "merged"  # it was a reader of this customer already: now they are one
    gone = "gone"  # expired, or the reader left meanwhile


def reader_of(number: int) -> Subscriber | None:
    """Return the reader that a mailed link names, by an old number too; None when it is gone."""
    reader = db.session.get(Subscriber, number)
    if reader is not None:
        return reader
    return db.session.scalar(
        sa.select(Subscriber)
        .join(
            MergedReader,
            sa.and_(MergedReader.into_id == Subscriber.id, MergedReader.customer_id == Subscriber.customer_id),
        )
        .where(MergedReader.old_id == number)
    )


def offered_lists(customer_id: int) -> Sequence[MailingList]:
    """Return the lists that a reader may join alone: open for sign-up, while the contract permits it."""
    sender = sender_for(customer_id)
    if not sender.open:
        return []
    return db.session.scalars(
        sa.select(MailingList)
        .where(
            MailingList.customer_id == customer_id,
            MailingList.archived_at.is_(None),
            MailingList.sign_up_open.is_(True),
            MailingList.id.not_in(sender.lists_down),
        )
        .order_by(MailingList.id)
    ).all()


def lists_of(subscriber: Subscriber) -> list[MailingList]:
    """Return the lists that the reader is on."""
    return [
        row.mailing_list
        for row in subscriber.subscriptions
        if row.state is SubscriptionState.active and row.mailing_list.archived_at is None
    ]


def change_lists(
    subscriber: Subscriber,
    shown: Collection[int],
    wanted: Collection[int],
    *,
    ip: str | None,
    user_agent: str | None,
    language: str,
) -> tuple[list[int], list[int]]:
    """Of the lists that were shown, have the reader on those wanted; returns (joined, left).

    The address is proven: no second confirmation. The reader is erased when no list is left. The caller commits.
    """
    held = registering.hold(subscriber.id)
    if held is None:
        return [], []
    trace = Trace(ip, user_agent)
    offered = {row.id: row for row in offered_lists(held.customer_id)}
    unwanted = [
        list_id for list_id in shown if list_id not in wanted and held.state(list_id) is SubscriptionState.active
    ]
    joined = confirming.join(
        held,
        [offered[list_id] for list_id in shown if list_id in wanted and list_id in offered],
        sender_for(held.customer_id),
        trace=trace,
        language=language,
    )
    left = leaving.leave_held(held, unwanted, SuppressionReason.unsubscribed, trace)
    if left and held.live():
        leaving.tell_stopped(held, left)
    held.settle()
    return joined, left


def change_fields(subscriber: Subscriber, values: Mapping[str, Any], *, ip: str | None, user_agent: str | None) -> bool:
    """Keep the values that the reader gave for these fields (None empties one); returns whether anything changed."""
    held = registering.hold(subscriber.id)
    if held is None:
        return False
    before = held.subscriber.fields
    merged = {**before, **values}
    after = {key: value for key, value in merged.items() if value is not None and value != []}
    if after == before:
        return False
    held.subscriber.fields = after
    _note_changed(held, held.subscriber.address_hash, Trace(ip, user_agent))
    return True


def ask_address_change(subscriber: Subscriber, address: Address, *, language: str) -> None:
    """Mail the new address a link; nothing changes before it is followed, and nothing shows whose the address is."""
    held = registering.hold(subscriber.id)
    if held is None or address.key == held.subscriber.address_key:
        return
    db.session.execute(sa.delete(AddressChange).where(AddressChange.subscriber_id == subscriber.id))
    if not rationing.take_turn(address_hash(address.key)):
        return
    change = AddressChange(
        customer_id=held.customer_id,
        subscriber_id=subscriber.id,
        address=address.address,
        address_key=address.key,
        expires_at=clock.now() + CHANGE_LIFETIME,
    )
    db.session.add(change)
    db.session.flush()
    url = links.address_change_url(change.id, language)
    mail = emails.address_change(address.address, sender_for(held.customer_id), url, language)
    outbox.post(mail, customer_id=held.customer_id, about=f"address change {change.id}")


def move_address(
    change: AddressChange, *, ip: str | None, user_agent: str | None, carry: Callable[[int, int], None]
) -> tuple[Moved, int]:
    """Move the reader to the address that confirmed; returns what came of it and the reader's number now.

    The counts stay as they are; when the address is a reader of the customer already, both become one and the count
    goes down by one. Before that `carry` takes over what else stands under the old number, given it and the new one.
    The caller commits.
    """
    if change.expires_at <= clock.now():
        return Moved.gone, 0
    held, other = _hold_both(change)
    if held is None:
        return Moved.gone, 0
    trace = Trace(ip, user_agent)
    new_hash = address_hash(change.address_key)
    active = [row.list_id for row in held.subscriptions.values() if row.state is SubscriptionState.active]
    _carry_consent(held, new_hash, active, trace)
    _note_changed(held, held.subscriber.address_hash, trace)
    db.session.execute(sa.delete(AddressChange).where(AddressChange.id == change.id))
    if other is not None:
        carry(held.subscriber.id, other.subscriber.id)
        for list_id in active:
            other.put(list_id, SubscriptionState.active, held.subscriptions[list_id].way, expires_at=None)
        confirming.take_over(other, held.subscriber.fields, own=False)
        for list_id in held.live():
            held.end(list_id, SubscriptionState.unsubscribed)
        db.session.add(
            Stop(
                at=clock.now(), customer_id=held.customer_id, subscriber_id=held.subscriber.id, reason=LEFT_BY_US
            )
        )  # fmt: skip
        _note_merged(held.subscriber, other.subscriber)
        registering.settle(other, held)
        return Moved.merged, other.subscriber.id
    reader = held.subscriber
    reader.address, reader.address_key, reader.address_hash = change.address, change.address_key, new_hash
    reader.domain_group = domain_group(change.address.rpartition("@")[2]).value
    db.session.flush()
    return Moved.moved, reader.id


def _hold_both(change: AddressChange) -> tuple[Registration | None, Registration | None]:
    """Hold the reader and, if there is one, the reader of the new address; the lower number first."""
    other_id = db.session.scalar(
        sa.select(Subscriber.id).where(
            Subscriber.customer_id == change.customer_id, Subscriber.address_key == change.address_key
        )
    )
    numbers = sorted({change.subscriber_id, *([other_id] if other_id else [])})
    held = {number: registering.hold(number) for number in numbers}
    return held[change.subscriber_id], held[other_id] if other_id else None


def _note_merged(old: Subscriber, new: Subscriber) -> None:
    """Have the links in mails to the old reader lead to the new one; also those that led to the old one until now."""
    db.session.execute(
        sa.update(MergedReader)
        .where(MergedReader.into_id == old.id)
        .values(into_id=new.id)
        .execution_options(synchronize_session=False)
    )
    db.session.add(MergedReader(old_id=old.id, customer_id=old.customer_id, into_id=new.id, at=clock.now()))


def _carry_consent(held: Registration, new_hash: bytes, list_ids: Sequence[int], trace: Trace) -> None:
    """Note under the new address what it consents to, by the text that the old one was shown; own will clears a no."""
    for list_id in list_ids:
        consent.note(
            ConsentKind.confirmed,
            held.customer_id,
            list_id,
            new_hash,
            way=Way.form,
            trace=trace,
            shown_text_id=consent.text_last_shown(held.customer_id, held.subscriber.address_hash, list_id),
        )
    confirming.clear_no(held.customer_id, new_hash, list_ids)


def _note_changed(held: Registration, hashed: bytes, trace: Trace) -> None:
    consent.note(ConsentKind.changed, held.customer_id, EVERY_LIST, hashed, way=Way.form, trace=trace)


def stored_fields(subscriber: Subscriber) -> list[tuple[str, Any]]:
    """Return the label and value of every field that is stored about the reader; days as dates."""
    fields = db.session.scalars(
        sa.select(Field).where(Field.customer_id == subscriber.customer_id).order_by(Field.position, Field.id)
    )
    return [(field.label, _readable(field, subscriber)) for field in fields if field.key in subscriber.fields]


def _readable(field: Field, subscriber: Subscriber) -> Any:
    value = subscriber.fields[field.key]
    if field.kind is not FieldKind.date or not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value


def list_names(list_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of lists by number, archived ones too."""
    rows = db.session.scalars(sa.select(MailingList).where(MailingList.id.in_(set(list_ids))))
    return {row.id: row.name for row in rows}
