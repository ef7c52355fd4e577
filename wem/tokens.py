"""Signed links: bound to one purpose, naming their subject by id, expiring where they should."""

from __future__ import annotations

import enum
import hmac
import json
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, int_to_bytes

from wem.settings import Settings


class Purpose(enum.StrEnum):
    confirm = "confirm"  # subscription id
    unsubscribe = "unsubscribe"  # subscriber id, mailing id (0: none)
    preferences = "preferences"  # subscriber id
    address_change = "address_change"  # address change id
    form = "form"  # moment at which a public form was shown
    page = "page"  # moment at which a page with a button was shown
    password = "password"  # account id, change number
    invitation = "invitation"  # membership invitation id
    undo = "undo"
    preview = "preview"  # account id, mailing id, subscriber id
    view = "view"  # dispatch id, seq


def _signer(purpose: Purpose) -> URLSafeTimedSerializer:
    loaded: Settings = current_app.config["WEM"]
    keys = [key for key in (loaded.SECRET_KEY_PREVIOUS, loaded.SECRET_KEY) if key]
    return URLSafeTimedSerializer(keys, salt=f"wem.{purpose.value}")


def sign(purpose: Purpose, *subject: int | str) -> str:
    """Return a URL-safe token for the subject, good for this purpose alone."""
    token = _signer(purpose).dumps(list(subject))
    return token if isinstance(token, str) else token.decode("ascii")


class Signing:
    """Signs one subject after the other for one purpose, with its key made ready once: a mail cannot wait longer."""

    def __init__(self, purpose: Purpose) -> None:
        serializer = _signer(purpose)
        self._key = serializer.make_signer(serializer.salt).derive_key()

    def sign(self, at: datetime, *subject: int | str) -> str:
        """Return the token that `sign` would return at this time."""
        payload = base64_encode(json.dumps(subject, separators=(",", ":")))
        signed = payload + b"." + base64_encode(int_to_bytes(int(at.timestamp())))
        return (signed + b"." + base64_encode(hmac.digest(self._key, signed, "sha1"))).decode("ascii")


def read(purpose: Purpose, token: str, lifetime: timedelta | None = None) -> list[int | str] | None:
    """Return the token's subject; None when it is forged, for another purpose or older than its lifetime."""
    try:
        subject = _signer(purpose).loads(token, max_age=None if lifetime is None else int(lifetime.total_seconds()))
    except BadData:
        return None
    return subject if isinstance(subject, list) else None
