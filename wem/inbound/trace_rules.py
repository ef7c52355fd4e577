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


def return_path_in(raw: bytes) -> str:
    """Return the envelope sender of Return-Path (RFC 5321 section 4.4); empty for a bounce or when there is none."""
    found = [re.search(_ADDRESS, value) for value in _values(raw, b"return-path")[:1]]
    return found[0][1] if found and found[0] else ""


def without_mbox_line(raw: bytes) -> bytes:
    """Return a mail without the `From ` line that some put before it in a pipe."""
    return raw.partition(b"\n")[2] if raw.startswith((b"From ", b">From ")) else raw


def _values(raw: bytes, name: bytes) -> list[str]:
    pattern = rb"(?im)^" + name + rb"[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)"
    return [value.decode("utf-8", "replace") for value in re.findall(pattern, head_of(raw))]
