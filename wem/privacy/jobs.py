"""Periodic work on personal data."""

from __future__ import annotations

from wem.db import db, let_others_write
from wem.privacy import looking


def forget_old() -> None:
    """Forget who looked at what after the time that the settings say."""
    while looking.forget_old():
        db.session.commit()
        let_others_write()
    db.session.commit()
