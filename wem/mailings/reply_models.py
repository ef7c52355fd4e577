"""Replies of readers to a mailing: conversations, their mails, and what a customer set for them."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.db import Base, BigId
from wem.mailings.models import Mailing
from wem.notices.masking_rules import mask_address

KEEP_DAYS = 180


class ConversationState(enum.StrEnum):
    open = "open"  # 未対応
    answered = "answered"  # 返信済み
    closed = "closed"  # 対応完了


class Conversation(Base):
    """What one person and a customer wrote to one another about one mail. Goes with the reader when that is erased."""

    __tablename__ = "conversation"
    __table_args__ = (
        # Somebody to whom the mail was forwarded has a conversation of their own.
        sa.UniqueConstraint("dispatch_id", "seq", "address_hash"),
        sa.Index("ix_conversation_customer_id_newest", "customer_id", "newest"),
        sa.Index("ix_conversation_mailing_id_newest", "mailing_id", "newest"),
        sa.Index("ix_conversation_subscriber_id", "subscriber_id"),
        sa.Index("ix_conversation_last_at", "last_at"),
        sa.Index(
            "ix_conversation_unread",
            "customer_id",
            sqlite_where=sa.text("unread"),
            postgresql_where=sa.text("unread"),
        ),
        # Never give a number twice: the addresses that take answers carry it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id", ondelete="CASCADE"))
    dispatch_id: Mapped[int]
    seq: Mapped[int]
    # None: the person had left every list when the reply came.
    subscriber_id: Mapped[int | None] = mapped_column(sa.BigInteger, sa.ForeignKey("subscriber.id", ondelete="CASCADE"))
    # Where the answer goes: what the person wrote from, for nobody's eyes.
    address: Mapped[str] = mapped_column(sa.String(320))
    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    state: Mapped[ConversationState] = mapped_column(default=ConversationState.open)
    unread: Mapped[bool] = mapped_column(default=True)
    # Holds nothing but automatic answers so far.
    automatic: Mapped[bool] = mapped_column(default=False)
    asks_to_stop: Mapped[bool] = mapped_column(default=False)
    subject: Mapped[str] = mapped_column(sa.String(400), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Number of its last mail, by which conversations stand in the order in which they moved.
    newest: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # The person asked for it in these words: from then on the customer's people who write see the address.
    revealed_at: Mapped[datetime | None]
    revealed_by: Mapped[int | None]
    passage: Mapped[str] = mapped_column(sa.String(200), default="")

    mailing: Mapped[Mailing] = relationship()
    mails: Mapped[list[ConversationMail]] = relationship(
        back_populates="conversation", order_by="ConversationMail.id", passive_deletes=True
    )

    @property
    def masked(self) -> str:
        """The person's address as a customer may see it (17-4)."""
        return mask_address(self.address)


class ConversationMail(Base):
    """One mail of a conversation. `text` has every address masked; what it hid is sealed."""

    __tablename__ = "conversation_mail"
    __table_args__ = (sa.Index("ix_conversation_mail_conversation_id", "conversation_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(sa.ForeignKey("conversation.id", ondelete="CASCADE"))
    # Who of the customer's people wrote it; None: the reader did.
    account_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    automatic: Mapped[bool] = mapped_column(default=False)
    subject: Mapped[str] = mapped_column(sa.String(400), default="")
    text: Mapped[str] = mapped_column(sa.Text, default="")
    sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    # What was attached, which is not handed on: [{"name", "size"}]
    files: Mapped[list[Any]] = mapped_column(default=list)
    message_id: Mapped[str] = mapped_column(sa.String(250), default="")

    conversation: Mapped[Conversation] = relationship(back_populates="mails")

    @property
    def from_reader(self) -> bool:
        return self.account_id is None


class ReplySetting(Base):
    """Where a customer has replies go, and how long WeM keeps those that it takes. Missing: the defaults."""

    __tablename__ = "reply_setting"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    # On a proven domain of the customer; empty: WeM takes them.
    address: Mapped[str] = mapped_column(sa.String(254), default="")
    keep_days: Mapped[int] = mapped_column(default=KEEP_DAYS)
