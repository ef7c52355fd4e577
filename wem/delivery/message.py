"""The bytes of one mail to one recipient (RFC 5322), assembled by hand: same input, same bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from wem.delivery.body_coding import iso_2022_jp_lines, text_part, utf8_lines
from wem.delivery.charsets import Charset, charsets_for, takes_html
from wem.delivery.headers import (
    HeaderRefused,
    check_address,
    mailbox_header,
    phrase,
    structured_header,
    text_header,
)
from wem.delivery.segments import lines_fit
from wem.lists.address_rules import mail_domain, wire_address

__all__ = [
    "AUTO_SUBMITTED",
    "Features",
    "HeaderRefused",
    "Mail",
    "Message",
    "NotDeliverable",
    "assemble",
    "deliverable",
    "list_headers",
    "with_files",
]

# RFC 3834: the product's own mails say that a machine wrote them, so that no machine answers.
AUTO_SUBMITTED = (("Auto-Submitted", "auto-generated"),)

LINES = {Charset.utf_8: utf8_lines, Charset.iso_2022_jp: iso_2022_jp_lines}
_OWN = frozenset(
    "date from sender to cc bcc reply-to subject message-id mime-version content-type content-transfer-encoding "
    "return-path received dkim-signature".split()
)
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.=_+-]{1,200}@[A-Za-z0-9.-]{1,253}>")
_URI = re.compile(r"[!-;=?-~]+")


class NotDeliverable(ValueError):
    """The next mail server cannot carry a mail to this address; the address itself is not at fault."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the next mail server offers: 8BITMIME (RFC 6152) and SMTPUTF8 (RFC 6531)."""

    eight_bit: bool = True
    utf8: bool = False


class Mail(NamedTuple):
    """A mail ready to be signed and handed over: CRLF lines, not dot-stuffed. `utf8`: it needs SMTPUTF8."""

    envelope_from: str
    envelope_to: str
    data: bytes
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One mail to one recipient, with its texts rendered. Addresses are in wire form."""

    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    message_id: str
    date: datetime
    html: str | None = None
    reply_to: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())
    language: str = ""
    files: tuple[tuple[str, bytes], ...] = ()  # attached: (name, content)


def assemble(message: Message, features: Features = Features(eight_bit=False)) -> bytes:
    """Return the mail: headers and body with CRLF only, lines of at most 998 octets; for phones in ISO-2022-JP.

    Raises HeaderRefused for a control character, an address that is not exactly one, or a header that is ours.
    """
    if message.date.tzinfo is None:
        raise ValueError("the date needs a time zone")
    if not _MESSAGE_ID.fullmatch(message.message_id):
        raise HeaderRefused("Message-ID", "is not one message id")
    check_address("To", message.recipient, features.utf8)
    domain = message.recipient.rpartition("@")[2]
    for charset in charsets_for(domain):
        try:
            text = LINES[charset](message.text)
            html = utf8_lines(message.html) if message.html is not None and takes_html(domain) else None
            start = head(
                at=message.date,
                sender=mailbox_header("From", message.sender_name, message.sender, charset),
                recipient=message.recipient,
                reply_to=mailbox_header("Reply-To", "", message.reply_to) if message.reply_to else "",
                subject=text_header("Subject", message.subject, charset),
                message_id=message.message_id,
                others="".join(_others(message)),
            )
        except UnicodeEncodeError:
            continue
        texts = body(
            (text, lines_fit(text)),
            None if html is None else (html, lines_fit(html)),
            message_id=message.message_id,
            charset=charset,
            eight_bit=features.eight_bit,
        )
        return start + (with_files(texts, message.files, message.message_id) if message.files else texts)
    raise AssertionError("UTF-8 takes every text")


def _others(message: Message) -> list[str]:
    seen, lines = set(_OWN), []
    for name, value in message.headers:
        if name.lower() in seen:
            raise HeaderRefused(name, "stands there already")
        seen.add(name.lower())
        lines.append(structured_header(name, value))
    if message.language:
        lines.append(structured_header("Content-Language", message.language))
    return lines


def head(
    *, at: datetime, sender: str, recipient: str, reply_to: str, subject: str, message_id: str, others: str
) -> bytes:
    """Return the headers up to those of the body; all but date, recipient and id are whole header lines."""
    return (
        f"Date: {_date(at.replace(microsecond=0))}\r\n{sender}To: {recipient}\r\n{reply_to}{subject}"
        f"Message-ID: {message_id}\r\n{others}MIME-Version: 1.0\r\n"
    ).encode()


def body(
    text: tuple[bytes, bool],
    html: tuple[bytes, bool] | None,
    *,
    message_id: str,
    charset: Charset,
    eight_bit: bool,
) -> bytes:
    """Return the body with its headers. A text comes with CRLF, and with whether its lines may stand as they are."""
    plain, high = text_part("plain", charset, text[0], short=text[1], eight_bit=eight_bit)
    if html is None:
        return plain if plain.endswith(b"\r\n") else plain + b"\r\n"
    marked_up, high_too = text_part("html", charset, html[0], short=html[1], eight_bit=eight_bit)
    # Nobody can know it before, so no text holds it.
    boundary = "=_" + hashlib.sha256(message_id.encode()).hexdigest()[:32]
    start = (
        f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n'
        f"Content-Transfer-Encoding: {'8bit' if high or high_too else '7bit'}\r\n\r\n--{boundary}\r\n"
    ).encode("ascii")
    mark = f"\r\n--{boundary}".encode("ascii")
    return b"".join((start, plain, mark, b"\r\n", marked_up, mark, b"--\r\n"))


def with_files(texts: bytes, files: Sequence[tuple[str, bytes]], message_id: str) -> bytes:
    """Return the body with its headers, the files behind the texts."""
    boundary = "=_f" + hashlib.sha256(message_id.encode()).hexdigest()[:31]
    encoding = "7bit" if texts.isascii() else "8bit"
    mark = f"\r\n--{boundary}".encode("ascii")
    start = (
        f'Content-Type: multipart/mixed; boundary="{boundary}"\r\nContent-Transfer-Encoding: {encoding}\r\n'
        f"\r\n--{boundary}\r\n"
    ).encode("ascii")
    return b"".join((start, texts, *(mark + b"\r\n" + _file_part(*each) for each in files), mark, b"--\r\n"))


def _file_part(name: str, content: bytes) -> bytes:
    part = EmailMessage(policy=SMTP)
    part.set_content(content, maintype="application", subtype="octet-stream", filename=name, cte="base64")
    del part["MIME-Version"]
    return part.as_bytes().removesuffix(b"\r\n")


def deliverable(address: str, features: Features) -> str:
    """Return a reader's address as it stands in RCPT TO and To: quoted where needed, its domain in A-labels.

    Raises NotDeliverable for a local part that only SMTPUTF8 carries, HeaderRefused for what is no address.
    """
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        address = f"{local}@{mail_domain(domain)}"
    if local.isascii():
        address = wire_address(address)
        check_address("To", address)
        return address
    check_address("To", address, utf8=True)
    if not features.utf8:
        raise NotDeliverable("the mail server takes no address with other characters than ASCII")
    return address


def list_headers(
    *,
    unsubscribe_url: str,
    unsubscribe_address: str | None,
    list_id: str,
    list_name: str,
    feedback_id: str | None = None,
    complaints_to: str | None = None,
    complaint_id: str | None = None,
    charset: Charset = Charset.utf_8,
) -> tuple[tuple[str, str], ...]:
    """Return the headers of bulk mail: List-Unsubscribe with One-Click (RFC 2369, 8058), List-Id (2919), Feedback-ID,
    and where reports of complaints go (RFC 9477).

    `list_id` is a domain-like name (`<list>.<customer>.<service domain>`), `unsubscribe_address` takes a stop by mail.
    """
    ways = [unsubscribe_url]
    if unsubscribe_address:
        check_address("List-Unsubscribe", unsubscribe_address)
        ways.append(f"mailto:{unsubscribe_address}?subject=unsubscribe")
    if not all(_URI.fullmatch(way) for way in ways):
        raise HeaderRefused("List-Unsubscribe", "is not an address of a page")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,255}", list_id):
        raise HeaderRefused("List-Id", "is not an id")
    named = f"{phrase(list_name, charset)} <{list_id}>" if list_name else f"<{list_id}>"
    headers = [
        ("List-Unsubscribe", ", ".join(f"<{way}>" for way in ways)),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("List-Id", named),
    ]
    if feedback_id:
        headers.append(("Feedback-ID", feedback_id))
    if complaints_to:
        check_address("CFBL-Address", complaints_to)
        headers.append(("CFBL-Address", f"{complaints_to}; report=arf"))
        if complaint_id:
            headers.append(("CFBL-Feedback-ID", complaint_id))
    return tuple(headers)


@lru_cache(maxsize=16)
def _date(moment: datetime) -> str:
    return format_datetime(moment)
