"""What contracts owe."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.billing.rules import ReceivableKind
from wem.contracts.arrears_rules import Owed
from wem.contracts.models import Contract
from wem.db import Base, BigId, db


class Receivable(Base):
    """One sum that a contract owes: yen including tax, due until the end of a day, settled as a whole."""

    __tablename__ = "receivable"
    __table_args__ = (
        sa.Index(
            "ix_receivable_open",
            "due_on",
            sqlite_where=sa.text("settled_on IS NULL"),
            postgresql_where=sa.text("settled_on IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    kind: Mapped[ReceivableKind] = mapped_column(default=ReceivableKind.other)
    label: Mapped[str] = mapped_column(sa.String(100))  # 2026年3月分
    amount: Mapped[int]
    due_on: Mapped[date]
    settled_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    contract: Mapped[Contract] = relationship()

    @property
    def owed(self) -> Owed:
        return Owed(self.due_on, self.amount, self.settled_on)

    def settle(self, on: date, *, by: int | None) -> None:
        """Note that the whole sum came in on a day."""
        self.settled_on = on
        audit.record(
            "receivable.settle", by=by, customer_id=self.customer_id, subject=self, amount=self.amount, on_day=str(on)
        )


def receivables(contract_id: int) -> list[Receivable]:
    """Return all that a contract ever owed, by due date."""
    return list(
        db.session.scalars(
            sa.select(Receivable)
            .where(Receivable.contract_id == contract_id)
            .order_by(Receivable.due_on, Receivable.id)
        )
    )
