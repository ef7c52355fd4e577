"""What is written before a kept mail: its envelope, so that the file alone is enough to have it again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from wem.inbound.states import Way


@dataclass(frozen=True)
class Envelope:
    """When and how a mail came, from whom (empty: a bounce, None: unknown), to which of our addresses (lower case)."""

    received_at: datetime
    way: Way
    sender: str | None
    recipients: tuple[str, ...]


class NoEnvelope(ValueError):
    """The file does not begin with an envelope."""


def sealed(envelope: Envelope, raw: bytes) -> bytes:
    """Return what is kept: one line of JSON, then the mail as it came."""
    line = {
        "received_at": envelope.received_at.isoformat(),
        "way": envelope.way.value,
        "sender": envelope.sender,
        "recipients": envelope.recipients,
        "size": len(raw),
    }
    return json.dumps(line).encode("ascii") + b"\n" + raw


def opened(kept: bytes) -> tuple[Envelope, bytes]:
    """Return envelope and mail; raises NoEnvelope when these are not to be made out, or are not there to the end."""
    line, _, raw = kept.partition(b"\n")
    try:
        read = json.loads(line)
        received_at = datetime.fromisoformat(read["received_at"])
        whole = read["size"] == len(raw)
        sender = None if read["sender"] is None else str(read["sender"])
        envelope = Envelope(received_at, Way(read["way"]), sender, tuple(map(str, read["recipients"])))
    except (ValueError, KeyError, TypeError) as error:
        raise NoEnvelope("a kept file without an envelope") from error
    if received_at.tzinfo is None or not envelope.recipients or not whole:
        raise NoEnvelope("a kept file that is not whole")
    return envelope, raw
