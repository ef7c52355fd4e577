"""What an answer of the mail server means, and when a refused mail is tried again; plain functions."""

from __future__ import annotations

import enum
import re
from datetime import datetime, timedelta

# Minutes between tries; the last one repeats. The first of bulk mail lets greylisting pass.
BULK_MINUTES = (5, 15, 30, 60, 120, 240, 360, 480)
CONFIRM_MINUTES = (1, 3, 5, 10, 20, 30, 60)
# Seconds until a mail server that does not answer is asked again.
HAND_OVER_SECONDS = (1, 5, 30, 120)
JITTER = 0.2
LIFETIME = timedelta(hours=48)
UNCERTAIN_WAIT = timedelta(minutes=15)

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?=\s|$)")
_ADDRESS = re.compile(r"""(?:"[^"]*"|[^\s<>"'(),:;]*)@[^\s<>"'(),:;]*""")


class Verdict(enum.StrEnum):
    """What one try came to."""

    accepted = "accepted"
    deferred = "deferred"
    bounced = "bounced"
    uncertain = "uncertain"


class Reason(enum.StrEnum):
    """Why a mail was not accepted, in the groups that a customer sees."""

    unknown_address = "unknown_address"
    mailbox_full = "mailbox_full"
    unknown_domain = "unknown_domain"
    refused = "refused"  # by the receiver's policy
    too_large = "too_large"
    busy = "busy"  # the receiver asked to come again later
    connection = "connection"  # the line broke, or nobody answered
    own = "own"  # the mail could not be made
    other = "other"


def verdict(code: int) -> Verdict:
    """Return what a reply code means for the recipient (RFC 5321 section 4.2.1); what is no reply is a soft fail."""
    if 200 <= code < 300:
        return Verdict.accepted
    return Verdict.bounced if 500 <= code < 600 else Verdict.deferred


def enhanced_code(reply: str) -> str | None:
    """Return the status code at the start of a reply's text such as `5.1.1` (RFC 3463), None when it has none."""
    found = _ENHANCED.match(reply.strip())
    return found[1] if found else None


def speaks_of_itself(code: int | None, enhanced: str | None) -> bool:
    """Return whether an answer to MAIL says that the server takes nothing at present, whoever it is for: it closes
    the line (421), or has no room (452; RFC 5321 section 4.2.3, RFC 3463 section 3.4)."""
    return code == 421 or (code == 452 and enhanced in (None, "4.3.0", "4.3.1", "4.3.2"))


def without_addresses(reply: str) -> str:
    """Return a reply's text with every mail address taken out: servers like to repeat them."""
    return _ADDRESS.sub("<…>", reply)[:500]


def next_try(
    attempt: int, at: datetime, expires_at: datetime, draw: float, minutes: tuple[int, ...] = BULK_MINUTES
) -> datetime | None:
    """Return when to try again after soft fail number `attempt` (from 1); None when that would be after the end.

    `draw` (0 to 1) spreads the tries over ±20 %.
    """
    wait = timedelta(minutes=minutes[min(attempt, len(minutes)) - 1])
    due = at + spread(wait, draw)
    return due if due < expires_at else None


def after_uncertain(at: datetime, expires_at: datetime, draw: float) -> datetime | None:
    """Return when a mail whose end nobody saw is sent once more; None when that would be after the end."""
    due = at + spread(UNCERTAIN_WAIT, draw)
    return due if due < expires_at else None


def hand_over_wait(failures: int) -> timedelta:
    """Return how long to leave a mail server alone that did not answer `failures` (from 1) times."""
    return timedelta(seconds=HAND_OVER_SECONDS[min(failures, len(HAND_OVER_SECONDS)) - 1])


def spread(wait: timedelta, draw: float) -> timedelta:
    """Return the wait with its jitter: 80 % at a draw of 0, 120 % at 1."""
    return wait * (1 - JITTER + 2 * JITTER * draw)


def reason(code: int | None, enhanced: str | None, local: bool = False) -> Reason:
    """Return the group of an answer, by its enhanced code where it has one (RFC 3463), else by its code."""
    if local:
        return Reason.own
    if code is None:
        return Reason.connection
    status = (enhanced or "").partition(".")[2]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status.startswith("7."):
        return Reason.refused
    if code < 500:
        return Reason.mailbox_full if code == 452 else Reason.busy
    return _BY_CODE.get(code, Reason.other)


_BY_STATUS = {
    "1.1": Reason.unknown_address,
    "1.2": Reason.unknown_domain,
    "1.3": Reason.unknown_address,
    "1.6": Reason.unknown_address,
    "1.10": Reason.unknown_domain,
    "2.1": Reason.unknown_address,
    "2.2": Reason.mailbox_full,
    "2.3": Reason.too_large,
    "3.4": Reason.too_large,
    "4.1": Reason.connection,
    "4.2": Reason.connection,
    "4.4": Reason.unknown_domain,
}
_BY_CODE = {
    550: Reason.unknown_address,
    551: Reason.unknown_address,
    552: Reason.mailbox_full,
    553: Reason.unknown_address,
    554: Reason.refused,
}
