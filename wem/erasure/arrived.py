"""Arrived mail of a customer's readers: by the address that it came to, else by the addresses that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from wem import clock, outbox, storage
from wem.accounts import page_names
from wem.accounts.models import Customer
from wem.bounces.address_rules import addresses_in
from wem.db import db
from wem.delivery.identity import (
    IdentityKeys,
    Purpose,
    identity_keys,
    read_reply_address,
    read_return_path,
    read_unsubscribe_address,
)
from wem.delivery.models import Dispatch
from wem.erasure.models import Erasure
from wem.inbound import erasing, keeping
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState, Route
from wem.inquiries.models import Inquiry, InquiryEntry, InquiryFile
from wem.inquiries.state_rules import InquiryState
from wem.lists import blank_addresses
from wem.lists.address_rules import Address, read_address
from wem.lists.subscription_models import Subscriber
from wem.mail_reading import raw_headers, read_mail
from wem.mailings.reply_models import Conversation
from wem.outbox import OutboxMail
from wem.settings import settings

AT_ONCE = 50
MOST_ADDRESSES = 500
MOST_BYTES = 200_000  # of a part that is no text
# What somebody wrote to the help desk itself is an inquiry, or waits for staff (product.md 7: nothing goes unread).
NOT_THEIRS = (Route.help_desk, Route.course_change)


def portions(erasure: Erasure) -> Iterator[int]:
    """Erase arrived mails of the customer's readers, the oldest first; yields how many where the caller commits."""
    keys = identity_keys(settings().SECRET_KEY, settings().SECRET_KEY_PREVIOUS or None)
    while True:
        found = db.session.scalars(
            sa.select(InboundMail)
            .where(InboundMail.id > erasure.cursor, InboundMail.route.not_in(NOT_THEIRS))
            .order_by(InboundMail.id)
            .limit(AT_ONCE)
        ).all()
        if not found:
            return
        # What somebody has in hand is looked at when that is over, and so is what stands behind it.
        free = list(takewhile(lambda mail: not _in_hand(mail), found))
        if not free:
            return
        erasure.cursor = free[-1].id
        theirs = [mail for mail in free if of_customer(mail, erasure.customer_id, keys)]
        yield erasing.erase(theirs) if theirs else 0


def waits(erasure: Erasure) -> bool:
    """Return whether mails are left that a worker has in hand: the phase is not over before they were looked at."""
    left = sa.select(InboundMail).where(InboundMail.id > erasure.cursor, InboundMail.route.not_in(NOT_THEIRS))
    mail = db.session.scalar(left.order_by(InboundMail.id).limit(1))
    return mail is not None and _in_hand(mail)


def _in_hand(mail: InboundMail) -> bool:
    return mail.lease_until is not None and mail.lease_until > clock.now()


def of_customer(mail: InboundMail, customer_id: int, keys: IdentityKeys) -> bool:
    """Return whether a mail came for a customer's readers, or speaks of a reader that is this customer's alone."""
    known, owner = _owner(mail.recipient, keys)
    if known:
        return owner == customer_id
    if mail.state is InboundState.kept:
        return False
    return _speaks_of(mail, customer_id)


def _owner(recipient: str, keys: IdentityKeys) -> tuple[bool, int | None]:
    """Return whether an address tells whose it is, and whose."""
    if path := read_return_path(recipient, keys):
        purpose, number, _ = path
        return _row(Dispatch if purpose is Purpose.bounce else OutboxMail, number)
    if reply := read_reply_address(recipient, keys):
        purpose, number, _ = reply
        return _row(Conversation if purpose is Purpose.conversation else Dispatch, number)
    if stop := read_unsubscribe_address(recipient, keys):
        return _row(Dispatch, stop[0])
    local, _, domain = recipient.lower().rpartition("@")
    if domain != settings().SERVICE_DOMAIN.lower():
        return False, None
    lent = blank_addresses.found(local)
    if lent is not None:
        return True, lent.mailing_list.customer_id
    owner = page_names.holder(local)
    return owner is not None, owner


def _row(model: Any, number: int) -> tuple[bool, int | None]:
    row = db.session.get(model, number)
    return row is not None and row.customer_id is not None, row.customer_id if row else None


def _speaks_of(mail: InboundMail, customer_id: int) -> bool:
    raw = keeping.raw_of(mail)
    if raw is None:
        return False
    read = read_mail(raw)
    words = [mail.sender or "", *(value for values in raw_headers(raw).values() for value in values)]
    words += [*read.text.splitlines(), *read.html.splitlines()]
    # Reports of bounces have the address in a part of their own.
    words += [line for part in read.parts for line in part.content[:MOST_BYTES].decode("latin-1").splitlines()]
    keys = {
        address.key
        for line in words
        for found in addresses_in(line)
        if isinstance(address := read_address(found), Address)
    }
    return _theirs_alone(sorted(keys)[:MOST_ADDRESSES], customer_id)


def _theirs_alone(keys: list[str], customer_id: int) -> bool:
    """Return whether one of these is a reader of the customer, and none of them one of another customer."""
    mine = sa.select(Subscriber.id).where(Subscriber.customer_id == customer_id, Subscriber.address_key.in_(keys))
    if not keys or db.session.scalar(mine.limit(1)) is None:
        return False
    # By customer: that is how readers are indexed.
    others = sa.select(Subscriber.id).join(Customer, Customer.id == Subscriber.customer_id)
    others = others.where(Customer.id != customer_id, Subscriber.address_key.in_(keys))
    return db.session.scalar(others.limit(1)) is None


def loose_inquiries(customer_id: int) -> Iterator[int]:
    """Delete what the customer's readers once asked the help desk, where it is closed and they are nobody else's
    readers; yields how many where the caller commits. What waits for an answer is answered first.
    """
    last = 0
    while True:
        found = db.session.scalars(
            sa.select(Inquiry)
            .where(Inquiry.customer_id.is_(None), Inquiry.state == InquiryState.closed, Inquiry.id > last)
            .order_by(Inquiry.id)
            .limit(AT_ONCE)
        ).all()
        if not found:
            return
        last = found[-1].id
        theirs = [
            row.id
            for row in found
            if isinstance(address := read_address(row.address), Address) and _theirs_alone([address.key], customer_id)
        ]
        if theirs:
            _delete(theirs)
            yield len(theirs)


def _delete(inquiry_ids: list[int]) -> None:
    files = sa.select(InquiryFile.key).join(InquiryEntry, InquiryEntry.id == InquiryFile.entry_id)
    for key in db.session.scalars(files.where(InquiryEntry.inquiry_id.in_(inquiry_ids))).all():
        storage.erase(key)
    for id in inquiry_ids:
        outbox.take_back(f"inquiry {id}")
    db.session.execute(
        sa.delete(Inquiry).where(Inquiry.id.in_(inquiry_ids)).execution_options(synchronize_session=False)
    )
