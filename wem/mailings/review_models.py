"""What our staff look at before it is sent: the rules that they have set, and one row for each look."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.accounts.models import Customer
from wem.db import Base, BigId, db
from wem.mailings.models import Mailing
from wem.mailings.review_rules import ReviewState, words_of

ONLY = 1


class ReviewPolicy(Base):
    """The rules by which mailings are looked at; without its one row none are."""

    __tablename__ = "review_policy"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=ONLY)
    first_mailing: Mapped[bool] = mapped_column(default=False)
    large_audience: Mapped[bool] = mapped_column(default=False)
    # One in a line.
    words: Mapped[str] = mapped_column(sa.Text, default="")
    changed_by: Mapped[int | None]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)

    @property
    def listed(self) -> list[str]:
        return words_of(self.words or "")


class AlreadyDecided(Exception):
    """Somebody else has decided, or the customer has taken the mailing back."""


class MailingReview(Base):
    """One look at one version of a mailing."""

    __tablename__ = "mailing_review"
    __table_args__ = (
        sa.Index("ix_mailing_review_mailing_id", "mailing_id"),
        sa.Index("ix_mailing_review_customer_id", "customer_id"),
        sa.Index(
            "ix_mailing_review_pending",
            "asked_at",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id", ondelete="CASCADE"))
    # Of the mailing that was looked at: another one is looked at anew.
    version: Mapped[int]
    state: Mapped[ReviewState] = mapped_column(default=ReviewState.pending)
    grounds: Mapped[list[str]] = mapped_column(sa.JSON)
    words: Mapped[list[str]] = mapped_column(sa.JSON)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    asked_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    # What the customer is told when it is refused.
    note: Mapped[str] = mapped_column(sa.String(1000), default="")

    mailing: Mapped[Mailing] = relationship()
    customer: Mapped[Customer] = relationship()

    def decide(self, state: ReviewState, *, by: int | None, note: str = "") -> None:
        """Decide, once, whoever else tries at the same moment; raises AlreadyDecided for all but the first."""
        values: dict[str, Any] = {"state": state, "decided_at": clock.now(), "decided_by": by, "note": note}
        decided = db.session.execute(
            sa.update(MailingReview)
            .where(MailingReview.id == self.id, MailingReview.state == ReviewState.pending)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        db.session.refresh(self)
        if not decided.rowcount:  # type: ignore[attr-defined]
            raise AlreadyDecided
        audit.record(f"mailing.review_{state}", by=by, customer_id=self.customer_id, subject=self.mailing)
