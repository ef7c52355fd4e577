"""Signing up and stopping by blank mail (空メール): any mail to a list's dedicated address is answered, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wem import clock, outbox
from wem.arriving import ArrivedMail, Fate
from wem.db import db
from wem.hashing import address_hash
from wem.lists import blank_addresses, blank_emails, consent, leaving, links, rationing, registering
from wem.lists.blank_addresses import Found
from wem.lists.blank_emails import Setting
from wem.lists.blank_mail_models import BlankMail, count
from wem.lists.blank_rules import Order, author, automatic, from_program, of_ours, order_of, plausible, taking
from wem.lists.models import MailingList
from wem.lists.notice import notice_for
from wem.lists.rules import Address
from wem.lists.senders import Sender, sender_for
from wem.lists.states import ConsentKind, SubscriptionState, SuppressionReason, Way
from wem.lists.subscription_models import Subscriber
from wem.lists.taking_mail import first_time
from wem.mail_reading import raw_headers, read_header
from wem.outbox import SystemMail
from wem.settings import settings

LANGUAGE = "ja"


@dataclass(frozen=True)
class Asking:
    """A person's mail to a list: to which one, from which address, and what it is answered with."""

    mailing_list: MailingList
    address: Address
    hashed: bytes
    sender: Sender
    setting: Setting
    message_id: str
    blank: BlankMail


def take(mail: ArrivedMail, *, known_automatic: bool = False) -> Fate:
    """Do what a mail to a dedicated address asks for. The caller commits.

    Unrecognised: the address is lent to nobody, or nobody can tell whom to answer. `known_automatic`: no
    person's, by more than its headers.
    """
    found = blank_addresses.found(mail.recipient.rpartition("@")[0])
    if found is None:
        return Fate.unrecognised
    if found.order is Order.stop:
        return take_stop(mail)
    return take_sign_up(mail, known_automatic=known_automatic)


def take_sign_up(mail: ArrivedMail, *, known_automatic: bool = False) -> Fate:
    """Answer a mail to a list's sign-up address with the link that completes the registration. The caller commits.

    A whole subject of 解除 or 退会 stops instead.
    """
    asking = _asking(mail, known_automatic)
    if isinstance(asking, Fate):
        return asking
    subject = read_header(next(iter(raw_headers(mail.raw).get("subject", ())), ""))
    if order_of(subject) is Order.stop:
        return _stop(asking)
    return _sign_up(asking)


def take_stop(mail: ArrivedMail) -> Fate:
    """End the registration of whoever wrote to a list's way out, at once, and say so. The caller commits.

    Only its headers make a machine's mail of it: people on leave, or who have left a company, want to stop as well.
    """
    asking = _asking(mail, known_automatic=False)
    return asking if isinstance(asking, Fate) else _stop(asking)


def setting_of(mailing_list: MailingList, code: str, sender: Sender, texts: dict[str, Any]) -> Setting:
    """Return what the answers of a list share, with the customer's words as given."""
    way_out = blank_addresses.address_of(code, Order.stop)
    return Setting(mailing_list.name, sender, way_out, LANGUAGE, {key: str(words) for key, words in texts.items()})


def _asking(mail: ArrivedMail, known_automatic: bool) -> Asking | Fate:
    """Return who asks for what; a fate when the mail is not to be answered, or was before."""
    found = blank_addresses.found(mail.recipient.rpartition("@")[0])
    if found is None:
        return Fate.unrecognised
    headers = raw_headers(mail.raw)
    if mail.sender == "" or known_automatic or automatic(headers):
        return Fate.ignored
    address = author(headers)
    if address is None:
        return Fate.unrecognised
    if from_program(address.address.rpartition("@")[0]) or _of_ours(address, mail.sender):
        return Fate.ignored
    if not plausible(address, mail.sender):
        return Fate.unrecognised
    if not first_time(mail.number):
        return Fate.taken
    return _asked(found, address, next(iter(headers.get("message-id", ())), ""))


def _asked(found: Found, address: Address, message_id: str) -> Asking:
    mailing_list = found.mailing_list
    sender = sender_for(mailing_list.customer_id)
    blank = db.session.get_one(BlankMail, mailing_list.id)
    setting = setting_of(mailing_list, found.code, sender, blank.texts)
    count(blank.list_id, "asked")
    return Asking(mailing_list, address, address_hash(address.key), sender, setting, message_id, blank)


def _of_ours(address: Address, sender: str | None) -> bool:
    """Return whether a mail comes from ourselves: answering it would go round in a circle."""
    ours = (settings().SERVICE_DOMAIN.lower(), settings().bounce_domain.lower())
    return of_ours(address.domain, ours) or of_ours((sender or "").rpartition("@")[2].lower(), ours)


def _sign_up(asking: Asking) -> Fate:
    mailing_list, blank = asking.mailing_list, asking.blank
    if not rationing.take_answer(asking.hashed):
        count(blank.list_id, "unanswered")
        return Fate.ignored
    takes = taking(blank.on, blank.opens_at, blank.closes_at, clock.now())
    if not (
        takes
        and asking.sender.takes(mailing_list.id)
        and mailing_list.sign_up_open
        and mailing_list.archived_at is None
    ):
        _answer(asking, blank_emails.closed(asking.address.address, asking.setting))
        return Fate.taken
    held = registering.hold_or_make(mailing_list.customer_id, asking.address, LANGUAGE)
    if held.state(mailing_list.id) is SubscriptionState.active:
        reader = held.subscriber
        preferences = links.preferences_url(reader.id, LANGUAGE)
        _answer(asking, blank_emails.already(reader.address, asking.setting, preferences), f"subscriber {reader.id}")
        return Fate.taken
    until = clock.now() + links.BLANK_MAIL_LIFETIME
    before = held.subscriptions.get(mailing_list.id)
    if before is not None and before.state is SubscriptionState.pending and before.expires_at is not None:
        # The link of a form that was filled in before stays good for as long as its mail says.
        until = max(until, before.expires_at)
    held.put(mailing_list.id, SubscriptionState.pending, Way.blank_mail, expires_at=until)
    notice = notice_for(asking.sender.name, LANGUAGE)
    consent.note(
        ConsentKind.requested,
        mailing_list.customer_id,
        mailing_list.id,
        asking.hashed,
        way=Way.blank_mail,
        shown_text_id=consent.keep_shown_text(mailing_list, asking.sender.name, notice, Way.blank_mail),
    )
    number = held.subscriptions[mailing_list.id].id
    url = links.blank_mail_url(number, LANGUAGE)
    mail = blank_emails.link(asking.address.address, asking.setting, notice.lines, url)
    _answer(asking, mail, f"subscription {number}")
    count(blank.list_id, "invited")
    held.settle()
    return Fate.taken


def _stop(asking: Asking) -> Fate:
    mailing_list = asking.mailing_list
    reader = db.session.scalar(
        sa.select(Subscriber).where(
            Subscriber.customer_id == mailing_list.customer_id, Subscriber.address_key == asking.address.key
        )
    )
    number = reader.id if reader else 0
    ended = leaving.leave(reader, [mailing_list.id]) if reader else []
    if not ended:
        # Said before anybody registered the address: it is not to come by an upload either.
        leaving.suppress(mailing_list.customer_id, asking.hashed, [mailing_list.id], SuppressionReason.unsubscribed)
    else:
        count(asking.blank.list_id, "stopped")
    if not rationing.take_answer(asking.hashed):
        count(asking.blank.list_id, "unanswered")
        return Fate.taken
    rest = db.session.get(Subscriber, number) if number else None
    preferences = links.preferences_url(number, LANGUAGE) if rest else ""
    mail = blank_emails.stopped(asking.address.address, asking.setting, was_on=bool(ended), preferences=preferences)
    _answer(asking, mail)
    return Fate.taken


def _answer(asking: Asking, mail: SystemMail, about: str | None = None) -> None:
    answer = blank_emails.in_answer_to(mail, asking.message_id)
    outbox.post(answer, customer_id=asking.mailing_list.customer_id, about=about)
