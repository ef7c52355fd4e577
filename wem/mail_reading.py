"""What a received mail says: its headers in words, its text, its HTML, its attachments, its links."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from html.parser import HTMLParser

from wem.mail_charsets import decode

ENCODED_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
WANTED = re.compile(rb"(?im)^(subject|from|to|message-id)[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)")
MOST_HEAD = 262_144  # bytes
WEB_LINK = re.compile(r"https?://[^\s<>\"'（）「」、。　]+[^\s<>\"'（）「」、。　.,;:!?)\]]")


@dataclass(frozen=True)
class Part:
    """A leaf of the mail that is not shown as its text or HTML; `number` names it in the page's address."""

    number: int
    name: str
    type: str
    content_id: str
    content: bytes


@dataclass
class Mail:
    """A mail taken apart."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    html: str = ""
    parts: list[Part] = field(default_factory=list)

    @property
    def links(self) -> list[str]:
        """Every web link of the HTML, then of the text, each once."""
        seen = _Links()
        seen.feed(self.html)
        return list(dict.fromkeys([*seen.found, *WEB_LINK.findall(self.text)]))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("a", "area"):
            self.found += [value.strip() for name, value in attrs if name == "href" and value]


def read_mail(raw: bytes) -> Mail:
    """Return the mail taken apart; broken mail gives what can be made out, never an error."""
    message = message_from_bytes(raw)
    mail = Mail([(name, read_header(str(value))) for name, value in message.raw_items()])
    texts: list[str] = []
    htmls: list[str] = []
    for number, leaf in enumerate(_leaves(message)):
        kind = leaf.get_content_type()
        content = _content(leaf)
        if kind in ("text/plain", "text/html") and leaf.get_content_disposition() != "attachment" and not _name(leaf):
            (htmls if kind == "text/html" else texts).append(decode(content, _charset(leaf)))
        else:
            identifier = str(leaf.get("Content-ID", "")).strip().strip("<>")
            mail.parts.append(Part(number, _name(leaf) or f"part-{number}", kind, identifier, content))
    mail.text, mail.html = "\n".join(texts).replace("\r\n", "\n"), "\n".join(htmls)
    return mail


def read_header(value: str) -> str:
    """Return a header's value unfolded, its encoded words (RFC 2047) decoded, raw 8-bit bytes guessed."""
    value = re.sub(r"\r?\n(?=[ \t])", "", value).strip()
    text: list[str] = []
    pending, charset, place = b"", "", 0
    for word in ENCODED_WORD.finditer(value):
        between = value[place : word.start()]
        content = _word_content(word[2], word[3])
        if pending and not between.strip() and word[1].lower() == charset:
            pending += content  # some senders cut a character in two: join the bytes before decoding
        else:
            text.append(decode(pending, charset))
            text.append("" if place and not between.strip() else _raw_text(between))
            pending, charset = content, word[1].lower()
        place = word.end()
    return "".join([*text, decode(pending, charset), _raw_text(value[place:])])


def glance(raw: bytes) -> dict[str, str]:
    """Return subject, from, to and message-id, decoded; for thousands of mails a second, so without parsing them."""
    head = re.split(rb"\r?\n\r?\n", raw[:65536], maxsplit=1)[0]
    found: dict[str, str] = {}
    for name, value in WANTED.findall(head):
        found.setdefault(name.decode().lower(), read_header(value.decode("ascii", "surrogateescape")))
    return found


def raw_headers(raw: bytes) -> dict[str, list[str]]:
    """Return the header lines as they stand, unfolded, by their names in lower case, without reading the body."""
    start = re.split(rb"\r?\n\r?\n", raw[:MOST_HEAD], maxsplit=1)[0] + b"\r\n\r\n"
    found: dict[str, list[str]] = {}
    for name, value in message_from_bytes(start).raw_items():
        found.setdefault(name.lower(), []).append(re.sub(r"\r?\n(?=[ \t])", "", str(value)).strip())
    return found


def _leaves(message: Message) -> list[Message]:
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        return [leaf for part in message.get_payload() if isinstance(part, Message) for leaf in _leaves(part)]
    return [message]


def _content(leaf: Message) -> bytes:
    if leaf.is_multipart():  # message/rfc822, message/delivery-status
        return b"\r\n".join(part.as_bytes() for part in leaf.get_payload() if isinstance(part, Message))
    content = leaf.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _charset(leaf: Message) -> str | None:
    charset = leaf.get_param("charset")
    return charset[2] if isinstance(charset, tuple) else charset


def _name(leaf: Message) -> str:
    return read_header(leaf.get_filename() or "")


def _word_content(encoding: str, content: str) -> bytes:
    ascii_only = content.encode("ascii", "ignore")
    if encoding in "bB":
        try:
            return base64.b64decode(ascii_only + b"=" * (-len(ascii_only) % 4))
        except binascii.Error:
            return ascii_only
    return binascii.a2b_qp(ascii_only, header=True)


def _raw_text(value: str) -> str:
    # Old phones write ISO-2022-JP as it is, which is ASCII to the eye.
    plain = value.isascii() and "\x1b" not in value
    return value if plain else decode(value.encode("utf-8", "surrogateescape"), None)
