"""What customers' data may be used for beyond the consent clauses, and what customers answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.contracts.models import Contract
from wem.db import Base, BigId
from wem.privacy.purpose_rules import Via

# The number of purpose ② of the consent clauses (news of services and campaigns): it needs no row, its text is theirs.
NEWS = 0


class UsePurpose(Base):
    """A purpose that the consent clauses do not name: announced first, used for nobody before a yes (同意3)."""

    __tablename__ = "use_purpose"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # An answer to this version of the text or a later one counts.
    asks_from: Mapped[int] = mapped_column(default=1)
    # Contracts up to this number have been told; None in `told_at` while others wait for it.
    told_after: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    told_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None]

    texts: Mapped[list[PurposeText]] = relationship(order_by="PurposeText.number", back_populates="purpose")

    @property
    def current(self) -> PurposeText:
        """Return the text as it stands now."""
        return self.texts[-1]

    @property
    def number(self) -> str:
        return f"P{self.id:03}"


class PurposeText(Base):
    """One version of what a purpose means, as it was made public; never changed afterwards."""

    __tablename__ = "purpose_text"
    __table_args__ = (sa.UniqueConstraint("purpose_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    purpose_id: Mapped[int] = mapped_column(sa.ForeignKey("use_purpose.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(100))
    text: Mapped[str] = mapped_column(sa.Text)
    # It says something else than the one before, so that each customer is asked anew.
    asks: Mapped[bool] = mapped_column(default=True)
    published_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_by: Mapped[int]

    purpose: Mapped[UsePurpose] = relationship(back_populates="texts")


class PurposeAnswer(Base):
    """A customer's yes or no to a purpose; rows are only added, the newest counts."""

    __tablename__ = "purpose_answer"
    __table_args__ = (
        sa.Index("ix_purpose_answer_customer_id_purpose_id_id", "customer_id", "purpose_id", "id"),
        sa.Index("ix_purpose_answer_purpose_id", "purpose_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    purpose_id: Mapped[int]  # NEWS, or of a UsePurpose
    # Of the purpose's text; of NEWS that of the consent clauses.
    version: Mapped[int]
    yes: Mapped[bool]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    via: Mapped[Via]
    # Who answered, of the customer or of staff; None by the link of a mail.
    account_id: Mapped[int | None]
    ip: Mapped[str] = mapped_column(sa.String(45), default="")


def same_address(customer_id: int) -> sa.Select[Any]:
    """Return the contracts whose notices go where this customer's go, its own among them."""
    mine = sa.select(Contract.notice_email).where(Contract.customer_id == customer_id, Contract.notice_email != "")
    return (
        sa.select(Contract)
        .where(sa.or_(Contract.customer_id == customer_id, Contract.notice_email.in_(mine)))
        .order_by(Contract.id)
    )
