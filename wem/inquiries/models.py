"""Inquiries with what was said in them and what was attached."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.accounts.models import Customer
from wem.contracts.state_rules import after
from wem.db import Base, BigId
from wem.inquiries.state_rules import INQUIRY, WAITING, InquiryAction, InquiryState
from wem.notices.masking_rules import mask_address


class Origin(enum.StrEnum):
    """How a thread began."""

    portal = "portal"
    help_desk = "help_desk"  # a mail to the help desk
    course_change = "course_change"  # a mail to the address for changes of the contract
    complaint = "complaint"  # we passed an end user's complaint on


class Writer(enum.StrEnum):
    """Who asks, as far as the address tells."""

    customer = "customer"
    # Opened by staff only with a reason: who is not known may be an end user.
    reader = "reader"  # stands on somebody's list
    unknown = "unknown"


class EntryKind(enum.StrEnum):
    asked = "asked"
    answer = "answer"
    note = "note"  # among staff
    act = "act"  # what staff did with it, among staff


class Inquiry(Base):
    """One thread between somebody who asks and the help desk."""

    __tablename__ = "inquiry"
    __table_args__ = (
        sa.Index("ix_inquiry_customer_id_newest", "customer_id", "newest"),
        sa.Index("ix_inquiry_state_answer_by", "state", "answer_by"),
        sa.Index("ix_inquiry_address_hash", "address_hash"),
        sa.Index("ix_inquiry_newest", "newest"),
        # Never give a number twice: the addresses that take answers carry it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # None: nobody's that we know of.
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id"))
    account_id: Mapped[int | None]
    origin: Mapped[Origin]
    writer: Mapped[Writer]
    state: Mapped[InquiryState] = mapped_column(default=InquiryState.received)
    subject: Mapped[str] = mapped_column(sa.String(200), default="")
    name: Mapped[str] = mapped_column(sa.String(100), default="")
    # Where answers go; empty when they stand on the portal alone.
    address: Mapped[str] = mapped_column(sa.String(320), default="")
    address_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))
    language: Mapped[str] = mapped_column(sa.String(2), default="ja")
    # Holds a secret of one side (2-1): admin and support alone, of the customer the owners and who asked.
    confidential: Mapped[bool] = mapped_column(default=False)
    assigned_to: Mapped[int | None]
    received_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    last_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    # Number of its last entry, by which threads stand in the order in which they moved.
    newest: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    unread: Mapped[bool] = mapped_column(default=False)  # by the customer
    receipt_at: Mapped[datetime | None]
    # The thread of the end user whose complaint this one passes on.
    source_id: Mapped[int | None] = mapped_column(sa.ForeignKey("inquiry.id", ondelete="SET NULL"), index=True)
    # An order by mail: the registered address was asked whether it is the customer's, and said yes.
    confirm_asked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]

    customer: Mapped[Customer | None] = relationship()
    entries: Mapped[list[InquiryEntry]] = relationship(
        back_populates="inquiry", order_by="InquiryEntry.id", passive_deletes=True
    )

    @property
    def number(self) -> str:
        return f"Q{self.id:06}"

    @property
    def waits(self) -> bool:
        """Whether it is our turn."""
        return self.state in WAITING

    @property
    def masked(self) -> str:
        return mask_address(self.address) if "@" in self.address else ""

    def overdue(self, at: datetime) -> bool:
        """Return whether the answer is late at a moment."""
        return self.waits and self.answer_by < at

    def move(self, action: InquiryAction) -> None:
        """Go along one line of the table. Raises Illegal."""
        self.state = after(INQUIRY, self.state, action)
        self.closed_at = clock.now() if self.state is InquiryState.closed else None


class InquiryEntry(Base):
    """One message or note of a thread."""

    __tablename__ = "inquiry_entry"
    __table_args__ = (
        sa.Index("ix_inquiry_entry_inquiry_id", "inquiry_id"),
        sa.Index("ix_inquiry_entry_message_id", "message_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    inquiry_id: Mapped[int] = mapped_column(sa.ForeignKey("inquiry.id", ondelete="CASCADE"))
    kind: Mapped[EntryKind]
    at: Mapped[datetime] = mapped_column(default=clock.now)  # of a mail, when it arrived
    account_id: Mapped[int | None]
    # Who wrote a mail, where it is not the thread's own address.
    address: Mapped[str] = mapped_column(sa.String(320), default="")
    automatic: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(sa.Text, default="")
    # What was attached and not kept: [{"name", "size"}]
    left_out: Mapped[list[Any]] = mapped_column(default=list)
    message_id: Mapped[str] = mapped_column(sa.String(250), default="")
    inbound_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    outbox_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    # The request that staff entered from it.
    request_id: Mapped[int | None] = mapped_column(sa.BigInteger)

    inquiry: Mapped[Inquiry] = relationship(back_populates="entries")
    files: Mapped[list[InquiryFile]] = relationship(order_by="InquiryFile.id", passive_deletes=True)


class InquiryFile(Base):
    """A file that came with a message: handed out to be saved, never opened on our pages."""

    __tablename__ = "inquiry_file"
    __table_args__ = (sa.Index("ix_inquiry_file_entry_id", "entry_id"), sa.Index("ix_inquiry_file_key", "key"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("inquiry_entry.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(sa.String(100))
    name: Mapped[str] = mapped_column(sa.String(200))
    size: Mapped[int]  # bytes
