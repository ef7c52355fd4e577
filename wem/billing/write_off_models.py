"""Write-offs of what contracts owe: who asked, who decided, why, from which day."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.billing.models import Receivable
from wem.billing.rules import NotPaid
from wem.billing.write_off_rules import WRITE_OFF, WriteOffAction, WriteOffState
from wem.contracts.state_rules import after
from wem.db import Base, BigId, db


class WriteOff(Base):
    """What is missing of one receivable, in yen, that is to be owed no more."""

    __tablename__ = "write_off"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    receivable_id: Mapped[int] = mapped_column(sa.ForeignKey("receivable.id"), index=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    state: Mapped[WriteOffState] = mapped_column(default=WriteOffState.proposed)
    kind: Mapped[NotPaid]
    amount: Mapped[int]
    on_day: Mapped[date]  # from which the books have it
    reason: Mapped[str] = mapped_column(sa.String(500))
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    proposed_by: Mapped[int]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    receivable: Mapped[Receivable] = relationship()

    def take(self, action: WriteOffAction) -> None:
        """Go along one line of the table. Raises state_rules.Illegal."""
        self.state = after(WRITE_OFF, self.state, action)


def write_offs_of(receivable_id: int) -> list[WriteOff]:
    """Return what was asked for of a sum, the oldest first."""
    found = sa.select(WriteOff).where(WriteOff.receivable_id == receivable_id).order_by(WriteOff.id)
    return list(db.session.scalars(found))


def in_state(state: WriteOffState, limit: int) -> list[WriteOff]:
    """Return the write-offs in a state, the newest first."""
    found = sa.select(WriteOff).where(WriteOff.state == state).order_by(WriteOff.id.desc()).limit(limit)
    return list(db.session.scalars(found))
