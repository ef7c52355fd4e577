"""Money that came in: payments, what of them settles which sum, bank statements that named them, refunds."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.billing.invoice_models import Invoice
from wem.billing.models import Receivable
from wem.billing.payment_rules import (
    DROPPED,
    REFUND,
    PaymentState,
    PaymentWay,
    RefundAction,
    RefundGround,
    RefundState,
    Rest,
)
from wem.contracts.application_models import Application
from wem.contracts.application_rules import IN_VAIN
from wem.contracts.models import Contract
from wem.contracts.state_rules import after
from wem.db import Base, BigId, db


class BankStatement(Base):
    """A file of a bank that was read: which, by whom, what it brought."""

    __tablename__ = "bank_statement"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    file_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    filename: Mapped[str] = mapped_column(sa.String(200))
    read_at: Mapped[datetime] = mapped_column(default=clock.now)
    read_by: Mapped[int]
    new: Mapped[int]
    known: Mapped[int]
    skipped: Mapped[int]  # withdrawals, and what is no transfer
    amount: Mapped[int] = mapped_column(sa.BigInteger)


class DoubtfulLine(Base):
    """A line of a bank's file that another file may have brought already: nothing in it tells the two apart.

    It stands here until somebody says whether it is another payment; `told` is what its mark is made of.
    """

    __tablename__ = "doubtful_line"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    statement_id: Mapped[int] = mapped_column(sa.ForeignKey("bank_statement.id"), index=True)
    paid_on: Mapped[date]
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    payer: Mapped[str] = mapped_column(sa.String(100))
    told: Mapped[str] = mapped_column(sa.Text)

    statement: Mapped[BankStatement] = relationship()


class Payment(Base):
    """One sum that came in, in yen. `settled` of it settles receivables, `refunded` went back; the rest is the
    payer's: it settles what comes, or goes back (4-7, A-17)."""

    __tablename__ = "payment"
    __table_args__ = (
        sa.Index("ix_payment_paid_on_id", "paid_on", "id"),
        sa.Index(
            "ix_payment_rest",
            "id",
            sqlite_where=sa.text("amount > settled + refunded"),
            postgresql_where=sa.text("amount > settled + refunded"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    way: Mapped[PaymentWay]
    paid_on: Mapped[date]
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    settled: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    refunded: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    payer_kana: Mapped[str] = mapped_column(sa.String(100), default="")
    # The counterparty's name when the payment became theirs: the books must find it for years (電子帳簿保存法), when
    # the customer's own name is gone or another one.
    payer_name: Mapped[str] = mapped_column(sa.String(200), default="")
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    # Whose it is; nobody knows before it is matched.
    contract_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    # The first fee of an application until that is a contract; of one that came to nothing it only goes back.
    application_id: Mapped[int | None] = mapped_column(sa.ForeignKey("application.id"), index=True)
    statement_id: Mapped[int | None] = mapped_column(sa.ForeignKey("bank_statement.id"), index=True)
    line_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    entry_id: Mapped[int | None] = mapped_column(sa.ForeignKey("debit_entry.id"), unique=True)
    set_aside_at: Mapped[datetime | None]  # staff said that it is nothing of a contract's
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by: Mapped[int | None]

    contract: Mapped[Contract | None] = relationship()
    application: Mapped[Application | None] = relationship()
    shares: Mapped[list[PaymentShare]] = relationship(order_by="PaymentShare.id", back_populates="payment")
    refunds: Mapped[list[Refund]] = relationship(order_by="Refund.id", back_populates="payment")

    @property
    def rest(self) -> int:
        """Return the yen that settle nothing and did not go back."""
        return self.amount - self.settled - self.refunded

    @property
    def payer(self) -> str:
        """Return by which name the money is known: the applicant's, else as the bank wrote it."""
        return self.application.name if self.application is not None else self.payer_name or self.payer_kana

    @property
    def free(self) -> int:
        """Return the yen of the rest that nobody has asked back."""
        return self.rest - sum(each.amount for each in self.refunds if each.state is RefundState.proposed)

    @property
    def goes_back(self) -> bool:
        """Return whether some of it was asked back, and nobody has refused or withdrawn that."""
        return any(each.state not in DROPPED for each in self.refunds)

    @property
    def state(self) -> PaymentState:
        known = self.contract_id is not None or self.application_id is not None
        held = self.application is not None and self.application.state not in IN_VAIN
        return Rest(self.amount, self.settled, self.refunded, known, self.set_aside_at is not None, held).state


class PaymentShare(Base):
    """What of a payment settles one receivable; taken back when it was matched wrongly."""

    __tablename__ = "payment_share"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    payment_id: Mapped[int] = mapped_column(sa.ForeignKey("payment.id"), index=True)
    receivable_id: Mapped[int] = mapped_column(sa.ForeignKey("receivable.id"), index=True)
    amount: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by: Mapped[int | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None]

    payment: Mapped[Payment] = relationship(back_populates="shares")
    receivable: Mapped[Receivable] = relationship()


class Refund(Base):
    """Money that goes back, only where the terms allow it (4-7, 15-3, A-17): one person asks, another decides.

    Out of what is left of a payment, or of a return (`invoice`) of a contract that is over.
    """

    __tablename__ = "refund"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    payment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("payment.id"), index=True)
    invoice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("invoice.id"), index=True)
    state: Mapped[RefundState] = mapped_column(default=RefundState.proposed)
    ground: Mapped[RefundGround]
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    reason: Mapped[str] = mapped_column(sa.String(500))
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    proposed_by: Mapped[int]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    paid_on: Mapped[date | None]

    payment: Mapped[Payment | None] = relationship(back_populates="refunds")
    invoice: Mapped[Invoice | None] = relationship()

    @property
    def contract(self) -> Contract | None:
        return self.payment.contract if self.payment else self.invoice.contract if self.invoice else None

    @property
    def payee(self) -> str:
        """Return to whom it goes, by the name that we know."""
        if self.payment is None:
            return self.invoice.recipient_name if self.invoice else ""
        return self.payment.contract.customer.name if self.payment.contract else self.payment.payer

    def take(self, action: RefundAction) -> None:
        """Go along one line of the table. Raises state_rules.Illegal."""
        self.state = after(REFUND, self.state, action)


def refunds_of(invoice_id: int) -> list[Refund]:
    """Return the refunds out of a return, the oldest first."""
    return list(db.session.scalars(sa.select(Refund).where(Refund.invoice_id == invoice_id).order_by(Refund.id)))


def payments_of(contract_id: int) -> list[Payment]:
    """Return the payments of a contract, the newest first."""
    found = sa.select(Payment).where(Payment.contract_id == contract_id).order_by(Payment.paid_on.desc(), Payment.id)
    return list(db.session.scalars(found))
