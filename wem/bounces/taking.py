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
    return take_all([(mail, reading)])[0]


def take_all(mails: Sequence[tuple[ArrivedMail, Reading]]) -> list[Fate]:
    """Do the same for several mails at once, at a fraction of the cost; returns what became of each, in order."""
    fates: list[Fate | None] = []
    bounced: dict[int, _Bounced] = {}
    for place, (mail, reading) in enumerate(mails):
        outcome = _looked_at(mail, reading)
        fates.append(outcome if isinstance(outcome, Fate) else None)
        if not isinstance(outcome, Fate):
            bounced[place] = outcome
    for place, fate in _recorded(bounced).items():
        fates[place] = fate
    return [fate or Fate.ignored for fate in fates]


@dataclass(frozen=True, slots=True)
class _Bounced:
    """A mail of a mailing that came back, of which it is still to be looked up whose it was."""

    mail: ArrivedMail
    reading: Reading
    failed: Sequence[Reported]
    named: Named


def _looked_at(mail: ArrivedMail, reading: Reading) -> Fate | _Bounced:
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
    return _Bounced(mail, reading, failed, named)


_MAILINGS = (Purpose.bounce, Purpose.message)


def named_by(mail: ArrivedMail, reading: Reading) -> Named | Unmatched:
    """Return which mail of ours a report names: by our return path, else by our Message-ID in what came back,
    else by what a feedback report says it was sent as.

    A return path that only looks like ours is forged, and then nothing else in the mail is believed either.
    """
    loaded = settings()
    keys = identity_keys(loaded.SECRET_KEY, loaded.SECRET_KEY_PREVIOUS or None)
    if (found := read_return_path(mail.recipient, keys)) is not None:
        return Named(found[0], (found[1], found[2]), True)
    if looks_like_return_path(mail.recipient):
        return Unmatched.forged
    if named := _by_message_id(reading.message_id or "", keys):
        return named
    # Providers that take the mail's own text out leave this; who can tell it was sent the mail.
    if (found := read_return_path(reading.return_path or "", keys)) is not None:
        return Named(found[0], (found[1], found[2]), False)
    return Unmatched.unnamed


def _by_message_id(text: str, keys: IdentityKeys) -> Named | None:
    for purpose in (Purpose.message, Purpose.system_message):
        if (found := read_message_id(text, keys, purpose)) is not None:
            return Named(purpose, found, False)
    return None


def _recorded(bounced: dict[int, _Bounced]) -> dict[int, Fate]:
    """Record the bounces whose delivery is known, list the others; returns what became of each."""
    sent = recording.sent_mails({each.named.key for each in bounced.values()}, lock=True)
    fates: dict[int, Fate] = {}
    reports: dict[int, Report] = {}
    for place, each in bounced.items():
        mine = sent.get(each.named.key)
        if mine is None:
            fates[place] = unmatched.keep(each.mail, each.reading, Unmatched.gone)
            continue
        told = _about(mine, each.failed)
        if told is None:
            if not each.named.by_return_path:
                unmatched.keep(each.mail, each.reading, Unmatched.other_recipient)
                fates[place] = Fate.unrecognised
                continue
            # A mailbox that forwards: the return path says whose mail it was.
            told = _worst(each.failed)
        reports[place] = _report(each.mail.number, each.mail.received_at, each.named.key, told)
    new = recording.record(list(reports.values()), sent)
    for place, report in reports.items():
        # Of two reports about one mail at the same moment the first did it.
        fates[place] = Fate.taken if report.key in new else Fate.ignored
        new.discard(report.key)
    return fates


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
