"""Mailings, the lists that they go to, and a customer's testers."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.db import Base, BigId
from wem.lists.models import MailingList


class MailingState(enum.StrEnum):
    draft = "draft"  # 下書き
    scheduled = "scheduled"  # 予約
    sending = "sending"  # 送信中
    paused = "paused"
    held = "held"  # 保留
    done = "done"  # 完了
    cancelled = "cancelled"  # 中止
    failed = "failed"


class BodyKind(enum.StrEnum):
    html = "html"
    text = "text"


class Mailing(Base):
    """One composed mail to one audience at one time (メール)."""

    __tablename__ = "mailing"
    __table_args__ = (
        sa.Index("ix_mailing_customer_id_id", "customer_id", "id"),
        sa.Index(
            "ix_mailing_due",
            "scheduled_at",
            sqlite_where=sa.text("state = 'scheduled'"),
            postgresql_where=sa.text("state = 'scheduled'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    state: Mapped[MailingState] = mapped_column(default=MailingState.draft)
    name: Mapped[str] = mapped_column(sa.String(100), default="")
    subject: Mapped[str] = mapped_column(sa.String(400), default="")
    sender_name: Mapped[str] = mapped_column(sa.String(100), default="")
    body_kind: Mapped[BodyKind] = mapped_column(default=BodyKind.html)
    html: Mapped[str] = mapped_column(sa.Text, default="")
    text: Mapped[str] = mapped_column(sa.Text, default="")
    # The text part was written by hand and no longer follows the HTML.
    text_edited: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(sa.String(2), default="ja")
    scheduled_at: Mapped[datetime | None]
    tolerance: Mapped[timedelta] = mapped_column(sa.Interval, default=timedelta(hours=1))
    held_reason: Mapped[str] = mapped_column(sa.String(64), default="")
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    unsubscribed: Mapped[int] = mapped_column(default=0)
    # Two people who edit at once: the second save with an old number is told so.
    version: Mapped[int] = mapped_column(default=1)

    lists: Mapped[list[MailingList]] = relationship(secondary="mailing_target", order_by=MailingList.id)


class MailingTarget(Base):
    """A list that a mailing goes to."""

    __tablename__ = "mailing_target"

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True)
    list_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing_list.id"), primary_key=True, index=True)


class Tester(Base):
    """A named person of the customer who gets test copies."""

    __tablename__ = "tester"
    __table_args__ = (sa.UniqueConstraint("customer_id", "email"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(sa.String(100))
    email: Mapped[str] = mapped_column(sa.String(254))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
