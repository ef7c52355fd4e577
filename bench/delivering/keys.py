"""Keys for DKIM: one for the service's own domain, made for the run, for the product and for the plain way alike."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from bench.delivering.databases import NotHere


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
    """Return the settings with which the product signs so; raises NotHere while it cannot."""
    if kind == "none":
        return {}
    raise NotHere("this version of WeM does not sign yet")
