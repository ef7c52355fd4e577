"""The keyed hash by which an address is known after it is erased."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from wem.settings import settings


def address_hasher() -> Callable[[str], bytes]:
    """Return a function from an address key to its 16-byte HMAC-SHA256 under the master key.

    The function is made once and called for each row of an upload.
    """
    start = hmac.new(settings().MASTER_KEY.encode(), b"wem.address\0", hashlib.sha256)

    def hashed(address_key: str) -> bytes:
        mac = start.copy()
        mac.update(address_key.encode())
        return mac.digest()[:16]

    return hashed


def address_hash(address_key: str) -> bytes:
    """Return the keyed hash of one address key, 16 bytes."""
    return address_hasher()(address_key)
