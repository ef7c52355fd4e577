"""A thread begins, or goes on: by the form, by mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wem import audit, clock, outbox
from wem.accounts.models import Account, Customer
from wem.db import db
from wem.delivery.identity import IdentityKeys, Purpose, identity_keys, message_id, reply_address
from wem.hashing import address_hash
from wem.inquiries import desk_rules, emails, hours
from wem.inquiries.attaching import Attached, attach
from wem.inquiries.models import EntryKind, Inquiry, InquiryEntry, Origin, Writer
from wem.inquiries.state_rules import InquiryAction, InquiryState
from wem.outbox import OutboxMail
from wem.settings import settings

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Said:
    """One message: its words, when it came, what came with it."""

    text: str
    at: datetime
    files: Sequence[Attached] = ()
    most_files: int = desk_rules.MOST_FILES
    account_id: int | None = None
    address: str = ""
    message_id: str = ""
    inbound_id: int | None = None
    automatic: bool = False


def keys() -> IdentityKeys:
    """Return the keys of the addresses that answers to a thread go to."""
    return identity_keys(settings().SECRET_KEY, settings().SECRET_KEY_PREVIOUS or None)


def answers_to(inquiry: Inquiry) -> str:
    """Return the address whose mail comes into this thread."""
    return reply_address(inquiry.id, 0, settings().SERVICE_DOMAIN, keys(), Purpose.inquiry)


def ask(
    customer: Customer,
    account: Account,
    subject: str,
    text: str,
    files: Sequence[Attached] = (),
    *,
    confidential: bool = False,
) -> Inquiry:
    """Begin a thread of a person who is signed in. The caller commits."""
    inquiry = begin(
        Origin.portal,
        subject,
        Said(text, clock.now(), files, account_id=account.id),
        writer=Writer.customer,
        customer_id=customer.id,
        account_id=account.id,
        name=account.name,
        address=account.email,
        language=account.language,
        confidential=confidential,
    )
    audit.record("inquiry.ask", by=account.id, customer_id=customer.id, subject=inquiry)
    return inquiry


def begin(origin: Origin, subject: str, said: Said, **values: object) -> Inquiry:
    """Make a thread with its first message; an answer is due so many working days after its receipt."""
    address = str(values.get("address") or "").lower()
    inquiry = Inquiry(
        origin=origin,
        state=InquiryState.received,
        subject=subject[:200],
        address_hash=address_hash(address) if address else None,
        received_at=said.at,
        answer_by=hours.answer_by(said.at),
        last_at=said.at,
        **values,
    )
    db.session.add(inquiry)
    db.session.flush()
    add_entry(inquiry, EntryKind.asked, said)
    return inquiry


def ask_again(inquiry: Inquiry, said: Said) -> InquiryEntry:
    """Add what whoever asked writes further; a closed thread opens again. A machine's words move nothing."""
    if not said.automatic:
        if not inquiry.waits:
            inquiry.answer_by = hours.answer_by(said.at)
        inquiry.move(InquiryAction.ask_again)
    return add_entry(inquiry, EntryKind.asked, said)


def add_entry(inquiry: Inquiry, kind: EntryKind, said: Said) -> InquiryEntry:
    entry = InquiryEntry(
        inquiry_id=inquiry.id,
        kind=kind,
        at=said.at,
        account_id=said.account_id,
        address=said.address,
        automatic=said.automatic,
        text=said.text[: desk_rules.MOST_TEXT],
        message_id=said.message_id,
        inbound_id=said.inbound_id,
        left_out=[],
    )
    db.session.add(entry)
    db.session.flush()
    attach(entry, said.files, said.most_files)
    inquiry.newest, inquiry.last_at = entry.id, clock.now()
    return entry


def send_receipt(inquiry: Inquiry, in_reply_to: str) -> None:
    """Say by mail that the thread is there, once, and to no address that had several today."""
    since = clock.now() - DAY
    today = sa.select(sa.func.count()).where(
        Inquiry.address_hash == inquiry.address_hash, Inquiry.receipt_at > since, Inquiry.id != inquiry.id
    )
    if inquiry.receipt_at or (db.session.scalar(today) or 0) >= desk_rules.MOST_RECEIPTS_A_DAY:
        return
    inquiry.receipt_at = clock.now()
    row = outbox.post(
        emails.receipt(inquiry, answers_to(inquiry), in_reply_to),
        customer_id=inquiry.customer_id,
        about=f"inquiry {inquiry.id}",
    )
    db.session.flush()
    entry = add_entry(inquiry, EntryKind.act, Said("receipt", clock.now(), automatic=True))
    entry.outbox_id, entry.message_id = row.id, message_id_of(row)


def message_id_of(row: OutboxMail) -> str:
    """Return the Message-ID that a mail of the outbox will carry."""
    return message_id(row.id, 0, settings().SERVICE_DOMAIN, keys(), Purpose.system_message)
