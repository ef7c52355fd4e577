"""Mails about services and campaigns to customers, and who got each."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.contracts.state_rules import after, second_person
from wem.db import Base, BigId
from wem.privacy.news_rules import NEWS, NewsAction, NewsState, Outcome


class News(Base):
    """One mail to all customers who may get it; written by one person, sent by another (同意3②)."""

    __tablename__ = "news"
    __table_args__ = (sa.Index("ix_news_state", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    purpose_id: Mapped[int]  # purpose_models.NEWS, or of a UsePurpose
    subject: Mapped[str] = mapped_column(sa.String(150))
    text: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[NewsState] = mapped_column(default=NewsState.draft)
    written_at: Mapped[datetime] = mapped_column(default=clock.now)
    written_by: Mapped[int]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    # Last contract that was looked at: where the work goes on.
    looked_up_to: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # As they were put into the outbox; what was taken back afterwards says its recipient's row.
    sent: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]

    @property
    def number(self) -> str:
        return f"M{self.id:05}"

    @property
    def as_read(self) -> str:
        """Return what tells these words from any others; the page that sends them carries it."""
        words = "\0".join((str(self.purpose_id), self.subject, self.text))
        return hashlib.sha256(words.encode()).hexdigest()

    def move(self, action: NewsAction, *, by: int | None) -> None:
        """Go along one line of the table. Raises Illegal, and OwnProposal for sending one's own."""
        if action is NewsAction.send:
            second_person(self.written_by, by)
        self.state = after(NEWS, self.state, action)
        if action is NewsAction.finish:
            self.finished_at = clock.now()
        elif action is not NewsAction.submit:
            self.decided_at, self.decided_by = clock.now(), by


class NewsRecipient(Base):
    """What became of one customer at one mail: the record of who got it, and why others did not."""

    __tablename__ = "news_recipient"
    __table_args__ = (
        sa.UniqueConstraint("news_id", "customer_id"),
        sa.Index("ix_news_recipient_customer_id", "customer_id"),
        sa.Index("ix_news_recipient_news_id_address_hash", "news_id", "address_hash"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    news_id: Mapped[int] = mapped_column(sa.ForeignKey("news.id"))
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    outcome: Mapped[Outcome]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    address_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))
    outbox_id: Mapped[int | None] = mapped_column(sa.BigInteger)
