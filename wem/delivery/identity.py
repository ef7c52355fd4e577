"""Names that a delivery carries on its way (Message-ID, return path, links), checked without a look-up."""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from wem.hashing import Mac

# 7 bytes dispatch, 4 bytes sequence number, 1 byte key id, 12 bytes MAC: 24 bytes are 39 characters without padding.
_SUBJECT = 11
_MAC = 12
_MAC_BITS, _SPARE_BITS = 8 * _MAC, 3
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_LOW_HALF = (1 << 50) - 1
_FORM = re.compile(r"[A-Za-z2-7]{39}")
_RETURN_PATH = re.compile(r"([A-Za-z])\.([A-Za-z2-7]{39})@([A-Za-z0-9.-]+)")

MAX_DISPATCH = (1 << 56) - 1
MAX_SEQ = (1 << 32) - 1


class Purpose(enum.StrEnum):
    """What an id is for; an id for one purpose is worth nothing for another."""

    message = "message"
    bounce = "bounce"
    unsubscribe_mail = "unsubscribe_mail"
    click = "click"
    open = "open"
    view = "view"
    system_message = "system_message"  # of the outbox: its row number stands in place of the dispatch
    system_bounce = "system_bounce"
    reply = "reply"  # a reader's reply to a mailing
    conversation = "conversation"  # what comes next in it: its number stands in place of the dispatch
    inquiry = "inquiry"  # what is written to the help desk about an inquiry: its number stands there


# First letter of the local part: b. for mailings, s. for the product's own mails.
_RETURN_PATHS = {Purpose.bounce: "b", Purpose.system_bounce: "s"}


@dataclass(frozen=True)
class IdentityKeys:
    """The live keys as (key id, key), the one that signs first."""

    keys: tuple[tuple[int, bytes], ...]


def identity_keys(secret: str, previous: str | None = None) -> IdentityKeys:
    """Return the keys of the ids, derived from the service's secret and from the one before it, if any."""
    return IdentityKeys(tuple(_derived(each) for each in (secret, previous) if each))


def delivery_id(dispatch_id: int, seq: int, purpose: str, keys: IdentityKeys) -> str:
    """Return the 39 lower-case characters that name one delivery for one purpose.

    Raises ValueError when dispatch_id needs more than 56 bits or seq more than 32.
    """
    return DeliveryIds((purpose,), keys).of(dispatch_id, seq)[0]


class DeliveryIds:
    """Makes the ids of one delivery after the other for the same purposes; keeps what hashes key and purpose."""

    def __init__(self, purposes: Iterable[str], keys: IdentityKeys) -> None:
        self.key_id, key = keys.keys[0]
        self.macs = [_mac(key, purpose) for purpose in purposes]

    def of(self, dispatch_id: int, seq: int) -> list[str]:
        """Return the ids in the order of the purposes; raises ValueError like `delivery_id`."""
        if not (0 <= dispatch_id <= MAX_DISPATCH and 0 <= seq <= MAX_SEQ):
            raise ValueError("dispatch_id or seq is out of range")
        number = dispatch_id << 32 | seq
        subject = number.to_bytes(_SUBJECT, "big")
        # The first 19 characters name delivery and key and are the same for every purpose.
        named = number << 8 | self.key_id
        start, rest = _digits(named >> 1 << 5)[:19], (named & 1) << _MAC_BITS
        return [
            start + _digits((rest | int.from_bytes(mac.of(subject)[:_MAC], "big")) << _SPARE_BITS) for mac in self.macs
        ]


def read_delivery_id(text: str, purpose: str, keys: IdentityKeys) -> tuple[int, int] | None:
    """Return (dispatch_id, seq); None when the id is damaged, forged, for another purpose, or of a forgotten key.

    Upper and lower case count the same: some mail servers change the case of a local part.
    """
    if not _FORM.fullmatch(text):
        return None
    raw = base64.b32decode(text.upper() + "=")
    # The last character has three spare bits: only the canonical writing counts.
    if _encoded(raw) != text.lower():
        return None
    subject, key_id, mac = raw[:_SUBJECT], raw[_SUBJECT], raw[_SUBJECT + 1 :]
    for known_id, key in keys.keys:
        if known_id == key_id and hmac.compare_digest(mac, _mac(key, purpose).of(subject)[:_MAC]):
            return struct.unpack(">QI", b"\0" + subject)
    return None


def message_id(dispatch_id: int, seq: int, domain: str, keys: IdentityKeys, purpose: Purpose = Purpose.message) -> str:
    """Return the Message-ID with its angle brackets; the same for each attempt of one delivery."""
    return f"<{delivery_id(dispatch_id, seq, purpose, keys)}@{domain}>"


def read_message_id(text: str, keys: IdentityKeys, purpose: Purpose = Purpose.message) -> tuple[int, int] | None:
    """Return (dispatch_id, seq) of one of our Message-IDs, whatever its domain and brackets."""
    return read_delivery_id(text.strip().strip("<>").partition("@")[0], purpose, keys)


def return_path(
    dispatch_id: int, seq: int, bounce_domain: str, keys: IdentityKeys, purpose: Purpose = Purpose.bounce
) -> str:
    """Return the envelope sender `b.<id>@<bounce domain>` (VERP): a bounce names its delivery by its address."""
    return return_path_of(delivery_id(dispatch_id, seq, purpose, keys), bounce_domain, purpose)


def return_path_of(delivery_id: str, bounce_domain: str, purpose: Purpose = Purpose.bounce) -> str:
    """Return the envelope sender for an id that was made for this purpose."""
    return f"{_RETURN_PATHS[purpose]}.{delivery_id}@{bounce_domain}"


def read_return_path(address: str, keys: IdentityKeys) -> tuple[Purpose, int, int] | None:
    """Return (purpose, dispatch_id, seq) of an address that `return_path` made; None for any other."""
    match = _RETURN_PATH.fullmatch(address.strip().strip("<>"))
    if match is None:
        return None
    for purpose, letter in _RETURN_PATHS.items():
        if letter == match[1].lower() and (subject := read_delivery_id(match[2], purpose, keys)):
            return purpose, *subject
    return None


def looks_like_return_path(address: str) -> bool:
    """Return whether an address has the form of one that `return_path` makes, true or forged."""
    match = _RETURN_PATH.fullmatch(address.strip().strip("<>"))
    return match is not None and match[1].lower() in _RETURN_PATHS.values()


def reply_address(number: int, seq: int, domain: str, keys: IdentityKeys, purpose: Purpose = Purpose.reply) -> str:
    """Return the address `r.<id>@<domain>` that takes replies to a delivery, or (seq 0) to a conversation."""
    return reply_address_of(delivery_id(number, seq, purpose, keys), domain)


def reply_address_of(delivery_id: str, domain: str) -> str:
    """Return the address for an id that was made for replies."""
    return f"r.{delivery_id}@{domain}"


def read_reply_address(address: str, keys: IdentityKeys) -> tuple[Purpose, int, int] | None:
    """Return (purpose, dispatch or conversation, seq) of an address that `reply_address` made; None for any other."""
    return _read_lettered(address, "r", (Purpose.reply, Purpose.conversation), keys)


def read_inquiry_address(address: str, keys: IdentityKeys) -> int | None:
    """Return the number of the inquiry that an address (`reply_address`) is for; None for any other."""
    found = _read_lettered(address, "r", (Purpose.inquiry,), keys)
    return found[1] if found else None


def read_unsubscribe_address(address: str, keys: IdentityKeys) -> tuple[int, int] | None:
    """Return (dispatch, seq) of the address in a mail's List-Unsubscribe; None for any other."""
    found = _read_lettered(address, "u", (Purpose.unsubscribe_mail,), keys)
    return found[1:] if found else None


def _read_lettered(
    address: str, letter: str, purposes: tuple[Purpose, ...], keys: IdentityKeys
) -> tuple[Purpose, int, int] | None:
    written, _, rest = address.rpartition("@")[0].partition(".")
    if written.lower() != letter:
        return None
    for purpose in purposes:
        if subject := read_delivery_id(rest, purpose, keys):
            return purpose, *subject
    return None


def _encoded(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def _digits(number: int) -> str:
    """Return a number of 100 bits as 20 characters of Base32 (RFC 4648), in lower case."""
    pairs, high, low = _PAIRS, number >> 50, number & _LOW_HALF
    return (
        f"{pairs[high >> 40]}{pairs[high >> 30 & 1023]}{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}"
        f"{pairs[high & 1023]}{pairs[low >> 40]}{pairs[low >> 30 & 1023]}{pairs[low >> 20 & 1023]}"
        f"{pairs[low >> 10 & 1023]}{pairs[low & 1023]}"
    )


def _mac(key: bytes, purpose: str) -> Mac:
    return Mac("sha256", key, purpose.encode() + b"\0")


def _derived(secret: str) -> tuple[int, bytes]:
    """Return (key id, key) by HKDF-SHA256 (RFC 5869); both keys may share an id, so reading tries each."""
    extracted = hmac.digest(b"wem.delivery.identity", secret.encode(), hashlib.sha256)
    block = hmac.digest(extracted, b"key\x01", hashlib.sha256)
    return hmac.digest(extracted, b"key id\x01", hashlib.sha256)[0], block
