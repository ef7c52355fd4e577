"""What workers do for signing in: forget what is past its time."""

from __future__ import annotations

import time
from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.accounts.models import SignIn, SignInAttempt
from wem.db import db, let_others_write
from wem.settings import settings

SECONDS = 50.0
AT_ONCE = 5_000


def forget_old() -> None:
    """Erase attempts to sign in, and sign-ins that have ended, once they are older than people are shown them."""
    until = time.monotonic() + SECONDS
    before = clock.now() - timedelta(days=int(settings().SIGN_IN_HISTORY_DAYS))
    attempts = sa.select(SignInAttempt.id).where(SignInAttempt.at < before).limit(AT_ONCE)
    ended = sa.select(SignIn.id).where(SignIn.ended_at < before).limit(AT_ONCE)
    for erase in (
        sa.delete(SignInAttempt).where(SignInAttempt.id.in_(attempts)),
        sa.delete(SignIn).where(SignIn.id.in_(ended)),
    ):
        while db.session.execute(erase).rowcount and time.monotonic() < until:  # type: ignore[attr-defined]
            db.session.commit()
            let_others_write()
        db.session.commit()
