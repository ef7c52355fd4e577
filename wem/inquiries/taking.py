"""Taking what is written to the help desk: a new thread, or what comes next in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from inscriptis import get_text

from wem import clock
from wem.arriving import ArrivedMail, Fate
from wem.db import db
from wem.delivery.identity import Purpose, read_inquiry_address, read_message_id
from wem.hashing import address_hash
from wem.inquiries import asking, desk_rules, knowing
from wem.inquiries.asking import Said, keys
from wem.inquiries.attaching import Attached
from wem.inquiries.models import Inquiry, InquiryEntry, Origin
from wem.lists.blank_rules import author, automatic, from_program, of_ours, plausible
from wem.lists.rules import Address, read_address
from wem.lists.taking_mail import first_time
from wem.mail_reading import Mail, raw_headers, read_mail
from wem.mailings.reply_rules import automatic_subject, good_message_id, storable
from wem.outbox import OutboxMail
from wem.settings import settings

DAY = timedelta(hours=24)
Headers = dict[str, list[str]]


@dataclass(frozen=True)
class Letter:
    """An arrived mail as the desk reads it."""

    mail: ArrivedMail
    headers: Headers
    writer: Address
    by_machine: bool


def is_for_inquiry(recipient: str) -> bool:
    """Return whether an address takes what comes next in a thread."""
    return read_inquiry_address(recipient, keys()) is not None


def take(mail: ArrivedMail, *, known_automatic: bool = False) -> Fate:
    """Make a thread of a mail, or add it to its own, with the receipt at its arrival. The caller commits.

    Unrecognised, and so kept for staff: what nobody can be said to have written, machines' mail that belongs to no
    thread, and what one address writes beyond all measure.
    """
    letter = read(mail, known_automatic=known_automatic)
    if letter is None:
        return Fate.unrecognised
    thread = thread_of(letter)
    if thread is None and (letter.by_machine or is_for_inquiry(mail.recipient)):
        return Fate.unrecognised
    if _flooded(letter.writer):
        return Fate.unrecognised
    if not first_time(mail.number):
        return Fate.taken
    if thread is not None:
        asking.ask_again(thread, said_by(letter))
        return Fate.taken
    inquiry = make_thread(letter)
    # To an address that cannot have sent the mail nothing is answered: it would get what somebody else asked for.
    if plausible(letter.writer, mail.sender):
        asking.send_receipt(inquiry, said_by_id(letter))
    return Fate.taken


def read(mail: ArrivedMail, *, known_automatic: bool = False) -> Letter | None:
    """Return the mail as a letter; None when nobody but ourselves or no one can have written it."""
    headers = raw_headers(mail.raw)
    writer = author(headers) or _address(mail.sender or "")
    if writer is None or of_ours(writer.domain, (settings().SERVICE_DOMAIN.lower(), settings().bounce_domain.lower())):
        return None
    subject = _subject(read_mail(mail.raw))
    by_machine = (
        known_automatic
        or mail.sender == ""
        or automatic(headers)
        or automatic_subject(subject)
        or from_program(writer.address.rpartition("@")[0])
    )
    return Letter(mail, headers, writer, by_machine)


def make_thread(letter: Letter, origin: Origin | None = None) -> Inquiry:
    """Begin a thread with a mail; an address of one customer ties it to that customer."""
    whose = knowing.known(letter.writer)
    read_ = read_mail(letter.mail.raw)
    at_course_change = letter.mail.recipient == settings().COURSE_CHANGE_EMAIL.lower()
    return asking.begin(
        origin or (Origin.course_change if at_course_change else Origin.help_desk),
        _subject(read_),
        said_by(letter, read_),
        writer=whose.writer,
        customer_id=whose.customer_id,
        account_id=whose.account_id,
        name=whose.name,
        address=letter.writer.address,
    )


def thread_of(letter: Letter) -> Inquiry | None:
    """Return the thread that a mail belongs to, with its row held.

    By the address that answers go to; else by References, if the writer is of the thread: Message-IDs are forwarded.
    """
    number = read_inquiry_address(letter.mail.recipient, keys())
    if number is not None:
        return _held(number)
    for each in desk_rules.message_ids(_first(letter, "in-reply-to"), _first(letter, "references")):
        found = _named_by(each)
        if found is not None and _of_thread(letter.writer, found):
            return _held(found.id)
    return None


def _named_by(message_id: str) -> Inquiry | None:
    ours = read_message_id(message_id, keys(), Purpose.system_message)
    if ours is not None:
        about = db.session.scalar(sa.select(OutboxMail.about).where(OutboxMail.id == ours[0])) or ""
        word, _, number = about.partition(" ")
        return db.session.get(Inquiry, int(number)) if word == "inquiry" and number.isdigit() else None
    return db.session.scalar(
        sa.select(Inquiry)
        .join(InquiryEntry, InquiryEntry.inquiry_id == Inquiry.id)
        .where(InquiryEntry.message_id == message_id)
        .order_by(Inquiry.id.desc())
        .limit(1)
    )


def _of_thread(writer: Address, inquiry: Inquiry) -> bool:
    if inquiry.address_hash == address_hash(writer.address.lower()):
        return True
    return inquiry.customer_id is not None and knowing.registered(inquiry.customer_id, writer.address)


def _held(number: int) -> Inquiry | None:
    return db.session.get(Inquiry, number, with_for_update=True, populate_existing=True)


def said_by(letter: Letter, read_: Mail | None = None) -> Said:
    """Return what a mail says: its text, its files, when it arrived."""
    read_ = read_ or read_mail(letter.mail.raw)
    text = storable(read_.text or (get_text(read_.html) if read_.html.strip() else "")).strip()
    return Said(
        text="".join(each for each in text if each in "\n\t" or each.isprintable() or each == "\u3000"),
        at=letter.mail.received_at,
        files=[Attached(part.name, part.content) for part in read_.parts],
        most_files=desk_rules.MOST_MAIL_FILES,
        address=letter.writer.address,
        message_id=said_by_id(letter),
        inbound_id=letter.mail.number,
        automatic=letter.by_machine,
    )


def said_by_id(letter: Letter) -> str:
    """Return the mail's Message-ID where it can stand in a header of ours."""
    found = _first(letter, "message-id")[:250]
    return found if good_message_id(found) else ""


def _subject(read_: Mail) -> str:
    found = next((value for name, value in read_.headers if name.lower() == "subject"), "")
    return storable(" ".join(found.split()))[:200]


def _first(letter: Letter, name: str) -> str:
    return next(iter(letter.headers.get(name, ())), "").strip()


def _flooded(writer: Address) -> bool:
    since = clock.now() - DAY
    mails = sa.select(sa.func.count()).where(
        InquiryEntry.inquiry_id == Inquiry.id,
        Inquiry.address_hash == address_hash(writer.address.lower()),
        InquiryEntry.inbound_id.is_not(None),
        InquiryEntry.at > since,
    )
    return (db.session.scalar(mails) or 0) >= desk_rules.MOST_MAILS_A_DAY


def _address(text: str) -> Address | None:
    found = read_address(text)
    return found if isinstance(found, Address) else None
