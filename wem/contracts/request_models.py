"""What customers ask for and what we tell them to mend: requests, refusals of renewal, corrections, terminations."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.contracts.rules import ServicePart
from wem.contracts.state_rules import (
    CORRECTION,
    OPEN,
    REQUEST,
    TERMINATION,
    UNDECIDED,
    CorrectionAction,
    CorrectionState,
    RequestAction,
    RequestState,
    TerminationAction,
    TerminationState,
    after,
    decided,
)
from wem.db import Base, BigId, db


class RequestKind(enum.StrEnum):
    cancel = "cancel"  # 解約 15
    early_exit = "early_exit"  # 最低利用期間内の解約のお願い 5-1: ours to grant
    course = "course"  # コース変更 11
    options = "options"  # オプション 11
    details = "details"  # 届出変更 16
    correction = "correction"  # 届出の誤り 16
    name = "name"  # 名義変更: the same person under another name (16, 20)
    bank = "bank"  # 口座変更 16
    resume = "resume"  # 再開 13-2


class Channel(enum.StrEnum):
    """How something reached us."""

    portal = "portal"
    mail = "mail"
    letter = "letter"
    phone = "phone"


class ContractRequest(Base):
    """One request of a customer about the contract; `received_at` decides (A-11)."""

    __tablename__ = "contract_request"
    __table_args__ = (
        sa.Index("ix_contract_request_contract_id_state", "contract_id", "state"),
        sa.Index("ix_contract_request_state_effective_on", "state", "effective_on"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"))
    kind: Mapped[RequestKind]
    state: Mapped[RequestState] = mapped_column(default=RequestState.received)
    channel: Mapped[Channel] = mapped_column(default=Channel.portal)
    received_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    wanted_on: Mapped[date | None]
    effective_on: Mapped[date | None]
    # What is asked for: {"course": code}, {"add": [codes], "remove": [codes]}, {"details": {name: [old, new]}}, …
    wish: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # The words agreed to, fees included, as the person saw them (11-2).
    agreed: Mapped[str] = mapped_column(sa.Text, default="")
    late: Mapped[bool] = mapped_column(default=False)
    token: Mapped[str | None] = mapped_column(sa.String(64), unique=True)  # of the form, so that it is taken once
    asked_by: Mapped[int | None]
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    closed_at: Mapped[datetime | None]

    contract: Mapped[Contract] = relationship()

    @property
    def open(self) -> bool:
        return self.state in OPEN

    @property
    def about(self) -> str:
        """Return how its notices and papers are found."""
        return f"request {self.id}"

    @property
    def undecided(self) -> bool:
        return self.state in UNDECIDED

    @property
    def undone(self) -> bool:
        """Return whether staff took it back as entered by mistake, with the reason that a withdrawal has not."""
        return self.state is RequestState.withdrawn and bool(self.reason)

    def move(self, action: RequestAction) -> None:
        """Go along one line of the table. Raises Illegal."""
        self.state = after(REQUEST, self.state, action)
        if not self.open:
            self.closed_at = clock.now()


def open_requests(contract_id: int, *kinds: RequestKind) -> list[ContractRequest]:
    """Return the contract's requests that nothing has become of yet, the oldest first."""
    found = sa.select(ContractRequest).where(
        ContractRequest.contract_id == contract_id, ContractRequest.state.in_(OPEN)
    )
    if kinds:
        found = found.where(ContractRequest.kind.in_(kinds))
    return list(db.session.scalars(found.order_by(ContractRequest.id)))


class RenewalRefusal(Base):
    """Our notice that a contract is not renewed (5-3); it counts from the day on which it reached the customer."""

    __tablename__ = "renewal_refusal"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    reason: Mapped[str] = mapped_column(sa.String(500))
    sent_at: Mapped[datetime]
    sent_by: Mapped[int | None]
    notice_id: Mapped[int | None]
    arrived_on: Mapped[date | None]
    failed_at: Mapped[datetime | None]  # the mail came back: a letter is due
    ends_on: Mapped[date | None]  # last day of the contract
    taken_back_at: Mapped[datetime | None]

    contract: Mapped[Contract] = relationship()


class Correction(Base):
    """A correction notice 是正勧告 with its deadline (14-2)."""

    __tablename__ = "correction"
    __table_args__ = (sa.Index("ix_correction_state_deadline", "state", "deadline"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    state: Mapped[CorrectionState] = mapped_column(default=CorrectionState.running)
    breach: Mapped[str] = mapped_column(sa.Text)  # what is wrong, and by which clause
    demand: Mapped[str] = mapped_column(sa.Text)  # what is to be done
    issued_at: Mapped[datetime]
    issued_by: Mapped[int | None]
    deadline: Mapped[date]  # last day
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    contract: Mapped[Contract] = relationship()

    def move(self, action: CorrectionAction) -> None:
        self.state = after(CORRECTION, self.state, action)


class TerminationGround(enum.StrEnum):
    """Why we end a contract: the items of 14-1 in their order, and 14-2."""

    breach = "breach"  # ①
    nonpayment = "nonpayment"  # ②
    licence = "licence"  # ③
    insolvency = "insolvency"  # ④
    attachment = "attachment"  # ⑤
    dissolution = "dissolution"  # ⑥
    death = "death"  # ⑦
    unfit = "unfit"  # ⑧
    uncorrected = "uncorrected"  # 14-2


class TerminationScope(enum.StrEnum):
    whole = "whole"
    part = "part"


class Termination(Base):
    """A termination that one person of staff asks for and another approves (14-1, 14-2)."""

    __tablename__ = "termination"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    correction_id: Mapped[int | None] = mapped_column(sa.ForeignKey("correction.id"), index=True)
    state: Mapped[TerminationState] = mapped_column(default=TerminationState.proposed)
    ground: Mapped[TerminationGround]
    scope: Mapped[TerminationScope]
    part: Mapped[str] = mapped_column(sa.String(300), default="")  # which part, in the words of the notice
    # What ends with it, where it is in part: an option, parts of the service (`ServicePart`).
    contract_option_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contract_option.id"), index=True)
    parts: Mapped[list[Any]] = mapped_column(default=list)
    evidence: Mapped[str] = mapped_column(sa.Text)
    evidence_key: Mapped[str | None] = mapped_column(sa.String(100))  # a file in storage
    evidence_name: Mapped[str] = mapped_column(sa.String(200), default="")
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[int]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    contract: Mapped[Contract] = relationship()
    option: Mapped[ContractOption | None] = relationship()

    @property
    def service_parts(self) -> list[ServicePart]:
        return [ServicePart(part) for part in self.parts]

    @property
    def has_effect(self) -> bool:
        """Return whether it names what ends; those of old had words alone, and suspended the service."""
        return self.contract_option_id is not None or bool(self.parts)

    def decide(self, action: TerminationAction, note: str, *, by: int) -> None:
        """Approve or refuse it as a second person, or withdraw it. Raises OwnProposal and Illegal."""
        self.state = decided(self.state, action, self.proposed_by, by)
        self.decided_at, self.decided_by, self.note = clock.now(), by, note

    def lift(self) -> None:
        """Take it back, after two have decided so. Raises Illegal."""
        self.state = after(TERMINATION, self.state, TerminationAction.lift)


def terminations_in_part(contract_id: int) -> list[Termination]:
    """Return the terminations in part that hold, the oldest first; not those of old, which suspended the service."""
    found = sa.select(Termination).where(
        Termination.contract_id == contract_id,
        Termination.scope == TerminationScope.part,
        Termination.state == TerminationState.carried_out,
    )
    return [row for row in db.session.scalars(found.order_by(Termination.id)) if row.has_effect]


class Revocation(Base):
    """The lifting of a termination in part, which takes two persons as the termination did (14-1)."""

    __tablename__ = "revocation"
    __table_args__ = (sa.Index("ix_revocation_state", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    # None where the service was stopped on this ground before terminations were on record.
    termination_id: Mapped[int | None] = mapped_column(sa.ForeignKey("termination.id"), index=True)
    state: Mapped[TerminationState] = mapped_column(default=TerminationState.proposed)
    reason: Mapped[str] = mapped_column(sa.String(500))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[int]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    contract: Mapped[Contract] = relationship()
    termination: Mapped[Termination | None] = relationship()

    def decide(self, action: TerminationAction, note: str, *, by: int) -> None:
        """Approve or refuse it as a second person, or withdraw it. Raises OwnProposal and Illegal."""
        self.state = decided(self.state, action, self.proposed_by, by)
        self.decided_at, self.decided_by, self.note = clock.now(), by, note

    def lapse(self) -> None:
        """The contract ended before. Raises Illegal when it is decided."""
        self.state = after(TERMINATION, self.state, TerminationAction.lapse)
        self.decided_at = clock.now()
