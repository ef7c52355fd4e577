"""Hashing outside any transaction: argon2 takes its time on purpose, and SQLite has one writer."""

from __future__ import annotations

from wem.accounts.models import hasher, is_password
from wem.db import db


def hashed(password: str) -> str:
    """Return the hash of a new password. Ends the present transaction first; rows are read again afterwards."""
    db.session.rollback()
    return hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Return whether a password fits its hash. Ends the present transaction first."""
    db.session.rollback()
    return is_password(password, kept)
