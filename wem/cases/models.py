"""Reports, cases with their entries, claims and talks, and deletions of data by us."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.accounts.models import Customer
from wem.cases.rules import (
    CASE,
    CLAIM,
    DELETION,
    REPORT,
    CaseAction,
    CaseState,
    ClaimAction,
    ClaimState,
    DeletionAction,
    DeletionGround,
    DeletionState,
    ReportAction,
    ReportState,
)
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal, after, first_person, second_person
from wem.db import Base, BigId


class Report(Base):
    """A report of abuse by anybody, as it was typed; nothing of it is believed before staff have looked."""

    __tablename__ = "abuse_report"
    __table_args__ = (sa.Index("ix_abuse_report_state_id", "state", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    state: Mapped[ReportState] = mapped_column(default=ReportState.waiting)
    page: Mapped[str] = mapped_column(sa.String(500), default="")  # address of a page, or the sender of a mail
    what: Mapped[str] = mapped_column(sa.Text)
    email: Mapped[str] = mapped_column(sa.String(254), default="")
    # The mail that it is about, as it was handed in.
    file_key: Mapped[str | None] = mapped_column(sa.String(64))
    file_name: Mapped[str] = mapped_column(sa.String(200), default="")
    # Whose page it seems to be, by its address: a hint, not a finding.
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(sa.ForeignKey("abuse_case.id"), index=True)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    customer: Mapped[Customer | None] = relationship()

    @property
    def number(self) -> str:
        return f"R{self.id:06}"

    def move(self, action: ReportAction, note: str, *, by: int) -> None:
        """Take it up or dismiss it. Raises Illegal."""
        self.state = after(REPORT, self.state, action)
        self.decided_at, self.decided_by, self.note = clock.now(), by, note


class Case(Base):
    """What we look into about a customer: which items of 12禁, by when, by whom, and what came of it."""

    __tablename__ = "abuse_case"
    __table_args__ = (sa.Index("ix_abuse_case_state_deadline", "state", "deadline"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    state: Mapped[CaseState] = mapped_column(default=CaseState.received)
    codes: Mapped[list[Any]] = mapped_column(default=list)  # P01 …
    title: Mapped[str] = mapped_column(sa.String(200))
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    opened_by: Mapped[int]
    assignee_id: Mapped[int | None]
    deadline: Mapped[date]  # of the next step
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(sa.String(1000), default="")

    customer: Mapped[Customer] = relationship()
    contract: Mapped[Contract] = relationship()
    entries: Mapped[list[CaseEntry]] = relationship(order_by="CaseEntry.id.desc()", back_populates="case")
    claims: Mapped[list[Claim]] = relationship(order_by="Claim.id", back_populates="case")
    talks: Mapped[list[Talk]] = relationship(order_by="Talk.held_on, Talk.id", back_populates="case")
    reports: Mapped[list[Report]] = relationship(order_by="Report.id")

    @property
    def number(self) -> str:
        return f"C{self.id:06}"

    @property
    def over(self) -> bool:
        """Whether the contract has ended: what is left are notes and a deletion."""
        return self.contract.state is ContractState.ended

    def move(self, action: CaseAction) -> None:
        """Go along one line of the table. Raises Illegal."""
        self.state = after(CASE, self.state, action)
        self.closed_at = clock.now() if self.state is CaseState.closed else None


class EntryKind(enum.StrEnum):
    """What an entry of a case's course says."""

    opened = "opened"
    note = "note"
    evidence = "evidence"
    state = "state"
    act = "act"
    claim = "claim"
    talk = "talk"


class CaseEntry(Base):
    """One entry in the course of a case; never changed. Evidence is one with a file."""

    __tablename__ = "case_entry"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("abuse_case.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by: Mapped[int]
    kind: Mapped[EntryKind]
    text: Mapped[str] = mapped_column(sa.Text, default="")
    # Where staff see what it speaks of.
    path: Mapped[str] = mapped_column(sa.String(100), default="")
    file_key: Mapped[str | None] = mapped_column(sa.String(64))
    file_name: Mapped[str] = mapped_column(sa.String(200), default="")

    case: Mapped[Case] = relationship(back_populates="entries")


class Claim(Base):
    """What a third party claims in connection with the customer's use (9-5): the customer settles it."""

    __tablename__ = "claim"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("abuse_case.id"), index=True)
    claimant: Mapped[str] = mapped_column(sa.String(200))
    demand: Mapped[str] = mapped_column(sa.Text)
    amount: Mapped[int | None]  # yen
    raised_on: Mapped[date]
    state: Mapped[ClaimState] = mapped_column(default=ClaimState.raised)
    # How the customer settled it, or why it fell.
    result: Mapped[str] = mapped_column(sa.String(500), default="")
    closed_on: Mapped[date | None]

    case: Mapped[Case] = relationship(back_populates="claims")

    def move(self, action: ClaimAction, result: str) -> None:
        """Go along one line of the table. Raises Illegal."""
        self.state = after(CLAIM, self.state, action)
        if action is not ClaimAction.pass_on:
            self.result, self.closed_on = result, clock.today()


class TalkWay(enum.StrEnum):
    meeting = "meeting"
    phone = "phone"
    mail = "mail"
    letter = "letter"


class Talk(Base):
    """One talk in good faith about a dispute between the customer and us (25-1)."""

    __tablename__ = "dispute_talk"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("abuse_case.id"), index=True)
    held_on: Mapped[date]
    way: Mapped[TalkWay]
    people: Mapped[str] = mapped_column(sa.String(300))
    matter: Mapped[str] = mapped_column(sa.Text)
    result: Mapped[str] = mapped_column(sa.Text, default="")
    by: Mapped[int]

    case: Mapped[Case] = relationship(back_populates="talks")


class Deletion(Base):
    """Data of a customer that we delete without consent (12登-3①②③); the row stays as the record."""

    __tablename__ = "deletion"
    __table_args__ = (sa.Index("ix_deletion_state", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("abuse_case.id"), index=True)
    state: Mapped[DeletionState] = mapped_column(default=DeletionState.proposed)
    ground: Mapped[DeletionGround]
    parts: Mapped[list[Any]]
    list_ids: Mapped[list[Any]]  # of the readers; empty means all lists
    reason: Mapped[str] = mapped_column(sa.String(1000))  # as the customer reads it
    # What there was when it was asked for, and what is done: {part: number}.
    found: Mapped[dict[str, Any]]
    done: Mapped[dict[str, Any]] = mapped_column(default=dict)
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    proposed_by: Mapped[int]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    # Nothing that came after the approval is touched.
    until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship()
    customer: Mapped[Customer] = relationship()

    def decide(self, action: DeletionAction, note: str, *, by: int) -> None:
        """Approve or refuse it as a second person, or withdraw it. Raises OwnProposal and Illegal."""
        if action in (DeletionAction.approve, DeletionAction.refuse):
            second_person(self.proposed_by, by)
        if action is DeletionAction.withdraw:
            first_person(self.proposed_by, by)
        if action is DeletionAction.finish:
            raise Illegal("a deletion is done when nothing is left")
        self.state = after(DELETION, self.state, action)
        self.decided_at, self.decided_by, self.note = clock.now(), by, note

    def finish(self) -> None:
        """Note that nothing is left. Raises Illegal."""
        self.state = after(DELETION, self.state, DeletionAction.finish)
        self.finished_at = clock.now()
