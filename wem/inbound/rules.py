"""What an address is for, when a mail is tried again, how long it is kept, and which mails are the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from wem.inbound.states import InboundState, Route

MOST_ATTEMPTS = 6
_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
MOST_HOPS = 50  # RFC 5321 section 6.3 asks for a large number; real ways have fewer than 20
_LETTERS = {"b": Route.bounce, "s": Route.system_bounce, "r": Route.reply, "u": Route.unsubscribe}
_LETTERED = re.compile(r"([bsru])\.[a-z2-7]{39}")
# RFC 5321 section 4.5.1 and RFC 2142: these are read by a person wherever mail is taken.
_ROLES = frozenset({"postmaster", "abuse"})
_MESSAGE_ID = re.compile(rb"^message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(<[^>\r\n]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)
_LOOP = re.compile(rb"^x-loop[ \t]*:[ \t]*<?([^\s<>\r\n]{1,320})", re.IGNORECASE | re.MULTILINE)
_HEAD_END = re.compile(rb"\r?\n\r?\n|\r\r")


@dataclass(frozen=True)
class Ours:
    """Domains and addresses that are the service's own, all in lower case."""

    service_domain: str
    bounce_domain: str
    help_desk: str
    course_change: str


def route_of(address: str, ours: Ours, name_route: Callable[[str], Route | None]) -> Route | None:
    """Return what a lower-case address is for; None when it is none of ours, or nobody's.

    `name_route` tells what a name below the service domain is for that no rule knows: a list's code, a customer's
    slug. Ids are looked at for their form alone: what a forged one brings is listed by whoever takes it, never counted.
    """
    local, _, domain = address.rpartition("@")
    if address == ours.help_desk:
        return Route.help_desk
    if address == ours.course_change:
        return Route.course_change
    if not local or domain not in (ours.service_domain, ours.bounce_domain):
        return None
    if lettered := _LETTERED.fullmatch(local):
        return _LETTERS[lettered[1]]
    if local == "fbl":
        return Route.feedback
    if local in _ROLES:
        return Route.other
    return name_route(local) if domain == ours.service_domain else None


def pause_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts; None when no more are made."""
    return None if attempts >= MOST_ATTEMPTS else _PAUSES[min(attempts, len(_PAUSES)) - 1]


def number_within(sizes: Sequence[int], most: int) -> int:
    """Return how many of these, from the first on, have at most `most` together; the first one in any case."""
    return max(sum(total <= most for total in accumulate(sizes)), min(1, len(sizes)))


def keeping(state: InboundState, handled: timedelta, unrecognised: timedelta) -> timedelta | None:
    """Return how long after its handling a mail is kept; None: until somebody has seen to it.

    Nothing is deleted unread (product.md 7): what was written to the help desk, or fails by our fault, waits for staff.
    """
    match state:
        case InboundState.taken | InboundState.ignored:
            return handled
        case InboundState.unrecognised | InboundState.settled:
            return unrecognised
    return None


def head_of(raw: bytes) -> bytes:
    """Return a mail's header lines."""
    end = _HEAD_END.search(raw)
    return raw if end is None else raw[: end.start()]


def message_id_of(raw: bytes) -> str:
    """Return the Message-ID with its brackets; empty when there is none."""
    found = _MESSAGE_ID.search(head_of(raw))
    return found[1].decode("ascii", "replace") if found else ""


def loop_marks(raw: bytes) -> list[str]:
    """Return the addresses that X-Loop names, in lower case: those that have had this mail already."""
    return [mark.decode("ascii", "replace").lower() for mark in _LOOP.findall(head_of(raw))]


def hops(raw: bytes) -> int:
    """Return through how many mail servers a mail says that it came."""
    return len(_RECEIVED.findall(head_of(raw)))


def fingerprint(recipient: str, raw: bytes) -> bytes:
    """Return 16 bytes that are the same for the same mail to the same recipient, by whatever way it comes again.

    By Message-ID and body, because a second way writes other trace headers. Without Message-ID the whole mail counts:
    two empty mails of an old phone differ in their Received lines alone, and are two.
    """
    message_id = message_id_of(raw)
    content = raw[len(head_of(raw)) :] if message_id else raw
    digest = hashlib.blake2b(digest_size=16)
    for part in (recipient.encode("utf-8", "replace"), message_id.encode("utf-8", "replace"), content):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
