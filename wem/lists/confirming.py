"""How a wish comes true: the link followed (double opt-in), or a list chosen by who is known to own the address."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from wem import clock, outbox
from wem.db import db
from wem.lists import blank_confirming as blank_mail
from wem.lists import consent, emails, links, registering, subscribing
from wem.lists.consent import Trace
from wem.lists.models import Field, MailingList
from wem.lists.notice import notice_for
from wem.lists.registering import Registration
from wem.lists.senders import Sender, sender_for
from wem.lists.states import ConsentKind, SubscriptionState, Way
from wem.lists.subscription_models import EVERY_LIST, Subscription, Suppression

# What the person typed, as against what the customer knew.
OWN_WAYS = frozenset({Way.form, Way.embedded, Way.blank_mail})


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
    take_over(held, subscribing.filled_in(fields or {}), own=True)
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
