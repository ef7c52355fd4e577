"""What each contract's month was charged by, and how far the close of each month is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.billing.invoice_rules import Basis, Fees
from wem.billing.rules import CloseState, CloseStep, Held
from wem.contracts.models import Contract
from wem.db import Base, BigId


class ContractMonth(Base):
    """One month of one contract: the terms of its 1st, what was charged then, and what its closing made of it."""

    __tablename__ = "contract_month"
    __table_args__ = (
        sa.Index(
            "ix_contract_month_open",
            "month",
            "contract_id",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
        sa.Index("ix_contract_month_month", "month", "contract_id"),
        sa.Index(
            "ix_contract_month_held",
            "contract_id",
            sqlite_where=sa.text("held IS NOT NULL"),
            postgresql_where=sa.text("held IS NOT NULL"),
        ),
        sa.Index(
            "ix_contract_month_uninvoiced",
            "contract_id",
            sqlite_where=sa.text("invoiced_at IS NULL"),
            postgresql_where=sa.text("invoiced_at IS NULL"),
        ),
    )

    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    course: Mapped[str] = mapped_column(sa.String(100))
    tiers: Mapped[list[Any]]
    options: Mapped[list[Any]]  # [[name, yen a month], …]
    free: Mapped[bool] = mapped_column(default=False)
    first: Mapped[bool] = mapped_column(default=False)
    count: Mapped[int]  # at 0:00 on the 1st
    opening_days: Mapped[int]  # usable days as they were known then
    charged_base: Mapped[int] = mapped_column(default=0)
    charged_options: Mapped[list[Any]] = mapped_column(default=list)
    held: Mapped[Held | None]
    # The invoice of its 1st; what is given back names it.
    invoice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("invoice.id"), index=True)
    invoiced_at: Mapped[datetime | None]  # also when there was nothing to pay; before it nothing is charged
    # Its closing: fixed once.
    peak: Mapped[int | None]
    usable_days: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]  # the difference stands on an invoice, or there is none

    contract: Mapped[Contract] = relationship()

    @property
    def basis(self) -> Basis:
        return Basis(
            self.month,
            self.course,
            tuple((int(up_to), int(yen)) for up_to, yen in self.tiers),
            tuple((str(name), int(yen)) for name, yen in self.options),
            self.free,
            self.first,
        )

    @property
    def charged(self) -> Fees:
        """Return what was charged: nothing before its invoice."""
        if self.invoiced_at is None:
            return Fees(0, (0,) * len(self.options))
        return Fees(self.charged_base, tuple(int(yen) for yen in self.charged_options))

    def charge(self, fees: Fees) -> None:
        self.charged_base, self.charged_options = fees.base, list(fees.options)


class FinalAccount(Base):
    """The last account of a contract that is over: made once, whether or not it came to an invoice (15-3)."""

    __tablename__ = "final_account"

    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    invoice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("invoice.id"), index=True)


class MonthClose(Base):
    """The close on a 1st: the dry run, who had it run, how far it is."""

    __tablename__ = "month_close"

    month: Mapped[date] = mapped_column(primary_key=True)  # the month that begins
    state: Mapped[CloseState] = mapped_column(default=CloseState.drafting)
    step: Mapped[CloseStep] = mapped_column(default=CloseStep.settle)
    contracts: Mapped[int] = mapped_column(default=0)  # how many the dry run found
    drafted_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    started_by: Mapped[int | None]
    done_at: Mapped[datetime | None]


class MonthDraft(Base):
    """One line of the dry run: what a contract is going to pay on the 1st, and why."""

    __tablename__ = "month_draft"
    __table_args__ = (sa.Index("ix_month_draft_month_change", "month", "change"),)

    month: Mapped[date] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), primary_key=True, index=True)
    total: Mapped[int]  # yen with tax
    given_back: Mapped[int] = mapped_column(default=0)
    before: Mapped[int]  # what the month before came to
    change: Mapped[int]  # how far away from it, either way
    lines: Mapped[list[Any]]
    # Why somebody should look at it, by the names of `LOOK_AT`.
    look_at: Mapped[list[Any]]
    looks: Mapped[int] = mapped_column(default=0, index=True)

    contract: Mapped[Contract] = relationship()


class Reminder(Base):
    """One letter that asked for what is overdue (督促)."""

    __tablename__ = "reminder"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    sent_on: Mapped[date]
    pay_by: Mapped[date]
    amount: Mapped[int]
    notice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("notice.id"), index=True)
    sent_by: Mapped[int]
