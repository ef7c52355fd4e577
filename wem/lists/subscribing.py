"""How a reader comes onto a list: asked or invited, one mail, one button (double opt-in)."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from wem import clock, outbox
from wem.db import db
from wem.hashing import address_hash
from wem.lists import consent, emails, links, rationing, registering
from wem.lists.consent import Trace
from wem.lists.models import MailingList
from wem.lists.notice import notice_for
from wem.lists.registering import Registration
from wem.lists.rules import Address
from wem.lists.senders import Sender, sender_for
from wem.lists.states import ConsentKind, SubscriptionState, Way
from wem.lists.subscription_models import EVERY_LIST, Suppression

PENDING_LIFETIME = links.CONFIRM_LIFETIME


class Asked(enum.StrEnum):
    """What came of a wish. Never shown to who typed the address: the answer is the same for all."""

    confirmation = "confirmation"  # a mail with a link is on its way
    already = "already"  # on the list; a mail says so and shows the way out
    limited = "limited"  # the address had its mails for today
    closed = "closed"  # the contract permits no registering today
    opted_out = "opted_out"  # invitations only: said no before


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
        held.put(row.id, SubscriptionState.pending, way, expires_at=_expiry(), answers=filled_in(fields))
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
    held = registering.hold_or_make(sender.customer_id, address, language, filled_in(fields))
    # Asked again under the lock: the person may have acted since.
    if held.state(mailing_list.id) in registering.LIVE or suppressed(sender.customer_id, hashed, mailing_list.id):
        held.settle()
        return Asked.already
    held.put(
        mailing_list.id, SubscriptionState.pending, Way.invitation, expires_at=_expiry(), answers=filled_in(fields)
    )
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


def _expiry() -> Any:
    return clock.now() + PENDING_LIFETIME


def filled_in(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that say something: an empty field of a form is no answer."""
    return {key: value for key, value in fields.items() if value is not None and value != []}
