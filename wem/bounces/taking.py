"""Takes a mail that came for a return path or a feedback address: to which delivery it belongs, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wem.arriving import ArrivedMail, Fate
from wem.bounces import complaining, recording, returning, unmatched
from wem.bounces.models import Source, Unmatched
from wem.bounces.recording import Key, Report, Sent
from wem.bounces.states import Kind, Reading, Reason, Reported, Severity
from wem.delivery.identity import (
    IdentityKeys,
    Purpose,
    identity_keys,
    looks_like_return_path,
    read_message_id,
    read_return_path,
)
from wem.hashing import address_hash
from wem.lists.address_rules import Address, read_address
from wem.settings import settings


@dataclass(frozen=True, slots=True)
class Named:
    """The mail of ours that a report names: by its return path, or only by its Message-ID."""

    purpose: Purpose
    key: Key
    by_return_path: bool


def take(mail: ArrivedMail, reading: Reading) -> Fate:
    """Do what follows from a bounce or complaint; the same mail again changes nothing. The caller commits.

    A report that belongs to no delivery is listed for staff and counts against nobody.
    """
    if reading.kind in (Kind.autoreply, Kind.delivered):
        return Fate.ignored
    if reading.kind is Kind.normal:
        return Fate.unrecognised
    failed = [each for each in reading.recipients if each.severity is not Severity.other]
    if reading.kind is Kind.bounce and not failed:
        return Fate.ignored
    named = named_by(mail, reading)
    if isinstance(named, Unmatched):
        listed = unmatched.keep(mail, reading, named)
        # Elsewhere than at our own addresses for reports it may be a person's letter about one: staff read it.
        expected = named is Unmatched.forged or mail.recipient.startswith("fbl@")
        return listed if expected else Fate.unrecognised
    if reading.kind is Kind.feedback:
        return complaining.take(mail, reading, named.key) if named.purpose in _MAILINGS else Fate.ignored
    if named.purpose not in _MAILINGS:
        return returning.take(mail, _worst(failed), named.key[0])
    return _bounced(mail, reading, failed, named)


_MAILINGS = (Purpose.bounce, Purpose.message)


def named_by(mail: ArrivedMail, reading: Reading) -> Named | Unmatched:
    """Return which mail of ours a report names: by our return path, else by our Message-ID in what came back.

    A return path that only looks like ours is forged, and then nothing else in the mail is believed either.
    """
    loaded = settings()
    keys = identity_keys(loaded.SECRET_KEY, loaded.SECRET_KEY_PREVIOUS or None)
    if (found := read_return_path(mail.recipient, keys)) is not None:
        return Named(found[0], (found[1], found[2]), True)
    if looks_like_return_path(mail.recipient):
        return Unmatched.forged
    named = _by_message_id(reading.message_id or "", keys)
    return named or Unmatched.unnamed


def _by_message_id(text: str, keys: IdentityKeys) -> Named | None:
    for purpose in (Purpose.message, Purpose.system_message):
        if (found := read_message_id(text, keys, purpose)) is not None:
            return Named(purpose, found, False)
    return None


def _bounced(mail: ArrivedMail, reading: Reading, failed: Sequence[Reported], named: Named) -> Fate:
    sent = recording.sent_mails([named.key]).get(named.key)
    if sent is None:
        return unmatched.keep(mail, reading, Unmatched.gone)
    told = _about(sent, failed)
    if told is None:
        if not named.by_return_path:
            return unmatched.keep(mail, reading, Unmatched.other_recipient)
        # A mailbox that forwards: the return path says whose mail it was.
        told = _worst(failed)
    new = recording.record([_report(mail.number, mail.received_at, named.key, told)])
    return Fate.taken if new else Fate.ignored


def _about(sent: Sent, failed: Sequence[Reported]) -> Reported | None:
    """Return what is said about the delivery's own address; a report that names nobody speaks of it."""
    for each in failed:
        if not each.address:
            return each
        address = read_address(each.address)
        if isinstance(address, Address) and address_hash(address.key) == sent.address_hash:
            return each
    return None


def _worst(failed: Sequence[Reported]) -> Reported:
    return min(failed, key=lambda each: each.severity is not Severity.hard)


def _report(number: int, at: datetime, key: Key, told: Reported) -> Report:
    return Report(
        *key,
        Source.mail,
        told.severity,
        told.reason if told.reason is not Reason.feedback else Reason.undefined,
        at,
        told.status,
        told.reply,
        told.diagnostic,
        told.reporter,
        number,
    )
