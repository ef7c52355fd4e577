"""Keys for DKIM: one for the service's own domain, made for the run, for the product and for the plain way alike."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from wem.db import db
from wem.domains import founding
from wem.domains.rules import KeyKind


@cache
def made(kind: str) -> bytes:
    """Return a private key: PEM for rsa, the bare 32 octets in Base64 for ed25519, as dkimpy reads them."""
    if kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    return b64encode(ed25519.Ed25519PrivateKey.generate().private_bytes_raw())


def plain(kind: str) -> tuple[bytes | None, bytes]:
    """Return key and algorithm for dkimpy."""
    if kind == "none":
        return None, b""
    return made(kind), b"rsa-sha256" if kind == "rsa" else b"ed25519-sha256"


def settings(kind: str) -> dict[str, str]:
    """Return the settings with which the product makes such keys."""
    return {"DKIM_ED25519": "1"} if kind == "ed25519" else {}


def use(kind: str) -> None:
    """Have the product sign for the service's own domain with one key of this kind. Commits."""
    if kind == "none":
        return
    domain = founding.service_domain()
    wanted = KeyKind.rsa if kind == "rsa" else KeyKind.ed25519
    for key in list(domain.keys):
        if key.kind is wanted:
            key.found = True
        else:
            domain.keys.remove(key)
            db.session.delete(key)
    db.session.commit()


def published(name: bytes, timeout: int = 5) -> bytes:
    """Return what a name of the service's domain would say in DNS, as dkimpy asks for it."""
    selector = name.decode().split(".", 1)[0]
    for key in founding.service_domain().keys:
        if key.selector == selector:
            return f"v=DKIM1; k={key.kind.value}; p={key.public}".encode()
    return b""
