"""Checking a password, slowly and without telling who has an account."""

from __future__ import annotations

import enum
from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.accounts.models import Account, SignInAttempt, hasher
from wem.accounts.passwords import fits, hashed
from wem.accounts.rules import GUESS_MINUTES, guesses_left
from wem.db import db


class Refusal(enum.StrEnum):
    wrong = "wrong"
    too_many = "too_many"


def check_password(email: str, password: str, ip: str, user_agent: str) -> Account | Refusal:
    """Return whose address and password these are, or why not; the attempt is written down either way.

    An unknown address takes as long as a known one and gets the same answer.
    """
    email = email.strip().lower()
    if not _may_try(email, ip):
        return Refusal.too_many
    account = account_of(email)
    kept = account.password_hash if account else None
    good = fits(password, kept)
    rehashed = hashed(password) if good and hasher.check_needs_rehash(kept or "") else None
    if account and rehashed:
        account.password_hash = rehashed
    db.session.add(
        SignInAttempt(
            at=clock.now(),
            email=email[:254],
            account_id=account.id if account else None,
            ip=ip,
            user_agent=user_agent[:300],
            succeeded=good,
        )
    )
    return account if good and account else Refusal.wrong


def account_of(email: str) -> Account | None:
    """Return the account in force with this mail address."""
    return db.session.scalar(
        sa.select(Account).where(Account.email == email.strip().lower(), Account.ended_at.is_(None))
    )


def attempts_of(account: Account) -> sa.Select[SignInAttempt]:
    """Return the person's attempts to sign in, whoever made them (8-2)."""
    return sa.select(SignInAttempt).where(SignInAttempt.email == account.email)


def recent_attempts(account: Account, most: int = 20) -> list[SignInAttempt]:
    """Return the person's last attempts to sign in, newest first (8-2)."""
    newest = attempts_of(account).order_by(SignInAttempt.at.desc(), SignInAttempt.id.desc())
    return list(db.session.scalars(newest.limit(most)))


def _may_try(email: str, ip: str) -> bool:
    since = clock.now() - timedelta(minutes=GUESS_MINUTES)
    failed = sa.select(sa.func.count()).where(SignInAttempt.at > since, SignInAttempt.succeeded.is_(False))
    # A success from the same place begins the count anew.
    last_success = db.session.scalar(
        sa.select(sa.func.max(SignInAttempt.at)).where(
            SignInAttempt.email == email, SignInAttempt.ip == ip, SignInAttempt.at > since, SignInAttempt.succeeded
        )
    )
    here = failed.where(SignInAttempt.email == email, SignInAttempt.ip == ip)
    if last_success is not None:
        here = here.where(SignInAttempt.at > last_success)
    return guesses_left(
        db.session.scalar(here) or 0,
        db.session.scalar(failed.where(SignInAttempt.email == email)) or 0,
        db.session.scalar(failed.where(SignInAttempt.ip == ip)) or 0,
    )
