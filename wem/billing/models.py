"""What contracts owe."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.billing.rules import NotPaid, ReceivableKind
from wem.contracts.arrears_rules import Owed
from wem.contracts.models import Contract
from wem.db import Base, BigId, db


class Receivable(Base):
    """One sum that a contract owes: yen including tax, due until the end of a day.

    `paid` of it has come in (`payment_models.PaymentShare`); it is settled when nothing is missing any more (7-1b).
    """

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
    paid: Mapped[int] = mapped_column(default=0)
    due_on: Mapped[date]
    last_paid_on: Mapped[date | None]
    settled_on: Mapped[date | None]
    not_paid: Mapped[NotPaid | None]  # why it is owed no more since `settled_on`, though not all of it came in
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # The invoice that it was filled from; none for what staff typed in.
    invoice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("invoice.id"), index=True)

    contract: Mapped[Contract] = relationship()

    @property
    def owed(self) -> Owed:
        return Owed(self.due_on, self.missing, self.settled_on)

    @property
    def missing(self) -> int:
        """Return the yen that are owed and have not come in."""
        return 0 if self.not_paid else self.amount - self.paid

    def pay(self, amount: int, on: date, *, by: int | None) -> None:
        """Note that so much of it came in on a day; with the last yen it is settled on the day of its last payment.

        Called by `billing.paying`, which knows the payment. Raises ValueError for more than is missing.
        """
        if not 0 < amount <= self.missing:
            raise ValueError(f"{amount} of {self.missing} yen")
        self.paid += amount
        self.last_paid_on = max(on, self.last_paid_on or on)
        done = not self.missing
        if done:
            self.settled_on = self.last_paid_on
        audit.record(
            "receivable.settle" if done else "receivable.pay",
            by=by,
            customer_id=self.customer_id,
            subject=self,
            amount=amount,
            on_day=str(on),
        )

    def reopen(self, amount: int, last_paid_on: date | None, *, by: int | None) -> None:
        """Note that so much of it has not come in after all; `last_paid_on`: of what is left."""
        if not 0 < amount <= self.paid or self.not_paid:
            raise ValueError(f"{amount} of {self.paid} yen")
        self.paid -= amount
        self.settled_on, self.last_paid_on = None, last_paid_on
        audit.record("receivable.reopen", by=by, customer_id=self.customer_id, subject=self, amount=amount)


def receivables(contract_id: int) -> list[Receivable]:
    """Return all that a contract ever owed, by due date."""
    return list(
        db.session.scalars(
            sa.select(Receivable)
            .where(Receivable.contract_id == contract_id)
            .order_by(Receivable.due_on, Receivable.id)
        )
    )
