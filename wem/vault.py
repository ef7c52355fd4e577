"""Secrets at rest: sealed with AES-256-GCM under a key made from the master key, bound to whose and what for."""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wem.settings import settings

# Says how what follows was sealed.
_FORM = b"\x01"
_NONCE_BYTES = 12


class CannotOpen(Exception):
    """A sealed secret does not open: it was sealed under another master key, for another use, or has changed."""


def seal(secret: bytes, *bound: int | str) -> bytes:
    """Return the secret sealed for this use alone, such as ("dkim", customer id, selector)."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORM + nonce + _cipher(settings().MASTER_KEY).encrypt(nonce, secret, _named(bound))


def open_sealed(sealed: bytes, *bound: int | str) -> bytes:
    """Return the secret; `bound` as it was when sealed. Raises CannotOpen."""
    if sealed[:1] != _FORM:
        raise CannotOpen("sealed in an unknown form")
    nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return _cipher(settings().MASTER_KEY).decrypt(nonce, rest, _named(bound))
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("the master key or the use is another one") from error


def _named(bound: tuple[int | str, ...]) -> bytes:
    # With lengths, so that ("a", "bc") and ("ab", "c") stay apart.
    return b"".join(b"%d:%s" % (len(text), text) for text in (str(part).encode() for part in bound))


@lru_cache(maxsize=4)
def _cipher(master_key: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"wem.vault").derive(master_key.encode()))
