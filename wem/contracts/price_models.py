"""Prices that staff agreed on with a customer for counts above the highest tier (7-1)."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.contracts.models import Contract
from wem.contracts.price_rules import PRICE, PriceAction, PriceState
from wem.contracts.state_rules import after
from wem.db import Base, BigId, db


class AgreedPrice(Base):
    """What a month of a contract costs with a count that no tier of its course holds; yen a month, net.

    `onwards`: the months after it too, as long as the contract has the same course and nothing newer is agreed on.
    """

    __tablename__ = "agreed_price"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    course_id: Mapped[int] = mapped_column(sa.ForeignKey("course.id"), index=True)
    month: Mapped[date]
    onwards: Mapped[bool]
    up_to: Mapped[int]
    fee: Mapped[int]
    state: Mapped[PriceState]
    reason: Mapped[str] = mapped_column(sa.String(500))
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    proposed_by: Mapped[int]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    contract: Mapped[Contract] = relationship()

    @property
    def tier(self) -> tuple[int, int]:
        return self.up_to, self.fee

    def take(self, action: PriceAction) -> None:
        """Go along one line of the table. Raises state_rules.Illegal."""
        self.state = after(PRICE, self.state, action)


def agreed_tier(contract_id: int, course_id: int, month: date, count: int) -> tuple[int, int] | None:
    """Return (up to, yen a month, net) that was agreed on for a count above the highest tier; None when nothing was.

    The newest price alone holds, whether or not it reaches the count: an older, larger one was replaced by it, and what
    neither covers has to be agreed on.
    """
    holds = sa.or_(AgreedPrice.month == month, sa.and_(AgreedPrice.onwards, AgreedPrice.month <= month))
    found = sa.select(AgreedPrice).where(
        AgreedPrice.contract_id == contract_id,
        AgreedPrice.course_id == course_id,
        AgreedPrice.state == PriceState.agreed,
        holds,
    )
    row = db.session.scalar(found.order_by(AgreedPrice.month.desc(), AgreedPrice.id.desc()).limit(1))
    return row.tier if row and row.up_to >= count else None


def prices_of(contract_id: int) -> list[AgreedPrice]:
    """Return what was agreed on or asked for with a contract, the newest first."""
    found = sa.select(AgreedPrice).where(AgreedPrice.contract_id == contract_id)
    return list(db.session.scalars(found.order_by(AgreedPrice.id.desc())))


def asked(limit: int) -> list[AgreedPrice]:
    """Return the prices that wait for a second person, the oldest first."""
    found = sa.select(AgreedPrice).where(AgreedPrice.state == PriceState.proposed)
    return list(db.session.scalars(found.order_by(AgreedPrice.id).limit(limit)))
