"""How a reader comes onto a list: asked or invited, one mail, one button (double opt-in)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from wem import clock, outbox
from wem.db import db
from wem.hashing import address_hash
from wem.lists import blank_confirming as blank_mail
from wem.lists import consent, emails, links, rationing, registering
from wem.lists.consent import Trace
from wem.lists.models import EVERY_LIST, Field, MailingList, Subscription, Suppression
from wem.lists.notice import notice_for
from wem.lists.registering import Registration
from wem.lists.rules import Address
from wem.lists.senders import Sender, sender_for
from wem.lists.states import ConsentKind, SubscriptionState, Way

PENDING_LIFETIME = links.CONFIRM_LIFETIME
# What the person typed, as against what the customer knew.
OWN_WAYS = frozenset({Way.form, Way.embedded, Way.blank_mail})


class Asked(enum.StrEnum):
    """What came of a wish. Never shown to who typed the address: the answer is the same for all."""

    confirmation = "confirmation"  # a mail with a link is on its way
    already = "already"  # on the list; a mail says so and shows the way out
    limited = "limited"  # the address had its mails for today
    closed = "closed"  # the contract permits no registering today
    opted_out = "opted_out"  # invitations only: said no before


class Outcome(enum.StrEnum):
    """What came of a link that was followed."""

    confirmed = "confirmed"
    already = "already"
    gone = "gone"  # expired, left or erased since
    closed = "closed"  # the contract permits no registering today; stays pending


@dataclass(frozen=True)
class Confirmation:
    """Outcome, and the lists that the reader is on now by this link."""

    outcome: Outcome
    subscriber_id: int = 0
    lists: list[MailingList] = field(default_factory=list)


def request(
    mailing_list: MailingList,
    address: Address,
    *,
    way: Way,
    fields: Mapping[str, Any],
    ip: str | None = None,
    user_agent: str | None = None,
    language: str = "ja",
) -> Asked:
    """Note a person's wish to be on a list and mail the link that confirms it; the caller commits."""
    return request_several(
        [mailing_list], address, way=way, fields=fields, ip=ip, user_agent=user_agent, language=language
    )


def request_several(
    lists: Sequence[MailingList],
    address: Address,
    *,
    way: Way,
    fields: Mapping[str, Any],
    labels: Mapping[int, Sequence[str]] | None = None,
    ip: str | None = None,
    user_agent: str | None = None,
    language: str = "ja",
) -> Asked:
    """Note a person's wish to be on several lists of one customer: one mail, one link.

    `fields` are values by key, kept aside until the link is followed; `labels` are those that the form showed, by list.
    """
    sender = sender_for(lists[0].customer_id)
    lists = [row for row in lists if sender.takes(row.id)]
    if not lists:
        return Asked.closed
    hashed = address_hash(address.key)
    turns = rationing.take_turns(hashed, [row.id for row in lists])
    lists = sorted((row for row in lists if row.id in turns), key=lambda row: row.id)
    if not lists:
        return Asked.limited
    held = registering.hold_or_make(sender.customer_id, address, language)
    wanted = [row for row in lists if held.state(row.id) is not SubscriptionState.active]
    if not wanted:
        _tell_already(held, sender, lists, language)
        return Asked.already
    notice = notice_for(sender.name, language)
    for row in wanted:
        held.put(row.id, SubscriptionState.pending, way, expires_at=_expiry(), answers=_given(fields))
        shown = consent.keep_shown_text(row, sender.name, notice, way, (labels or {}).get(row.id, ()))
        consent.note(
            ConsentKind.requested,
            sender.customer_id,
            row.id,
            hashed,
            way=way,
            trace=Trace(ip, user_agent),
            shown_text_id=shown,
        )
    ids = [held.subscriptions[row.id].id for row in wanted]
    mail = emails.confirmation(
        address.address, [row.name for row in wanted], sender, notice.lines, links.confirm_url(ids, language), language
    )
    outbox.post(mail, customer_id=sender.customer_id, about=f"subscription {ids[0]}")
    held.settle()
    return Asked.confirmation


def _tell_already(held: Registration, sender: Sender, lists: Sequence[MailingList], language: str) -> None:
    reader = held.subscriber
    mail = emails.already_registered(
        reader.address,
        [row.name for row in lists],
        sender,
        links.preferences_url(reader.id, language),
        links.leave_url(reader.id, language=language),
        language,
    )
    outbox.post(mail, customer_id=sender.customer_id, about=f"subscriber {reader.id}")


def invite(
    mailing_list: MailingList, address: Address, fields: Mapping[str, Any], *, by: int | None, language: str = "ja"
) -> Asked:
    """Send one address the ad-free mail that asks whether it wants to be on the list; the caller commits.

    Who said no, or was removed, is never asked again by the customer.
    """
    sender = sender_for(mailing_list.customer_id)
    if not sender.takes(mailing_list.id):
        return Asked.closed
    hashed = address_hash(address.key)
    if suppressed(sender.customer_id, hashed, mailing_list.id):
        return Asked.opted_out
    if registering.state_of(sender.customer_id, address.key, mailing_list.id) in registering.LIVE:
        return Asked.already
    if not rationing.take_turns(hashed, [mailing_list.id]):
        return Asked.limited
    held = registering.hold_or_make(sender.customer_id, address, language, _given(fields))
    # Asked again under the lock: the person may have acted since.
    if held.state(mailing_list.id) in registering.LIVE or suppressed(sender.customer_id, hashed, mailing_list.id):
        held.settle()
        return Asked.already
    held.put(mailing_list.id, SubscriptionState.pending, Way.invitation, expires_at=_expiry(), answers=_given(fields))
    notice = notice_for(sender.name, language)
    consent.note(
        ConsentKind.invited,
        sender.customer_id,
        mailing_list.id,
        hashed,
        way=Way.invitation,
        trace=Trace(account_id=by),
        shown_text_id=consent.keep_shown_text(mailing_list, sender.name, notice, Way.invitation),
    )
    subscription_id = held.subscriptions[mailing_list.id].id
    url = links.confirm_url([subscription_id], language)
    mail = emails.invitation(address.address, [mailing_list.name], sender, notice.lines, url, language)
    outbox.post(mail, customer_id=sender.customer_id, about=f"subscription {subscription_id}")
    held.settle()
    return Asked.confirmation


def confirm(
    *subscription_ids: int,
    ip: str | None = None,
    user_agent: str | None = None,
    fields: Mapping[str, Any] | None = None,
    labels: Sequence[str] = (),
) -> Confirmation:
    """Make a reader's pending subscriptions active, by the link that only the reader has; the caller commits.

    Two at once count once. Clears what said no before, for these lists and for the customer: own will (1-4).
    `fields` are values that the page of the link asked for, under these labels.
    """
    found = db.session.scalars(sa.select(Subscription).where(Subscription.id.in_(subscription_ids))).all()
    if not found:
        return Confirmation(Outcome.gone)
    sender = sender_for(found[0].customer_id)
    if not any(sender.takes(row.list_id) for row in found):
        return Confirmation(Outcome.closed, found[0].subscriber_id)
    held = registering.hold(found[0].subscriber_id)
    if held is None:
        return Confirmation(Outcome.gone)
    rows = {row.id: row for row in held.subscriptions.values()}
    asked = [rows[number] for number in subscription_ids if number in rows]
    lists = {row.list_id: db.session.get_one(MailingList, row.list_id) for row in asked}
    now = clock.now()
    ready = [
        row
        for row in asked
        if row.state is SubscriptionState.pending
        and (row.expires_at is None or row.expires_at > now)
        and lists[row.list_id].archived_at is None
        and sender.takes(row.list_id)
    ]
    answers = [(row.way, row.answers) for row in ready]
    confirmed = [row for row in ready if held.confirm(row.list_id)]
    on = [lists[row.list_id] for row in asked if held.state(row.list_id) is SubscriptionState.active]
    if not confirmed:
        return Confirmation(Outcome.already if on else Outcome.gone, held.subscriber.id, on)
    for way, given in answers:
        take_over(held, given or {}, own=way in OWN_WAYS)
    take_over(held, _given(fields or {}), own=True)
    trace = Trace(ip, user_agent)
    for row in confirmed:
        text = consent.text_last_shown(held.customer_id, held.subscriber.address_hash, row.list_id)
        if row.way is Way.blank_mail:
            text = blank_mail.confirmed(lists[row.list_id], sender.name, held.subscriber.language, labels)
        _note_confirmed(held, row.list_id, row.way, trace, text)
    clear_no(held.customer_id, held.subscriber.address_hash, [row.list_id for row in confirmed])
    _tell_registered(held, sender, on)
    held.settle()
    return Confirmation(Outcome.confirmed, held.subscriber.id, on)


def join(held: Registration, lists: Iterable[MailingList], sender: Sender, *, trace: Trace, language: str) -> list[int]:
    """Put a reader, known to own the address, onto further lists at once; returns the lists that are new.

    The caller settles and commits. The proof names the text that stood beside the choice.
    """
    notice = notice_for(sender.name, language)
    joined = []
    for row in sorted(lists, key=lambda each: each.id):
        if not held.put(row.id, SubscriptionState.active, Way.form, expires_at=None):
            continue
        joined.append(row.id)
        _note_confirmed(held, row.id, Way.form, trace, consent.keep_shown_text(row, sender.name, notice, Way.form))
    clear_no(held.customer_id, held.subscriber.address_hash, joined)
    return joined


def suppressed(customer_id: int, hashed: bytes, list_id: int) -> bool:
    """Return whether an address said no to this list, or to everything, or was removed."""
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    Suppression.customer_id == customer_id,
                    Suppression.address_hash == hashed,
                    Suppression.list_id.in_((list_id, EVERY_LIST)),
                )
            )
        )
    )


def clear_no(customer_id: int, hashed: bytes, list_ids: Sequence[int]) -> None:
    """Forget that an address said no to these lists, and to everything: the person came back by own will (1-4)."""
    if list_ids:
        db.session.execute(
            sa.delete(Suppression).where(
                Suppression.customer_id == customer_id,
                Suppression.address_hash == hashed,
                Suppression.list_id.in_((*list_ids, EVERY_LIST)),
            )
        )


def take_over(held: Registration, given: Mapping[str, Any], *, own: bool) -> None:
    """Merge values into the reader's fields: the person's own win, a customer's only fill gaps.

    Values of a field that was deleted meanwhile are left out.
    """
    keys = set(db.session.scalars(sa.select(Field.key).where(Field.customer_id == held.customer_id)))
    given = {key: value for key, value in given.items() if key in keys}
    before = held.subscriber.fields
    held.subscriber.fields = {**before, **given} if own else {**given, **before}


def _note_confirmed(held: Registration, list_id: int, way: Way, trace: Trace, shown_text_id: int | None) -> None:
    consent.note(
        ConsentKind.confirmed,
        held.customer_id,
        list_id,
        held.subscriber.address_hash,
        way=way,
        trace=trace,
        shown_text_id=shown_text_id,
    )


def _tell_registered(held: Registration, sender: Sender, lists: Sequence[MailingList]) -> None:
    reader = held.subscriber
    mail = emails.registered(
        reader.address,
        [row.name for row in lists],
        sender,
        links.preferences_url(reader.id, reader.language),
        links.leave_url(reader.id, language=reader.language),
        reader.language,
    )
    outbox.post(mail, customer_id=held.customer_id, about=f"subscriber {reader.id}")


def _expiry() -> Any:
    return clock.now() + PENDING_LIFETIME


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None and value != []}
