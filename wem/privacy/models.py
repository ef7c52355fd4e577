"""Disclosures to third parties, and who of staff looked at whose data."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.accounts.models import Customer
from wem.contracts.state_rules import Illegal, after, first_person, second_person
from wem.db import Base, BigId
from wem.privacy.rules import DISCLOSURE, Basis, DataClass, DisclosureAction, DisclosureState, Purpose, What


class Disclosure(Base):
    """One disclosure in the register (同意4, Art. 2): on which ground, to whom, what, approved by whom, given when."""

    __tablename__ = "disclosure"
    __table_args__ = (sa.Index("ix_disclosure_state", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    state: Mapped[DisclosureState] = mapped_column(default=DisclosureState.proposed)
    basis: Mapped[Basis]
    data: Mapped[DataClass]
    requester: Mapped[str] = mapped_column(sa.String(200))  # the body, with its department
    reference: Mapped[str] = mapped_column(sa.String(200), default="")  # the number of its paper, the clause
    items: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[str] = mapped_column(sa.Text)
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    proposed_by: Mapped[int]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    # Taken back, also after an approval, whose person and note stay above.
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None]
    withdrawal_note: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    given_on: Mapped[date | None]
    given_by: Mapped[int | None]
    given_how: Mapped[str] = mapped_column(sa.String(300), default="")

    customer: Mapped[Customer] = relationship()

    @property
    def about(self) -> str:
        """How its documents are found."""
        return f"disclosure {self.id}"

    @property
    def number(self) -> str:
        return f"D{self.id:06}"

    def decide(self, action: DisclosureAction, note: str, *, by: int) -> None:
        """Approve or refuse it as a second person, or withdraw it. Raises OwnProposal and Illegal.

        What waits is withdrawn by who asked for it, what is approved by anybody.
        """
        if action in (DisclosureAction.approve, DisclosureAction.refuse):
            second_person(self.proposed_by, by)
        if action is DisclosureAction.withdraw and self.state is DisclosureState.proposed:
            first_person(self.proposed_by, by)
        if action is DisclosureAction.give:
            raise Illegal("giving wants a day and a way")
        self.state = after(DISCLOSURE, self.state, action)
        if action is DisclosureAction.withdraw:
            self.withdrawn_at, self.withdrawn_by, self.withdrawal_note = clock.now(), by, note
        else:
            self.decided_at, self.decided_by, self.note = clock.now(), by, note

    def give(self, on: date, how: str, *, by: int) -> None:
        """Note on which day and how it was given. Raises Illegal before another person has approved."""
        if on > clock.today() or on < self.proposed_at.date():
            raise Illegal("no such day")
        self.state = after(DISCLOSURE, self.state, DisclosureAction.give)
        self.given_on, self.given_how, self.given_by = on, how, by


class Look(Base):
    """One member of staff looked at personal data of one customer; written by the page itself."""

    __tablename__ = "customer_look"
    __table_args__ = (
        sa.Index("ix_customer_look_customer_id_id", "customer_id", "id"),
        sa.Index("ix_customer_look_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    account_id: Mapped[int]
    # None: somebody who applies and is no customer yet. Plain numbers: the record outlives both.
    customer_id: Mapped[int | None]
    what: Mapped[What]
    purpose: Mapped[Purpose]
    path: Mapped[str] = mapped_column(sa.String(200))
    ip: Mapped[str] = mapped_column(sa.String(45), default="")
