"""Customers, the people who sign in, their sign-ins, and partners."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.accounts.rules import Role, StaffRole
from wem.db import Base, BigId, db

hasher = PasswordHasher()


def is_password(password: str, kept: str | None) -> bool:
    """Return whether a password fits what is kept of it; without anything kept it takes as long, and is False."""
    nobody = _nobody()  # asked for always: the one who asks first must not tell by waiting longer
    try:
        hasher.verify(kept or nobody, password)
    except VerificationError:
        return False
    return kept is not None


@cache
def _nobody() -> str:
    """Return what is compared with when nobody has the address, so that the answer takes as long.

    Not made when the product is loaded: argon2 needs 64 MB for it, which every worker would have to show.
    """
    return hasher.hash(secrets.token_hex(16))


class Customer(Base):
    """A paying person or company (ユーザー)."""

    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    kana: Mapped[str] = mapped_column(sa.String(100), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    memberships: Mapped[list[Membership]] = relationship(back_populates="customer")


class Partner(Base):
    """A company that takes in applications for us (弊社パートナー)."""

    __tablename__ = "partner"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(16), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))


class Account(Base):
    """One person who signs in: of customers, of staff or of a partner."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    # Goes up with each new password, so that a reset link works once.
    password_number: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(sa.String(2), default="ja")
    staff_role: Mapped[StaffRole | None]
    partner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("partner.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]
    # When owners were last told that it is used from two places at once.
    two_places_at: Mapped[datetime | None]

    memberships: Mapped[list[Membership]] = relationship(back_populates="account")
    partner: Mapped[Partner | None] = relationship()

    def set_password(self, password_hash: str) -> None:
        """Keep the hash of a new password and end every sign-in.

        The hash is made by `hasher` before the transaction begins to write: it takes its time on purpose.
        """
        self.password_hash = password_hash
        self.password_number = (self.password_number or 0) + 1
        self.end_sign_ins()

    def has_password(self, password: str) -> bool:
        """Return whether this is the password."""
        return is_password(password, self.password_hash)

    def end_sign_ins(self, *, but: SignIn | None = None) -> int:
        """End all of this person's sign-ins (but one); returns how many ended."""
        if self.id is None:
            return 0
        ended = db.session.execute(
            sa.update(SignIn)
            .where(SignIn.account_id == self.id, SignIn.ended_at.is_(None), SignIn.id != (but.id if but else 0))
            .values(ended_at=clock.now())
        )
        return int(ended.rowcount)  # type: ignore[attr-defined]

    def end(self) -> None:
        """End the account: nobody signs in with it any more."""
        self.ended_at = clock.now()
        self.end_sign_ins()


class Membership(Base):
    """A person's role with one customer."""

    __tablename__ = "membership"
    __table_args__ = (sa.UniqueConstraint("account_id", "customer_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    role: Mapped[Role]
    # Whether the person gets a mail when a mailing is done, held, stopped or failed.
    told_of_mailings: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    account: Mapped[Account] = relationship(back_populates="memberships")
    customer: Mapped[Customer] = relationship(back_populates="memberships")


class ReturnedAccount(Base):
    """A sign-in that a customer's person had and has no more (8-1); those in use are the memberships."""

    __tablename__ = "returned_account"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    account_id: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(100))
    email: Mapped[str] = mapped_column(sa.String(254))
    role: Mapped[Role]
    lent_at: Mapped[datetime]
    returned_at: Mapped[datetime] = mapped_column(default=clock.now)
    returned_by: Mapped[int | None]


class ReturnedPage(Base):
    """A dedicated URL that a customer had and has no more (8-1, 8-3); never lent to anybody else."""

    __tablename__ = "returned_page"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    slug: Mapped[str] = mapped_column(sa.String(40), unique=True)
    lent_at: Mapped[datetime]
    returned_at: Mapped[datetime] = mapped_column(default=clock.now)
    returned_by: Mapped[int | None]
    # Whether the old address says which one serves now, or only that it is gone.
    leads_on: Mapped[bool]
    reason: Mapped[str] = mapped_column(sa.String(300), default="")


class SignIn(Base):
    """One sign-in of one person: a browser that holds a token. Ended here, it is ended everywhere."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ip: Mapped[str] = mapped_column(sa.String(45), default="")
    user_agent: Mapped[str] = mapped_column(sa.String(300), default="")

    account: Mapped[Account] = relationship()

    @classmethod
    def begin(cls, account: Account, ip: str, user_agent: str) -> tuple[SignIn, str]:
        """Add a sign-in to the session; returns it and the token that only the browser keeps."""
        token = secrets.token_urlsafe(32)
        at = clock.now()
        row = cls(
            token_hash=digest(token),
            account=account,
            created_at=at,
            seen_at=at,
            ip=ip,
            user_agent=user_agent[:300],
        )
        db.session.add(row)
        return row, token

    def good(self, at: datetime, idle: timedelta, longest: timedelta) -> bool:
        """Return whether this sign-in still counts at a moment."""
        return (
            self.ended_at is None
            and self.account.ended_at is None
            and at - self.seen_at <= idle
            and at - self.created_at <= longest
        )


def digest(token: str) -> bytes:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


class SignInAttempt(Base):
    """A try to sign in, with its outcome: shown to the person, and counted against guessing."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        sa.Index("ix_sign_in_attempt_email_at", "email", "at"),
        sa.Index("ix_sign_in_attempt_ip_at", "ip", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    email: Mapped[str] = mapped_column(sa.String(254))
    account_id: Mapped[int | None]
    ip: Mapped[str] = mapped_column(sa.String(45))
    user_agent: Mapped[str] = mapped_column(sa.String(300), default="")
    succeeded: Mapped[bool]


class Invitation(Base):
    """A person asked to join a customer's people, staff or a partner; accepted by a mailed link."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254))
    name: Mapped[str] = mapped_column(sa.String(100))
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    role: Mapped[Role | None]
    staff_role: Mapped[StaffRole | None]
    partner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("partner.id"), index=True)
    invited_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    customer: Mapped[Customer | None] = relationship()
    partner: Mapped[Partner | None] = relationship()
