"""Mandates: the requests for direct debit of a contract, on their way to the bank and after (6-1, 16)."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock, vault
from wem.contracts.application_rules import masked_account
from wem.contracts.models import Contract
from wem.contracts.name_rules import bank_in_full, branch_in_full
from wem.contracts.request_models import ContractRequest
from wem.contracts.state_rules import MANDATE, UNREGISTERED, MandateAction, MandateState, after
from wem.db import Base, BigId, db


class Mandate(Base):
    """One request for direct debit; the account number is sealed.

    `moved_on` is the day on which it came into its state.
    """

    __tablename__ = "mandate"
    __table_args__ = (sa.Index("ix_mandate_state_moved_on", "state", "moved_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    request_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contract_request.id"), index=True)
    state: Mapped[MandateState] = mapped_column(default=MandateState.missing)
    bank: Mapped[str] = mapped_column(sa.String(100))
    bank_code: Mapped[str] = mapped_column(sa.String(4))
    branch: Mapped[str] = mapped_column(sa.String(100))
    branch_code: Mapped[str] = mapped_column(sa.String(3))
    account_type: Mapped[str] = mapped_column(sa.String(1))
    account_sealed: Mapped[bytes]
    account_holder: Mapped[str] = mapped_column(sa.String(100))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    moved_on: Mapped[date] = mapped_column(default=clock.today)
    received_on: Mapped[date | None]
    sent_on: Mapped[date | None]
    registered_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")  # why it was given back

    contract: Mapped[Contract] = relationship()
    request: Mapped[ContractRequest | None] = relationship()

    @property
    def number(self) -> str:
        """Return the account number, whole. Raises vault.CannotOpen."""
        return vault.open_sealed(self.account_sealed, "mandate", self.contract_id).decode()

    @property
    def masked(self) -> str:
        """Return the account as screens show it."""
        # Nothing is left of the account once the customer's data are erased.
        return f"{self.place} {masked_account(self.number)}" if self.account_sealed else "–"

    @property
    def place(self) -> str:
        """Return bank and branch as a letter writes them."""
        return f"{bank_in_full(self.bank, self.bank_code)} {branch_in_full(self.branch, self.bank_code)}"

    @property
    def unregistered(self) -> bool:
        return self.state in UNREGISTERED

    def move(self, action: MandateAction, *, by: int | None, note: str = "") -> None:
        """Go along one line of the table, with a trace. Raises state_rules.Illegal."""
        self.state = after(MANDATE, self.state, action)
        self.moved_on, self.note = clock.today(), note
        match action:
            case MandateAction.receive:
                self.received_on = clock.today()
            case MandateAction.send:
                self.sent_on = clock.today()
            case MandateAction.register:
                self.registered_on = clock.today()
            case MandateAction.stop | MandateAction.void:
                self.ended_on = clock.today()
        name = action.name
        audit.record(f"mandate.{name}", by=by, customer_id=self.customer_id, subject=self, note=note)


def sealed(number: str, contract_id: int) -> bytes:
    """Return an account number sealed for the mandates of a contract."""
    return vault.seal(number.encode(), "mandate", contract_id)


def mandates(contract_id: int) -> list[Mandate]:
    """Return the mandates of a contract, the newest first."""
    found = sa.select(Mandate).where(Mandate.contract_id == contract_id).order_by(Mandate.id.desc())
    return list(db.session.scalars(found))


def serving(contract_id: int) -> Mandate | None:
    """Return the mandate by which a contract's fees are debited at present."""
    return next((row for row in mandates(contract_id) if row.state is MandateState.registered), None)


def of_request(request_id: int) -> Mandate | None:
    """Return the mandate that a change of bank account waits for."""
    return db.session.scalar(sa.select(Mandate).where(Mandate.request_id == request_id))
