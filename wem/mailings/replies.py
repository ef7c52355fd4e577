"""Taking what readers reply to a mailing (`r.<id>@`): kept for the customer with every address masked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from inscriptis import get_text

from wem import clock, vault
from wem.arriving import ArrivedMail, Fate
from wem.db import db
from wem.delivery.identity import IdentityKeys, Purpose, identity_keys, read_reply_address
from wem.delivery.models import Delivery, Dispatch
from wem.hashing import address_hash
from wem.lists import preferences
from wem.lists.blank_rules import author, automatic, of_ours
from wem.lists.rules import Address, read_address
from wem.lists.subscription_models import Subscriber
from wem.lists.taking_mail import first_time
from wem.mail_reading import Mail, raw_headers, read_header, read_mail
from wem.mailings import reply_rules
from wem.mailings.models import Mailing
from wem.mailings.reply_models import Conversation, ConversationMail, ConversationState
from wem.notices import masking_rules
from wem.settings import settings

DAY = timedelta(hours=24)
MOST_FILES = 50


@dataclass(frozen=True)
class Replying:
    """Who replies to what."""

    dispatch_id: int
    seq: int
    mailing: Mailing
    reader: Subscriber | None
    address: Address


def take_reply(mail: ArrivedMail, *, known_automatic: bool = False) -> Fate:
    """Keep a reader's reply, or what comes next in a conversation. The caller commits.

    `known_automatic`: an automatic answer by more than its headers; those are kept apart, and never answered by us.
    Unrecognised: an address that we did not make, a mail whose records are gone, and what one person writes beyond
    all measure.
    """
    found = read_reply_address(mail.recipient, keys())
    delivery = _delivery_of(found) if found else None
    if delivery is None:
        return Fate.unrecognised
    headers = raw_headers(mail.raw)
    if "report" in next(iter(headers.get("content-type", ())), "").lower().partition(";")[0]:
        return Fate.ignored
    writer = author(headers) or _address(mail.sender or "")
    mailing = db.session.get(Mailing, delivery.mailing_id)
    if writer is None or mailing is None:
        return Fate.unrecognised
    if of_ours(writer.domain, (settings().SERVICE_DOMAIN.lower(), settings().bounce_domain.lower())):
        return Fate.ignored
    reader = preferences.reader_of(delivery.subscriber_id)
    replying = Replying(delivery.dispatch_id, delivery.seq, mailing, reader, writer)
    known = conversation_of(replying)
    # Staff have it routed anew when the day is over; taken once, it is not taken again.
    if known is not None and _flooded(known):
        return Fate.unrecognised
    if not first_time(mail.number):
        return Fate.taken
    by_machine = mail.sender == "" or automatic(headers)
    _keep(
        mail, replying, known, certain=by_machine, by_machine=by_machine or known_automatic or _by_its_subject(headers)
    )
    return Fate.taken


def keys() -> IdentityKeys:
    """Return the keys of the addresses for replies."""
    return identity_keys(settings().SECRET_KEY, settings().SECRET_KEY_PREVIOUS or None)


def conversation_of(replying: Replying) -> Conversation | None:
    """Return this person's conversation about this mail."""
    return db.session.scalar(
        sa.select(Conversation)
        .where(
            Conversation.dispatch_id == replying.dispatch_id,
            Conversation.seq == replying.seq,
            Conversation.address_hash == address_hash(replying.address.key),
        )
        .with_for_update()
    )


@dataclass(frozen=True)
class _Named:
    dispatch_id: int
    seq: int
    subscriber_id: int
    mailing_id: int


def _delivery_of(found: tuple[Purpose, int, int]) -> _Named | None:
    """Return the delivery that an address names, by itself or by its conversation; None when it is gone."""
    purpose, number, seq = found
    if purpose is Purpose.conversation:
        known = db.session.get(Conversation, number)
        if known is None:
            return None
        return _Named(known.dispatch_id, known.seq, known.subscriber_id or 0, known.mailing_id)
    row = db.session.execute(
        sa.select(Delivery.subscriber_id, Dispatch.mailing_id)
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .where(Delivery.dispatch_id == number, Delivery.seq == seq)
    ).one_or_none()
    return _Named(number, seq, row.subscriber_id, row.mailing_id) if row else None


def _by_its_subject(headers: dict[str, list[str]]) -> bool:
    return reply_rules.automatic_subject(read_header(next(iter(headers.get("subject", ())), "")))


def _keep(
    mail: ArrivedMail, replying: Replying, known: Conversation | None, *, certain: bool, by_machine: bool
) -> None:
    """Keep it; words alone make no machine of somebody who wants no more mails (`certain`: headers say so)."""
    read = read_mail(mail.raw)
    hide = {replying.address.address, *([replying.reader.address] if replying.reader else [])}
    text = reply_rules.storable(read.text or _from_html(read.html)).strip()[: reply_rules.MOST_TEXT]
    subject = _line(_header(read, "subject"))
    shown, shown_subject = masking_rules.masked(text, hide), masking_rules.masked(subject, hide)[:400]
    asks = not certain and reply_rules.asks_to_stop(subject, text)
    by_machine = by_machine and not asks
    conversation = known or Conversation(
        customer_id=replying.mailing.customer_id,
        mailing_id=replying.mailing.id,
        dispatch_id=replying.dispatch_id,
        seq=replying.seq,
        subscriber_id=replying.reader.id if replying.reader else None,
        address=replying.address.address,
        address_hash=address_hash(replying.address.key),
        automatic=True,
        unread=False,
        subject=shown_subject,
        created_at=mail.received_at,
    )
    conversation.last_at = clock.now()
    if not by_machine:
        conversation.automatic, conversation.unread = False, True
        conversation.state = ConversationState.open
        conversation.asks_to_stop = conversation.asks_to_stop or asks
        conversation.subject = shown_subject
    db.session.add(conversation)
    db.session.flush()
    kept = ConversationMail(
        conversation_id=conversation.id,
        at=mail.received_at,
        automatic=by_machine,
        subject=shown_subject,
        text=shown,
        sealed=None if shown == text else vault.seal(text.encode(), "reply", conversation.customer_id),
        files=_files(read, hide),
        message_id=_line(_header(read, "message-id"))[:250],
    )
    db.session.add(kept)
    db.session.flush()
    conversation.newest = kept.id


def _header(read: Mail, wanted: str) -> str:
    return next((value for name, value in read.headers if name.lower() == wanted), "")


def _files(read: Mail, hide: Collection[str]) -> list[dict[str, object]]:
    return [
        {"name": masking_rules.masked(_line(part.name), hide)[:200], "size": len(part.content)}
        for part in read.parts[:MOST_FILES]
    ]


def _flooded(conversation: Conversation) -> bool:
    since = clock.now() - DAY
    mails = sa.select(sa.func.count()).where(
        ConversationMail.conversation_id == conversation.id,
        ConversationMail.account_id.is_(None),
        ConversationMail.at > since,
    )
    return (db.session.scalar(mails) or 0) >= reply_rules.MOST_MAILS_A_DAY


def _from_html(html: str) -> str:
    return get_text(html) if html.strip() else ""


def _line(text: str) -> str:
    return reply_rules.storable(" ".join(text.split()))


def _address(text: str) -> Address | None:
    found = read_address(text)
    return found if isinstance(found, Address) else None
