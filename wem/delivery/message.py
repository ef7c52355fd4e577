"""The bytes of one mail to one recipient (RFC 5322), assembled by hand: same input, same bytes."""

from __future__ import annotations

import hashlib
import re
import struct
from binascii import b2a_base64
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from wem.delivery.headers import (
    HeaderRefused,
    check_address,
    mailbox_header,
    phrase,
    structured_header,
    text_header,
)

__all__ = [
    "AUTO_SUBMITTED",
    "SIGNED_HEADERS",
    "Features",
    "HeaderRefused",
    "Mail",
    "Message",
    "NotDeliverable",
    "assemble",
    "list_headers",
]

# What a DKIM signature covers (RFC 6376 section 5.4). A name that stands twice is signed once more than it occurs, so
# that nobody can add another; RFC 8058 and RFC 9477 ask for the headers of unsubscribing and of complaints.
SIGNED_HEADERS = (
    "From",
    "From",
    "To",
    "To",
    "Subject",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Language",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "Feedback-ID",
    "CFBL-Address",
    "CFBL-Feedback-ID",
    "Auto-Submitted",
)

# RFC 3834: the product's own mails say that a machine wrote them, so that no machine answers.
AUTO_SUBMITTED = (("Auto-Submitted", "auto-generated"),)

_OWN = frozenset(
    "date from sender to cc bcc reply-to subject message-id mime-version content-type content-transfer-encoding "
    "return-path received dkim-signature".split()
)
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.=_+-]{1,200}@[A-Za-z0-9.-]{1,253}>")
_URI = re.compile(r"[!-;=?-~]+")
_PART_HEADS = {
    kind: f"Content-Type: text/{kind}; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode("ascii")
    for kind in ("plain", "html")
}
_LINE_END = re.compile(r"\r\n|\r|\n")


class NotDeliverable(ValueError):
    """The next mail server cannot carry a mail to this address; the address itself is not at fault."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the server on the other side offers: 8BITMIME (RFC 6152) and SMTPUTF8 (RFC 6531)."""

    eight_bit: bool = True
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
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


def assemble(message: Message) -> bytes:
    """Return the mail: headers and body with CRLF only, lines of at most 998 characters (in fact 78).

    Raises HeaderRefused for a control character, an address that is not exactly one, or a header that is ours.
    """
    if message.date.tzinfo is None:
        raise ValueError("the date needs a time zone")
    if not _MESSAGE_ID.fullmatch(message.message_id):
        raise HeaderRefused("Message-ID", "is not one message id")
    check_address("To", message.recipient)
    head = [
        f"Date: {_date(message.date.replace(microsecond=0))}\r\n",
        mailbox_header("From", message.sender_name, message.sender),
        f"To: {message.recipient}\r\n",
    ]
    if message.reply_to:
        head.append(mailbox_header("Reply-To", "", message.reply_to))
    head.append(text_header("Subject", message.subject))
    head.append(f"Message-ID: {message.message_id}\r\n")
    seen = set(_OWN)
    for name, value in message.headers:
        if name.lower() in seen:
            raise HeaderRefused(name, "stands there already")
        seen.add(name.lower())
        head.append(structured_header(name, value))
    if message.language:
        head.append(structured_header("Content-Language", message.language))
    head.append("MIME-Version: 1.0\r\n")
    if message.html is None:
        return "".join(head).encode("ascii") + _part("plain", message.text)
    boundary = "=_" + hashlib.sha256(message.message_id.encode()).hexdigest()[:32]
    head.append(f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n')
    mark = f"--{boundary}".encode("ascii")
    # "=_" cannot stand in Base64, so no line of a part can look like the boundary (RFC 2045 section 6.7).
    return b"".join(
        (
            "".join(head).encode("ascii"),
            mark,
            b"\r\n",
            _part("plain", message.text),
            mark,
            b"\r\n",
            _part("html", message.html),
            mark,
            b"--\r\n",
        )
    )


def list_headers(
    *,
    unsubscribe_url: str,
    unsubscribe_address: str | None,
    list_id: str,
    list_name: str,
    feedback_id: str | None = None,
) -> tuple[tuple[str, str], ...]:
    """Return the headers of bulk mail: List-Unsubscribe with One-Click (RFC 2369, 8058), List-Id (2919), Feedback-ID.

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
    named = f"{phrase(list_name)} <{list_id}>" if list_name else f"<{list_id}>"
    headers = [
        ("List-Unsubscribe", ", ".join(f"<{way}>" for way in ways)),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("List-Id", named),
    ]
    if feedback_id:
        headers.append(("Feedback-ID", feedback_id))
    return tuple(headers)


@lru_cache(maxsize=16)
def _date(moment: datetime) -> str:
    return format_datetime(moment)


def _part(kind: str, text: str) -> bytes:
    """Return a text part with its own headers; Base64 keeps every line short and every dot harmless."""
    if "\r" in text or "\n" in text:
        text = _LINE_END.sub("\r\n", text) if "\r" in text else text.replace("\n", "\r\n")
    if "\0" in text:
        text = text.replace("\0", "")
    coded = b2a_base64(text.encode("utf-8", "replace"), newline=False)
    whole, rest = divmod(len(coded), 76)
    lines = _lines(whole).unpack_from(coded)
    return _PART_HEADS[kind] + b"\r\n".join((*lines, coded[-rest:], b"") if rest else (*lines, b""))


@lru_cache(maxsize=64)
def _lines(count: int) -> struct.Struct:
    """Return what cuts Base64 into lines of 76: four times as fast as slices, and this is most of a mail's cost."""
    return struct.Struct("76s" * count)
