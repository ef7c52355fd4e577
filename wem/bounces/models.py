"""Bounces, complaints, removals and alarms: what came back, and what was done about it. No row holds an address."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.bounces.states import Kind, Reason, Severity
from wem.db import Base, BigId

# In place of a list: the dispatch as a whole.
WHOLE = 0


class Source(enum.StrEnum):
    """How we learnt of a failure."""

    smtp = "smtp"  # the mail server's answer when it was handed over
    mail = "mail"  # a mail that came back


class Bounce(Base):
    """A delivery that failed for good (不達). Append-only, one for each delivery; outlives the reader by its hash."""

    __tablename__ = "bounce"
    __table_args__ = (
        sa.UniqueConstraint("dispatch_id", "seq"),
        sa.Index("ix_bounce_customer_id_address_hash", "customer_id", "address_hash"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # Plain numbers, no foreign keys: it outlives deliveries, dispatches and readers.
    customer_id: Mapped[int]
    mailing_id: Mapped[int]
    dispatch_id: Mapped[int] = mapped_column(sa.BigInteger)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    subscriber_id: Mapped[int] = mapped_column(sa.BigInteger)
    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    # Of the mailing's lists, those that the reader was on.
    lists: Mapped[list[Any]]
    provider: Mapped[str] = mapped_column(sa.String(16))
    source: Mapped[Source]
    severity: Mapped[Severity]
    reason: Mapped[Reason]
    status: Mapped[str | None] = mapped_column(sa.String(12))
    reply: Mapped[int | None] = mapped_column(sa.SmallInteger)
    # Without addresses.
    diagnostic: Mapped[str] = mapped_column(sa.String(500), default="")
    reporter: Mapped[str] = mapped_column(sa.String(255), default="")
    # Whether it speaks against the address.
    counts: Mapped[bool]
    sent_at: Mapped[datetime]
    at: Mapped[datetime]
    # The mail that told us.
    number: Mapped[int | None] = mapped_column(sa.BigInteger)


class Complaint(Base):
    """A reader told the own provider that a mail is a nuisance (RFC 5965), or asked there to be taken off."""

    __tablename__ = "complaint"
    __table_args__ = (
        sa.UniqueConstraint("dispatch_id", "seq"),
        sa.Index("ix_complaint_customer_id_address_hash", "customer_id", "address_hash"),
        sa.Index("ix_complaint_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int]
    mailing_id: Mapped[int]
    dispatch_id: Mapped[int] = mapped_column(sa.BigInteger)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    subscriber_id: Mapped[int] = mapped_column(sa.BigInteger)
    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    provider: Mapped[str] = mapped_column(sa.String(16))
    feedback_type: Mapped[str] = mapped_column(sa.String(32), default="")
    # False: a wish to be taken off, which is no complaint.
    counts: Mapped[bool]
    at: Mapped[datetime]
    number: Mapped[int | None] = mapped_column(sa.BigInteger)


class BounceTally(Base):
    """How many bounces and complaints of a dispatch came on a day, by reason: as a whole (list 0) and by list."""

    __tablename__ = "bounce_tally"
    __table_args__ = (sa.Index("ix_bounce_tally_list_id_day", "list_id", "day"),)

    dispatch_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    list_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[Reason] = mapped_column(primary_key=True)
    customer_id: Mapped[int]
    number: Mapped[int]


class ProviderTally(Base):
    """How many mails from a sender domain ("" is the service's own) a provider refused on a day, by reason."""

    __tablename__ = "provider_tally"

    day: Mapped[date] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    domain: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    reason: Mapped[Reason] = mapped_column(primary_key=True)
    number: Mapped[int]


class PostponedTally(Base):
    """How many mails from a sender domain ("" is the service's own) a provider put off twice on a day, by trouble."""

    __tablename__ = "postponed_tally"

    day: Mapped[date] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    domain: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    trouble: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    number: Mapped[int]


class Removal(Base):
    """Why an address was removed (自動削除, A-08): stays under the hash when address and fields are erased."""

    __tablename__ = "removal"
    __table_args__ = (sa.Index("ix_removal_customer_id_address_hash", "customer_id", "address_hash"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int]
    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    subscriber_id: Mapped[int] = mapped_column(sa.BigInteger)
    at: Mapped[datetime]
    # [{mailing, sent, reason, status}], the failures that it is built on.
    failures: Mapped[list[Any]]
    # The lists that ended.
    lists: Mapped[list[Any]]
    cumulative: Mapped[bool]


class RemovalReview(Base):
    """An address with three failures and a mail between them that may still come back: looked at again when due."""

    __tablename__ = "removal_review"

    subscriber_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(index=True)


class Unmatched(enum.StrEnum):
    """Why a report belongs to no delivery of ours."""

    forged = "forged"  # the return path is none that we made
    unnamed = "unnamed"  # neither return path nor Message-ID of ours
    gone = "gone"  # of a delivery whose row is deleted by now
    other_recipient = "other_recipient"  # our Message-ID, but it was not sent to this address


class UnmatchedReport(Base):
    """A bounce or complaint that nobody can count: listed for staff, and forgotten after 30 days."""

    __tablename__ = "unmatched_report"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[Kind]
    why: Mapped[Unmatched]
    severity: Mapped[Severity]
    reason: Mapped[Reason]
    status: Mapped[str | None] = mapped_column(sa.String(12))
    # Masked.
    recipient: Mapped[str] = mapped_column(sa.String(320), default="")
    diagnostic: Mapped[str] = mapped_column(sa.String(500), default="")
    reporter: Mapped[str] = mapped_column(sa.String(255), default="")


class AlarmKind(enum.StrEnum):
    provider = "provider"  # a provider refuses a sender domain, or all of us
    complaints = "complaints"  # too many complaints about a customer's mailings
    postponed = "postponed"  # a provider puts off many mails of a sender domain, or of all of us (4xx)


class Alarm(Base):
    """Something that staff have to look at; one open alarm per key, counted up while it goes on."""

    __tablename__ = "alarm"
    __table_args__ = (
        sa.Index(
            "uq_alarm_open",
            "key",
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(320))
    kind: Mapped[AlarmKind]
    # Whom it concerns; none: all of us.
    customer_id: Mapped[int | None]
    domain: Mapped[str] = mapped_column(sa.String(255), default="")
    provider: Mapped[str] = mapped_column(sa.String(16), default="")
    trouble: Mapped[str] = mapped_column(sa.String(32), default="")
    number: Mapped[int] = mapped_column(default=0)
    # One server's words, without addresses.
    sample: Mapped[str] = mapped_column(sa.String(500), default="")
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")


class FollowedTo(Base):
    """How far the answers of mail servers have been read."""

    __tablename__ = "followed_to"

    name: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    attempt_id: Mapped[int] = mapped_column(sa.BigInteger, default=0)
