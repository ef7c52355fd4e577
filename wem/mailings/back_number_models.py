"""Back numbers: mailings that their customer shows to everybody, with no reader's data in them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, BigId


class BackNumber(Base):
    """A mailing's place in the archive (バックナンバー); stays when it is withdrawn, so that it keeps its number."""

    __tablename__ = "back_number"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "number"),
        sa.Index(
            "ix_back_number_wanted",
            "mailing_id",
            sqlite_where=sa.text("wanted"),
            postgresql_where=sa.text("wanted"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id", ondelete="CASCADE"), unique=True)
    # It is to be published by itself once the mailing has been sent.
    wanted: Mapped[bool] = mapped_column(default=False)
    # The customer's own running number, from its first publication on.
    number: Mapped[int | None]
    # Its name in feeds, which outlives another name in page addresses (RSS 2.0, guid).
    guid: Mapped[str] = mapped_column(sa.String(36), default=lambda: str(uuid.uuid4()))
    sent_on: Mapped[date | None]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    # When it came into sight or went out of it.
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
    # As everybody reads it.
    language: Mapped[str] = mapped_column(sa.String(2), default="ja")
    subject: Mapped[str] = mapped_column(sa.String(1000), default="")
    text: Mapped[str] = mapped_column(sa.Text, default="", deferred=True)
    html: Mapped[str | None] = mapped_column(sa.Text, deferred=True)

    @property
    def in_sight(self) -> bool:
        """Whether the customer shows it; contract, lists and takedowns may still say no."""
        return self.published_at is not None and self.withdrawn_at is None

    def withdraw(self) -> None:
        """Take it out of sight; its number and its content stay for another time."""
        self.withdrawn_at = clock.now()
