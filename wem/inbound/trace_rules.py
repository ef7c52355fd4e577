"""What a mail's own head says about its envelope, as the last mail server wrote it there."""

from __future__ import annotations

import re

from wem.inbound.rules import head_of

# In the order in which they are believed: Postfix, qmail and Dovecot, Exim, sendmail's procmail.
_NAMES = (b"x-original-to", b"delivered-to", b"envelope-to", b"x-envelope-to", b"x-rcpt-to")
_ADDRESS = r"([^\s<>@,;]+@[^\s<>@,;]+)"


def recipients_in(raw: bytes) -> list[str]:
    """Return the addresses that a mail says it was delivered to, from the first header that names any."""
    for name in _NAMES:
        if values := _values(raw, name):
            # The newest trace stands on top: those below are of mail servers before.
            return re.findall(_ADDRESS, values[0])
    return []


def addressed_in(raw: bytes) -> list[str]:
    """Return the addresses in To and Cc: all there is where a mailbox keeps no trace."""
    return [
        address for name in (b"to", b"cc") for value in _values(raw, name) for address in re.findall(_ADDRESS, value)
    ]


def return_path_in(raw: bytes) -> str | None:
    """Return the envelope sender that Return-Path tells (RFC 5321 section 4.4): empty for a bounce, None when unknown.

    Unknown is a mail without the header, and one that says neither an address nor that there is none.
    """
    for value in _values(raw, b"return-path")[:1]:
        if found := re.search(_ADDRESS, value):
            return "" if _is_null(found[1].partition("@")[0]) else found[1]
        if _is_null(value):
            return ""
    return None


def sender_of(written: str) -> str:
    """Return an envelope sender as a mail server hands it over: without brackets, empty where it names none."""
    bare = re.sub(r"^<|>$", "", written.strip())
    return "" if _is_null(bare) else bare


def _is_null(written: str) -> bool:
    # Postfix's pipe(8) writes MAILER-DAEMON for the null sender, unless `null_sender=` says otherwise.
    return written.strip("<> \t\r\n").upper() in ("", "MAILER-DAEMON")


def without_mbox_line(raw: bytes) -> bytes:
    """Return a mail without the `From ` line that some put before it in a pipe."""
    return raw.partition(b"\n")[2] if raw.startswith((b"From ", b">From ")) else raw


def _values(raw: bytes, name: bytes) -> list[str]:
    pattern = rb"(?im)^" + name + rb"[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)"
    return [value.decode("utf-8", "replace") for value in re.findall(pattern, head_of(raw))]
