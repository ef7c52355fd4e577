"""A letter in one character set, with everything that its readers share made ready: the rest is filled in for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from wem.delivery.body_coding import each_in_iso_2022_jp_lines, each_in_utf8_lines
from wem.delivery.charsets import Charset, joined_iso_2022_jp
from wem.delivery.headers import mailbox_header, structured_header, text_header
from wem.delivery.identity import reply_address_of
from wem.delivery.message import body, head, list_headers
from wem.delivery.personalising import Template
from wem.delivery.segments import Segments
from wem.delivery.template_compiling import Values

EACH = {Charset.utf_8: each_in_utf8_lines, Charset.iso_2022_jp: each_in_iso_2022_jp_lines}
_REPLY_ID = 39 * "a"


@dataclass(frozen=True, slots=True)
class Texts:
    """The compiled texts of a letter, and who sends it."""

    subject: Template
    text: Template
    html: Template | None
    sender: str
    sender_name: str
    reply_to: str | None
    reply_domain: str
    language: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The list under which a reader gets the letter, as its headers name it."""

    list_id: str
    list_name: str
    feedback_id: str
    complaints_to: str


class Addressed(NamedTuple):
    """What is one reader's alone: the address on the wire, and what the mail is known by. All of it is checked."""

    recipient: str
    message_id: str
    unsubscribe_url: str
    unsubscribe_address: str
    complaint_id: str
    # Of the reader's own address for replies; empty where the sender has one for all.
    reply_id: str = ""


class Form:
    """A letter in one character set."""

    def __init__(self, texts: Texts, charset: Charset, with_html: bool) -> None:
        """Raises UnicodeEncodeError when what all readers share does not fit the character set."""
        self.charset = charset
        self.language = texts.language
        self.sender = mailbox_header("From", texts.sender_name, texts.sender, charset)
        one = reply_address_of(_REPLY_ID, texts.reply_domain)
        self.reply_to = mailbox_header("Reply-To", "", texts.reply_to or one).partition(_REPLY_ID)
        encode = EACH[charset]
        joined = joined_iso_2022_jp if charset is Charset.iso_2022_jp else None
        self.subject = texts.subject
        self.subject_line = text_header("Subject", texts.subject.render({}), charset) if texts.subject.fixed else ""
        self.text = Segments(texts.text, encode, joined)
        self.html = Segments(texts.html, encode, joined) if texts.html is not None and with_html else None
        self._listed: dict[Listing, tuple[str, ...]] = {}

    def written(self, to: Addressed, listing: Listing, values: Values, at: datetime, eight_bit: bool) -> bytes:
        """Return the whole mail of one reader.

        Raises UnicodeEncodeError when a value does not fit the character set, TemplateProblem, HeaderRefused.
        """
        start_of_reply, _, end_of_reply = self.reply_to
        first, second, third, last = self._listed.get(listing) or self._list_lines(listing)
        start = head(
            at=at,
            sender=self.sender,
            recipient=to.recipient,
            reply_to=start_of_reply + (to.reply_id if end_of_reply else "") + end_of_reply,
            subject=self.subject_line or text_header("Subject", self.subject.render(values), self.charset),
            message_id=to.message_id,
            others=first + to.unsubscribe_url + second + to.unsubscribe_address + third + to.complaint_id + last,
        )
        return start + body(
            self.text.fill(values),
            self.html.fill(values) if self.html is not None else None,
            message_id=to.message_id,
            charset=self.charset,
            eight_bit=eight_bit,
        )

    def _list_lines(self, listing: Listing) -> tuple[str, ...]:
        """Return the headers of the list and the language, cut where a reader's own values stand."""
        page, address, complaint = "https://page.invalid/" + 60 * "p", f"{40 * 'a'}@mail.invalid", 40 * "c"
        headers = list_headers(
            unsubscribe_url=page,
            unsubscribe_address=address,
            list_id=listing.list_id,
            list_name=listing.list_name,
            feedback_id=listing.feedback_id,
            complaints_to=listing.complaints_to,
            complaint_id=complaint,
            charset=self.charset,
        )
        lines = [structured_header(name, value) for name, value in headers]
        if self.language:
            lines.append(structured_header("Content-Language", self.language))
        before, complaint_end = "".join(lines).rsplit(complaint, 1)
        first, before = before.split(page, 1)
        self._listed[listing] = found = (first, *before.split(address, 1), complaint_end)
        return found
