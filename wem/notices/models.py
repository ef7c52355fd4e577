"""Notices, announcements, incidents and maintenance."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.db import Base, BigId, db
from wem.documents import Document
from wem.notices import rules
from wem.notices.incident_rules import STOPS_SENDING, Part
from wem.notices.rules import Channel, NoticeAction, NoticeKind, NoticeState


class Notice(Base):
    """One notice to a customer, or to somebody who applies: the text as sent, by which way, and what became of it."""

    __tablename__ = "notice"
    __table_args__ = (
        sa.Index("ix_notice_customer_id_id", "customer_id", "id"),
        sa.Index("ix_notice_about", "about"),
        sa.Index("ix_notice_outbox_id", "outbox_id", unique=True),
        sa.Index("ix_notice_channel_state_id", "channel", "state", "id"),
        # Mails whose document is not kept yet.
        sa.Index(
            "ix_notice_unkept",
            "id",
            sqlite_where=sa.text("channel = 'mail' AND document_id IS NULL"),
            postgresql_where=sa.text("channel = 'mail' AND document_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[NoticeKind]
    # Plain numbers: a notice outlives the customer, and applications come before one.
    customer_id: Mapped[int | None]
    about: Mapped[str] = mapped_column(sa.String(64), default="")  # "application 12"
    channel: Mapped[Channel]
    state: Mapped[NoticeState] = mapped_column(default=NoticeState.waiting)
    title: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text)
    words: Mapped[dict[str, Any]]
    to_name: Mapped[str] = mapped_column(sa.String(200))
    to_honorific: Mapped[str] = mapped_column(sa.String(8))
    to_email: Mapped[str] = mapped_column(sa.String(254))
    to_postal_code: Mapped[str] = mapped_column(sa.String(8))
    to_address: Mapped[str] = mapped_column(sa.String(300))
    created_at: Mapped[datetime]
    created_by: Mapped[int | None]
    # By when it must be there to have its effect.
    deadline: Mapped[datetime | None]
    # Letters: when it must be in the post.
    due_on: Mapped[date | None]
    printed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    reached_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    # Came back, and staff leave it at that.
    left_at: Mapped[datetime | None]
    left_by: Mapped[int | None]
    read_at: Mapped[datetime | None]
    read_by: Mapped[int | None]
    outbox_id: Mapped[int | None]
    document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"), index=True)
    # The mail that came back and that this letter says again.
    instead_of_id: Mapped[int | None] = mapped_column(sa.ForeignKey("notice.id"), index=True)

    document: Mapped[Document | None] = relationship()

    @property
    def number(self) -> str:
        return f"N{self.id:06}"

    @property
    def counts_since(self) -> datetime | None:
        """Return since when the notice counts as there; None while it does not."""
        return rules.counts_since(self.channel, self.state, self.sent_at, self.reached_at)

    def move(self, action: NoticeAction, at: datetime) -> None:
        """Change the state along its table and note the moment. Raises rules.IllegalMove."""
        self.state = rules.moved(self.channel, self.state, action)
        match action:
            case NoticeAction.print:
                self.printed_at = at
            case NoticeAction.send:
                self.sent_at = at
            case NoticeAction.reach:
                self.reached_at = at
            case NoticeAction.fail:
                self.failed_at = at


class Announcement(Base):
    """An announcement (お知らせ) on the public page and the start pages; a change of the terms is one (3-3)."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    published_at: Mapped[datetime] = mapped_column(index=True)
    # The last day on the start pages; the public page keeps it.
    until: Mapped[date | None]
    created_by: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None]


class Incident(Base):
    """A fault, or maintenance that was announced (13-1): which part, from when to when, and for which reason."""

    __tablename__ = "incident"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[int] = mapped_column(sa.SmallInteger)  # 13-1 (1)–(9)
    planned: Mapped[bool]
    part: Mapped[Part]
    # Set: it concerns this customer alone, and only they see it.
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    begins_at: Mapped[datetime] = mapped_column(index=True)
    # Expected until it is closed, then the true end.
    ends_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closing_words: Mapped[str] = mapped_column(sa.String(500), default="")
    created_at: Mapped[datetime]
    created_by: Mapped[int | None]


def notices_about(*about: str) -> list[Notice]:
    """Return what was told about these subjects, newest first."""
    return list(db.session.scalars(sa.select(Notice).where(Notice.about.in_(about)).order_by(Notice.id.desc())))


def came_back(most: int = 100) -> list[Notice]:
    """Return the notices that came back and about which nothing is decided, the oldest first."""
    after = sa.orm.aliased(Notice)
    followed = sa.exists().where(after.instead_of_id == Notice.id)
    found = sa.select(Notice).where(Notice.state == NoticeState.failed, Notice.left_at.is_(None), sa.not_(followed))
    return list(db.session.scalars(found.order_by(Notice.id).limit(most)))


def announcements(on: date | None = None, most: int = 50) -> list[Announcement]:
    """Return what is announced, newest first; with a day only what still stands on the start pages."""
    found = sa.select(Announcement).where(Announcement.withdrawn_at.is_(None), Announcement.published_at <= clock.now())
    if on is not None:
        found = found.where(sa.or_(Announcement.until.is_(None), Announcement.until >= on))
    return list(
        db.session.scalars(found.order_by(Announcement.published_at.desc(), Announcement.id.desc()).limit(most))
    )


def open_incidents(customer_id: int | None = None) -> list[Incident]:
    """Return what is not over: of everybody, and of this customer. Soonest first."""
    mine: sa.ColumnElement[bool] = Incident.customer_id.is_(None)
    if customer_id is not None:
        mine = sa.or_(mine, Incident.customer_id == customer_id)
    found = sa.select(Incident).where(Incident.closed_at.is_(None), mine).order_by(Incident.begins_at)
    return list(db.session.scalars(found))


def windows(customer_id: int | None, since: datetime) -> list[Incident]:
    """Return announced maintenance in which nothing is sent and that was not over at a moment; soonest first (13-1).

    Of everybody and of this customer; without one of all customers. Its end is the planned one until it is closed,
    then the true one; None lasts until it is closed.
    """
    found = sa.select(Incident).where(
        Incident.planned,
        Incident.part.in_(STOPS_SENDING),
        sa.or_(sa.and_(Incident.ends_at.is_(None), Incident.closed_at.is_(None)), Incident.ends_at > since),
    )
    if customer_id is not None:
        found = found.where(sa.or_(Incident.customer_id.is_(None), Incident.customer_id == customer_id))
    return list(db.session.scalars(found.order_by(Incident.begins_at, Incident.id)))
