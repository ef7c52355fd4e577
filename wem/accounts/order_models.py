"""Orders by which our staff operate for a customer (9-4), and who is at work on one; every page's guard asks it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.accounts.models import Account, Customer, SignIn
from wem.accounts.rules import OPERATORS, Role, staff_may
from wem.db import Base, BigId, db


class OrderWay(enum.StrEnum):
    """How an order reached us."""

    letter = "letter"
    mail = "mail"
    phone = "phone"


class OperationOrder(Base):
    """A customer's order: who gave it, what is to be done, from when to when."""

    __tablename__ = "operation_order"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    ordered_by: Mapped[str] = mapped_column(sa.String(100))
    ordered_at: Mapped[datetime]
    way: Mapped[OrderWay]
    scope: Mapped[str] = mapped_column(sa.String(1000))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # nothing is possible from this moment on
    entered_by: Mapped[int]
    entered_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Taken back, or done before its time.
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None]

    customer: Mapped[Customer] = relationship()

    def open(self, at: datetime) -> bool:
        """Return whether work on it is possible at a moment."""
        return self.ended_at is None and self.begins_at <= at < self.ends_at


class OperationWork(Base):
    """One member of staff at work on an order, in one sign-in: it ends with the order and with the sign-in."""

    __tablename__ = "operation_work"
    __table_args__ = (
        sa.Index(
            "ix_operation_work_untold",
            "id",
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("operation_order.id"), index=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), index=True)
    sign_in_id: Mapped[int] = mapped_column(sa.ForeignKey("sign_in.id"), index=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # When the customer was told what was done.
    told_at: Mapped[datetime | None]

    order: Mapped[OperationOrder] = relationship()
    account: Mapped[Account] = relationship()
    sign_in: Mapped[SignIn] = relationship()


@dataclass(frozen=True)
class OnBehalf:
    """A member of staff at work for a customer: an editor there, and never more (9-4)."""

    work: OperationWork
    role: Role = Role.editor
    # The person gets no mails about mailings: the customer's own people do.
    told_of_mailings: bool = False

    @property
    def account(self) -> Account:
        return self.work.account

    @property
    def account_id(self) -> int:
        return self.work.account_id

    @property
    def customer(self) -> Customer:
        return self.work.order.customer

    @property
    def customer_id(self) -> int:
        return self.work.order.customer_id


def on_behalf(work_id: int, sign_in: SignIn, at: datetime) -> OnBehalf | None:
    """Return the work of this sign-in if it still goes on; None when it is over, another's, or the role too little."""
    work = db.session.get(OperationWork, work_id)
    if work is None or work.sign_in_id != sign_in.id or work.ended_at is not None or not work.order.open(at):
        return None
    role = sign_in.account.staff_role
    return OnBehalf(work) if role is not None and staff_may(role, OPERATORS) else None
