"""Signed links: bound to one purpose, naming their subject by id, expiring where they should."""

from __future__ import annotations

import enum
from binascii import b2a_base64
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, int_to_bytes

from wem.hashing import Mac
from wem.settings import Settings

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(enum.StrEnum):
    confirm = "confirm"  # subscription id
    blank_mail = "blank_mail"  # subscription id, after a mail to a list's dedicated address
    unsubscribe = "unsubscribe"  # subscriber id, mailing id (0: none)
    preferences = "preferences"  # subscriber id
    address_change = "address_change"  # address change id
    form = "form"  # moment at which a public form was shown
    page = "page"  # moment at which a page with a button was shown
    password = "password"  # account id, change number
    invitation = "invitation"  # membership invitation id
    emergency = "emergency"  # emergency stop id
    news_stop = "news_stop"  # customer id, number of a purpose: stops mails to a customer about services
    application = "application"  # application id: leads the applicant to its papers
    order = "order"  # inquiry id: an order by mail, asked of the registered address
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
        self._mac = Mac("sha1", serializer.make_signer(serializer.salt).derive_key())
        self._second, self._stamp = 0, b""

    def sign(self, at: datetime, *subject: int) -> str:
        """Return the token that `sign` would return at this time."""
        second = int(at.timestamp())
        if second != self._second:
            self._second, self._stamp = second, b"." + base64_encode(int_to_bytes(second))
        signed = _encoded(f"[{','.join(map(str, subject))}]".encode("ascii")) + self._stamp
        return (signed + b"." + _encoded(self._mac.of(signed))).decode("ascii")


def _encoded(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_URL_SAFE, b"=")


def read(purpose: Purpose, token: str, lifetime: timedelta | None = None) -> list[int | str] | None:
    """Return the token's subject; None when it is forged, for another purpose or older than its lifetime."""
    try:
        subject = _signer(purpose).loads(token, max_age=None if lifetime is None else int(lifetime.total_seconds()))
    except BadData:
        return None
    return subject if isinstance(subject, list) else None
