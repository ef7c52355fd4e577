"""Mails that a person writes in the mailbox, and reports about a mail: not delivered (RFC 3464), a nuisance."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime

from wem.clock import now
from wem.mail_reading import read_mail

MOST_TEXT = 100_000  # characters
_ADDRESS = re.compile(r"[^\s<>@,;]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class CannotWrite(ValueError):
    """A value cannot stand in a mail; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Failure:
    """Why a mail comes back, as its server says."""

    status: str
    reply: str


FAILURES = {
    "unknown": Failure("5.1.1", "550 5.1.1 User unknown"),
    "full": Failure("5.2.2", "552 5.2.2 Mailbox full"),
    "refused": Failure("5.7.1", "550 5.7.1 Message rejected as spam"),
}


def written(sender: str, recipient: str, subject: str, text: str, answers: str = "") -> bytes:
    """Return a mail as a phone would write it; raises CannotWrite. `answers` is the Message-ID that it replies to."""
    for field, address in (("sender", sender), ("recipient", recipient)):
        if not _ADDRESS.fullmatch(address) or not address.isascii():
            raise CannotWrite(field, "Enter one mail address.")
    if len(text) > MOST_TEXT:
        raise CannotWrite("text", "This text is too long.")
    lines = [
        f"Date: {format_datetime(now())}",
        f"From: {sender}",
        f"To: {recipient}",
        f"Subject: {Header(' '.join(subject.split()), 'utf-8').encode(linesep=chr(13) + chr(10))}",
        f"Message-ID: <{secrets.token_hex(12)}@mailbox.localhost>",
    ]
    if answers and re.fullmatch(r"<[!-;=?-~]{3,300}>", answers):
        lines += [f"In-Reply-To: {answers}", f"References: {answers}"]
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", ""]
    body = "\r\n".join(line[:300] for line in text.splitlines())
    return "\r\n".join([*lines, body, ""]).encode()


def quoted(raw: bytes) -> str:
    """Return the text of a mail as a reply quotes it."""
    text = read_mail(raw).text.strip()
    return "\n".join(f"> {line}"[:300] for line in text.splitlines()[:200])


def returned(raw: bytes, recipient: str, failure: Failure) -> bytes:
    """Return the report that a mail to this recipient could not be delivered, with its header lines (RFC 3464)."""
    mark = f"=_{secrets.token_hex(12)}"
    headers = raw.split(b"\r\n\r\n", 1)[0].decode("ascii", "replace")
    return "\r\n".join(
        [
            f"Date: {format_datetime(now())}",
            "From: Mail Delivery System <MAILER-DAEMON@mailbox.localhost>",
            "Subject: Undelivered Mail Returned to Sender",
            f"Message-ID: <{secrets.token_hex(12)}@mailbox.localhost>",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type=delivery-status; boundary="{mark}"',
            "",
            f"--{mark}",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            f"Your message could not be delivered to <{recipient}>: {failure.reply}",
            f"--{mark}",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mailbox.localhost",
            "",
            f"Final-Recipient: rfc822; {recipient}",
            "Action: failed",
            f"Status: {failure.status}",
            f"Diagnostic-Code: smtp; {failure.reply}",
            "",
            f"--{mark}",
            "Content-Type: text/rfc822-headers",
            "",
            headers,
            "",
            f"--{mark}--",
            "",
        ]
    ).encode("ascii", "replace")


def complained(raw: bytes, sender: str, recipient: str) -> bytes:
    """Return the report that this recipient calls a mail a nuisance, as providers send it (RFC 5965)."""
    mark = f"=_{secrets.token_hex(12)}"
    headers = raw.split(b"\r\n\r\n", 1)[0].decode("ascii", "replace")
    return "\r\n".join(
        [
            f"Date: {format_datetime(now())}",
            "From: Feedback loop <feedback@mailbox.localhost>",
            "Subject: Complaint about a message",
            f"Message-ID: <{secrets.token_hex(12)}@mailbox.localhost>",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type=feedback-report; boundary="{mark}"',
            "",
            f"--{mark}",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            "A reader has reported this message as a nuisance.",
            f"--{mark}",
            "Content-Type: message/feedback-report",
            "",
            "Feedback-Type: abuse",
            "User-Agent: WeM-mailbox/1",
            "Version: 1",
            f"Original-Mail-From: <{sender}>",
            f"Original-Rcpt-To: <{recipient}>",
            "",
            f"--{mark}",
            "Content-Type: text/rfc822-headers",
            "",
            headers,
            "",
            f"--{mark}--",
            "",
        ]
    ).encode("ascii", "replace")
