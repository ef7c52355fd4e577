"""What a mail server offers (RFC 5321 section 4.1.1.1) and the commands that make use of it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from wem.delivery.message import Mail


@dataclass(frozen=True, slots=True)
class Offers:
    """The extensions that a server named; `size` is the largest mail in bytes, 0 without a limit, None without SIZE."""

    pipelining: bool = False
    eight_bit: bool = False
    utf8: bool = False
    dsn: bool = False
    starttls: bool = False
    size: int | None = None
    logins: frozenset[str] = frozenset()


def read_offers(text: str) -> Offers:
    """Return what the reply to EHLO offers; its first line is the server's name."""
    words: dict[str, list[str]] = {}
    for line in text.split("\n")[1:]:
        # Some servers still write AUTH=LOGIN beside AUTH LOGIN.
        name, *values = line.replace("AUTH=", "AUTH ", 1).upper().split() or [""]
        words.setdefault(name, []).extend(values)
    size = next(iter(words.get("SIZE", ())), "0")
    return Offers(
        pipelining="PIPELINING" in words,
        eight_bit="8BITMIME" in words,
        utf8="SMTPUTF8" in words,
        dsn="DSN" in words,
        starttls="STARTTLS" in words,
        size=(int(size) if size.isascii() and size.isdigit() else 0) if "SIZE" in words else None,
        logins=frozenset(words.get("AUTH", ())),
    )


def mail_command(mail: Mail, offers: Offers) -> bytes:
    """Return the MAIL command with its line end (RFC 1870, 3461, 6152, 6531).

    ENVID is the id in the return path: a report of the server names the delivery even when it goes astray.
    """
    sender = mail.envelope_from
    command = f"MAIL FROM:<{sender}>"
    if offers.size is not None:
        command += f" SIZE={len(mail.data)}"
    if offers.eight_bit and not mail.data.isascii():
        command += " BODY=8BITMIME"
    if offers.utf8 and mail.utf8:
        command += " SMTPUTF8"
    if offers.dsn and sender:
        command += f" RET=HDRS ENVID={sender.partition('@')[0].rpartition('.')[2]}"
    return command.encode() + b"\r\n"


def rcpt_command(mail: Mail, offers: Offers) -> bytes:
    """Return the RCPT command with its line end; reports are asked for failure and delay only (RFC 3461)."""
    notify = " NOTIFY=FAILURE,DELAY" if offers.dsn else ""
    return f"RCPT TO:<{mail.envelope_to}>{notify}\r\n".encode()


def on_the_wire(data: bytes) -> bytes:
    """Return the data as it stands on the wire, ended by CRLF, without its final dot (RFC 5321 section 4.5.2)."""
    if data[:1] == b".":
        data = b"." + data
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    return data.replace(b"\r\n.", b"\r\n..")


def plain_login(user: str, password: str) -> str:
    """Return the AUTH command with name and password (RFC 4616)."""
    return "AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")


def login_word(word: str) -> str:
    """Return one answer of the AUTH LOGIN dialogue."""
    return base64.b64encode(word.encode()).decode("ascii")
