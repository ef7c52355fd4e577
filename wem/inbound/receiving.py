"""One mail from a pipe: to whom it came, and what the mail server that pipes it in is told."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from sqlalchemy.exc import SQLAlchemyError

from wem import clock, queue
from wem.inbound.addresses import route_for
from wem.inbound.envelopes import Envelope
from wem.inbound.keeping import Arriving, keep
from wem.inbound.rules import MOST_HOPS, hops
from wem.inbound.states import Way
from wem.inbound.trace_rules import recipients_in, return_path_in, sender_of, without_mbox_line
from wem.settings import settings

# What Postfix's local and pipe, Exim and Sendmail put into the environment.
RECIPIENT_NAMES, SENDER_NAMES = ("ORIGINAL_RECIPIENT", "RECIPIENT"), ("SENDER",)
MOST_MBOX_LINE = 1000  # bytes of a `From ` line before the mail, which do not count
__all__ = ["MOST_MBOX_LINE", "receive"]


def receive(raw: bytes, recipients: Sequence[str], sender: str | None, environ: Mapping[str, str]) -> int:
    """Keep a mail and return the exit status that tells the mail server (sysexits.h).

    Recipients and sender are those given, else what the environment tells, else the mail's own trace. A sender that
    none of them tells is kept as unknown: it is not the null sender, by which machines write.
    """
    raw = without_mbox_line(raw)
    if len(raw) > settings().inbound_size or hops(raw) > MOST_HOPS:
        return os.EX_DATAERR
    named = [*recipients] or [environ[name] for name in RECIPIENT_NAMES if environ.get(name)][:1] or recipients_in(raw)
    if not named:
        return os.EX_USAGE
    given = sender if sender is not None else next((environ[n] for n in SENDER_NAMES if n in environ), None)
    envelope_sender = return_path_in(raw) if given is None else sender_of(given)
    try:
        ours = tuple(dict.fromkeys(each.lower() for each in named if route_for(each)))
        if not ours:
            return os.EX_NOUSER
        envelope = Envelope(clock.now(), Way.pipe, envelope_sender, ours)
        keep([Arriving(envelope, raw)])
    except (OSError, SQLAlchemyError):
        return os.EX_TEMPFAIL
    queue.ring_now(queue.INBOUND, "wem.inbound.jobs.route")
    return os.EX_OK
