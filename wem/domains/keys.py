"""DKIM keys: made, sealed in their row, opened for signing, taken into use, erased when past."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from wem import vault
from wem.domains.models import DomainKey, SenderDomain
from wem.domains.rules import PAST_KEY_LASTS, KeyKind, KeyState
from wem.settings import settings

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
# What receivers verify and DNS holds in one answer; longer keys are refused by some of both.
RSA_BITS = 2048


@dataclass(frozen=True)
class Pair:
    """A new key: the private half as DER, the public half as it stands behind p=."""

    kind: KeyKind
    private: bytes
    public: str

    def __repr__(self) -> str:
        return f"Pair({self.kind.value})"  # no log shows the private half


def make_pair(kind: KeyKind) -> Pair:
    """Return a new pair; for RSA it takes up to a second, so call it while no transaction is open."""
    key: PrivateKey
    if kind is KeyKind.rsa:
        key = rsa.generate_private_key(65537, RSA_BITS)
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Pair(kind, private, b64encode(public).decode("ascii"))


def first_pairs() -> list[Pair]:
    """Return the pairs that a new domain begins with: one to use, one to change to, and Ed25519 where it is wanted."""
    kinds = [KeyKind.rsa, KeyKind.rsa, *([KeyKind.ed25519] if settings().DKIM_ED25519 == "1" else [])]
    return [make_pair(kind) for kind in kinds]


def lacking(domain: SenderDomain) -> list[KeyKind]:
    """Return the kinds of which a key is to be made: for the next change, and Ed25519 where it is wanted."""
    kinds = [] if domain.key_in(KeyState.waiting) else [KeyKind.rsa]
    if settings().DKIM_ED25519 == "1" and not domain.key_in(KeyState.used, KeyKind.ed25519):
        kinds.append(KeyKind.ed25519)
    return kinds


def keep(domain: SenderDomain, pairs: list[Pair], at: datetime) -> None:
    """Add pairs to a domain that is in the session: the first of each kind is used, the next one waits."""
    for pair in pairs:
        used = domain.key_in(KeyState.used, pair.kind) is None
        selector = f"wem{len(domain.keys) + 1}"
        domain.keys.append(
            DomainKey(
                selector=selector,
                kind=pair.kind,
                state=KeyState.used if used else KeyState.waiting,
                public=pair.public,
                sealed=vault.seal(pair.private, *_bound(domain, selector)),
                found=False,
                created_at=at,
                used_since=at if used else None,
            )
        )


def change(domain: SenderDomain, at: datetime) -> bool:
    """Take the waiting key into use; the one before stays published for a week. False when none waits."""
    used, waiting = domain.key_in(KeyState.used), domain.key_in(KeyState.waiting)
    if waiting is None:
        return False
    if used is not None:
        used.state, used.past_since = KeyState.past, at
    waiting.state, waiting.used_since = KeyState.used, at
    return True


def erase_past(domain: SenderDomain, at: datetime) -> list[str]:
    """Erase the private halves of keys that are past for long enough; returns their selectors."""
    over = [
        key
        for key in domain.keys
        if key.state is KeyState.past
        and key.ended_at is None
        and key.past_since is not None
        and at - key.past_since >= PAST_KEY_LASTS
    ]
    for key in over:
        key.sealed, key.ended_at = None, at
    return [key.selector for key in over]


def opened(key: DomainKey, domain: SenderDomain) -> PrivateKey:
    """Return the private key, ready to sign; raises vault.CannotOpen under another master key."""
    if key.sealed is None:
        raise vault.CannotOpen(f"key {key.selector} is erased")
    return _opened(key.sealed, settings().MASTER_KEY, _bound(domain, key.selector))


@lru_cache(maxsize=256)
def _opened(sealed: bytes, _master_key: str, bound: tuple[int | str, ...]) -> PrivateKey:
    der = vault.open_sealed(sealed, *bound)
    # We made it and the seal vouches for it; the check of an RSA key costs more than a hundred signatures.
    loaded = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(loaded, RSAPrivateKey | Ed25519PrivateKey)
    return loaded


def _bound(domain: SenderDomain, selector: str) -> tuple[int | str, ...]:
    return ("dkim", domain.customer_id or 0, domain.name, selector)
