"""The product's own mails: one row each, in the same transaction as what they speak of; no other way out."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock, queue
from wem.db import Base, BigId, Small, db
from wem.hashing import address_hash


class OutboxState(enum.IntEnum):
    waiting = 0
    leased = 1
    accepted = 2
    failed = 4
    expired = 7
    withdrawn = 8  # taken back while a worker held it


@dataclass(frozen=True)
class SystemMail:
    """A mail of the product itself. `sender_name` is what the reader sees; the address is the service's unless `sender`
    names one of the customer's, on that of their domains (`sender_domain_id`, None: the service's)."""

    kind: str
    recipient: str
    subject: str
    text: str
    html: str | None = None
    sender_name: str = ""
    reply_to: str | None = None
    lifetime: timedelta = timedelta(hours=24)
    headers: dict[str, str] = field(default_factory=dict)
    # Attached: (key in `storage`, name).
    files: tuple[tuple[str, str], ...] = ()
    sender: str | None = None
    sender_domain_id: int | None = None


class OutboxMail(Base):
    __tablename__ = "outbox_mail"
    __table_args__ = (
        sa.Index(
            "ix_outbox_mail_due", "not_before", sqlite_where=sa.text("state = 0"), postgresql_where=sa.text("state = 0")
        ),
        sa.Index(
            "ix_outbox_mail_leased",
            "lease_until",
            sqlite_where=sa.text("state = 1"),
            postgresql_where=sa.text("state = 1"),
        ),
        sa.Index("ix_outbox_mail_about", "about"),
        sa.Index(
            "ix_outbox_mail_recipient_hash",
            "recipient_hash",
            sqlite_where=sa.text("recipient_hash IS NOT NULL"),
            postgresql_where=sa.text("recipient_hash IS NOT NULL"),
        ),
        # Those that failed and of which nobody has drawn the consequences.
        sa.Index(
            "ix_outbox_mail_failed",
            "id",
            sqlite_where=sa.text("state IN (4, 7) AND not_arrived_at IS NULL"),
            postgresql_where=sa.text("state IN (4, 7) AND not_arrived_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    customer_id: Mapped[int | None]
    # What it speaks of ("subscription 12"), so that it can be taken back or erased with it.
    about: Mapped[str | None] = mapped_column(sa.String(64))
    # Recipient and content are cleared once the mail is out or given up: the row stays for the count, the address not.
    recipient: Mapped[str | None] = mapped_column(sa.String(320))
    sender_name: Mapped[str] = mapped_column(sa.String(200), default="")
    # Of a mail in a customer's name: its From and the sender domain that signs it.
    sender: Mapped[str | None] = mapped_column(sa.String(320))
    sender_domain_id: Mapped[int | None] = mapped_column(BigId)
    reply_to: Mapped[str | None] = mapped_column(sa.String(320))
    subject: Mapped[str | None] = mapped_column(sa.Text)
    text: Mapped[str | None] = mapped_column(sa.Text)
    html: Mapped[str | None] = mapped_column(sa.Text)
    headers: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    state: Mapped[OutboxState] = mapped_column(Small(OutboxState), default=OutboxState.waiting)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    owner: Mapped[str | None] = mapped_column(sa.String(64))
    fence: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    code: Mapped[int | None]
    reply: Mapped[str | None] = mapped_column(sa.String(500))
    # Of mails about a customer's affairs: tells later which of them went to the same address.
    recipient_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))
    # When it was known that it did not get there: refused, given up, or sent back.
    not_arrived_at: Mapped[datetime | None]
    # What is attached: [{"key", "name"}], as kept in `storage`.
    files: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    # Whoever holds it is not to hand it over any more.
    withdrawn_at: Mapped[datetime | None]


def post(mail: SystemMail, *, customer_id: int | None = None, about: str | None = None) -> OutboxMail:
    """Put a mail into the outbox of this transaction; it leaves within seconds of the commit."""
    at = clock.now()
    row = OutboxMail(
        kind=mail.kind,
        customer_id=customer_id,
        about=about,
        recipient=mail.recipient,
        sender_name=mail.sender_name,
        sender=mail.sender,
        sender_domain_id=mail.sender_domain_id,
        reply_to=mail.reply_to,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        headers=mail.headers,
        files=[{"key": key, "name": name} for key, name in mail.files] or None,
        created_at=at,
        not_before=at - clock.SET_BACK,
        expires_at=at + mail.lifetime,
        recipient_hash=known_by(mail.recipient) if customer_id is not None else None,
    )
    db.session.add(row)
    queue.ring(queue.HI, "wem.delivery.jobs.drain_outbox")
    return row


def withdraw(ids: Collection[int]) -> set[int]:
    """Take mails back that have not left and return which; a worker that holds one lets go of it within a second.

    One that is on its way to the mail server at this moment may still be taken there.
    """
    mine = OutboxMail.id.in_(ids)
    gone = set(
        db.session.scalars(
            sa.delete(OutboxMail)
            .where(mine, OutboxMail.state == OutboxState.waiting)
            .returning(OutboxMail.id)
            .execution_options(synchronize_session=False)
        )
    )
    held = db.session.scalars(
        sa.update(OutboxMail)
        .where(mine, OutboxMail.state == OutboxState.leased)
        .values(withdrawn_at=clock.now())
        .returning(OutboxMail.id)
        .execution_options(synchronize_session=False)
    )
    return gone | set(held)


def known_by(recipient: str) -> bytes:
    """Return the keyed hash under which the mails to an address are found after the address is cleared."""
    return address_hash(recipient.strip().lower())


def take_back(about: str) -> None:
    """Remove what is not sent yet about a subject that is gone."""
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.about == about, OutboxMail.state == OutboxState.waiting))
