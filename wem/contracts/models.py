"""Courses, contracts, and the numbered record of stops that a sender watches."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.accounts.models import Customer
from wem.contracts import rules
from wem.contracts.rules import ContractState, LegalItem, Standing, SuspensionGround, Use
from wem.db import Base, BigId, db


class Course(Base):
    """A course (コース) with its monthly fee by number of registered addresses."""

    __tablename__ = "course"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    # [[up to, yen net], …] ascending.
    tiers: Mapped[list[Any]]
    sample: Mapped[bool] = mapped_column(default=False)


class Contract(Base):
    """One customer's contract (本契約); at most one of a customer's is in force."""

    __tablename__ = "contract"
    __table_args__ = (
        sa.Index(
            "uq_contract_in_force",
            "customer_id",
            unique=True,
            sqlite_where=sa.text("state <> 'ended'"),
            postgresql_where=sa.text("state <> 'ended'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    course_id: Mapped[int] = mapped_column(sa.ForeignKey("course.id"), index=True)
    state: Mapped[ContractState]
    start_date: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # The details that every mail shows (特定電子メール法 4条).
    sender_name: Mapped[str] = mapped_column(sa.String(100), default="")
    postal_code: Mapped[str] = mapped_column(sa.String(8), default="")
    postal_address: Mapped[str] = mapped_column(sa.String(300), default="")
    contact: Mapped[str] = mapped_column(sa.String(300), default="")  # phone, mail address or URL for complaints
    notice_email: Mapped[str] = mapped_column(sa.String(254), default="")
    # Since when three mails in a row to this address have come back: notices go by letter then (A-08, Art. 22).
    notice_fails_since: Mapped[datetime | None]
    attested_uploads: Mapped[bool] = mapped_column(default=False)
    suspended_at: Mapped[datetime | None]
    suspension_ground: Mapped[SuspensionGround | None]
    suspension_note: Mapped[str] = mapped_column(sa.String(500), default="")

    customer: Mapped[Customer] = relationship()
    course: Mapped[Course] = relationship()

    @property
    def suspended(self) -> bool:
        return self.suspended_at is not None

    def permits(self, use: Use, on: date) -> bool:
        """Return whether the contract permits this use on a date; the one place that everything asks."""
        return rules.permits(self.state, self.start_date, self.suspended, use, on)

    @property
    def standing(self) -> Standing:
        """Where the contract stands today."""
        return rules.standing(self.state, self.start_date, self.suspended, clock.today())

    @property
    def missing_legal_items(self) -> list[LegalItem]:
        return rules.missing_legal_items(self.sender_name, self.postal_code, self.postal_address, self.contact)

    def suspend(self, ground: SuspensionGround, note: str, *, by: int | None) -> None:
        """Stop the service at once (停止): sign-up, upload, composing and sending ask `permits` and stand still."""
        if self.suspended_at is not None:
            return
        self.suspended_at = clock.now()
        self.suspension_ground = ground
        self.suspension_note = note
        db.session.add(Stop(customer_id=self.customer_id, at=self.suspended_at))
        audit.record(
            "contract.suspend", by=by, customer_id=self.customer_id, subject=self, ground=ground.value, note=note
        )

    def resume(self, note: str, *, by: int | None) -> None:
        """Lift the suspension (再開)."""
        if self.suspended_at is None:
            return
        audit.record(
            "contract.resume",
            by=by,
            customer_id=self.customer_id,
            subject=self,
            note=note,
            suspended_at=self.suspended_at.isoformat(),
        )
        self.suspended_at = None
        self.suspension_ground = None
        self.suspension_note = ""

    def switch_attested_uploads(self, on: bool, *, by: int | None) -> None:
        """Allow or forbid uploads of consent gathered elsewhere."""
        self.attested_uploads = on
        audit.record("contract.attested_uploads", by=by, customer_id=self.customer_id, subject=self, on=on)

    def change_details(self, details: dict[str, str], *, by: int | None) -> list[str]:
        """Take over what mails show and where notices go; returns the names of what is different now.

        Old and new values go into the record (Art. 16). Raises KeyError for what is no detail.
        """
        unknown = details.keys() - set(DETAILS)
        if unknown:
            raise KeyError(*unknown)
        changed = {
            name: [getattr(self, name), value] for name, value in details.items() if getattr(self, name) != value
        }
        for name, (_, value) in changed.items():
            setattr(self, name, value)
        if "notice_email" in changed:
            self.notice_fails_since = None
        if changed:
            audit.record("contract.details", by=by, customer_id=self.customer_id, subject=self, **changed)
        return list(changed)


DETAILS = ("sender_name", "postal_code", "postal_address", "contact", "notice_email")


class Stop(Base):
    """A stop that senders must see at once: of a whole customer, or of one subscriber (on one list or all).

    Numbered; a sender keeps the last number that it saw and asks for those above it.
    """

    __tablename__ = "stop"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    customer_id: Mapped[int]
    subscriber_id: Mapped[int | None] = mapped_column(sa.BigInteger)


def contract_in_force(customer_id: int) -> Contract | None:
    """Return the customer's contract that has not ended."""
    return db.session.scalar(
        sa.select(Contract).where(Contract.customer_id == customer_id, Contract.state != ContractState.ended)
    )


def customer_may(customer_id: int, use: Use) -> bool:
    """Return whether the customer's contract permits a use today; without a contract nothing but the way out is."""
    contract = contract_in_force(customer_id)
    if contract is None:
        return use in rules.ALWAYS
    return contract.permits(use, clock.today())
