"""What was erased, what staff hold back, and for how long a customer's proof of consent is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, BigId, db
from wem.documents import Document
from wem.erasure.rules import ErasureState, Phase


class Erasure(Base):
    """One phase of the erasure after a contract's end: the record of what went, with counts and nothing else (同意6).

    `started_by`: who of staff began it; None: the timetable, or a restored backup.
    """

    __tablename__ = "erasure"
    __table_args__ = (
        sa.UniqueConstraint("contract_number", "phase"),
        sa.Index(
            "ix_erasure_running",
            "id",
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # Plain numbers: the record outlives contract and customer.
    customer_id: Mapped[int] = mapped_column(index=True)
    contract_id: Mapped[int] = mapped_column(index=True)
    contract_number: Mapped[str] = mapped_column(sa.String(20))
    phase: Mapped[Phase]
    state: Mapped[ErasureState] = mapped_column(default=ErasureState.running)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {table: rows, "files": files}
    cursor: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # the last arrived mail that was looked at
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    started_by: Mapped[int | None]
    finished_at: Mapped[datetime | None]
    # The fixed part of the record of consent, as the customer got it: its first part.
    document_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    # How often a part of it could not be set; since when one stands as plain text and staff have not seen it.
    failures: Mapped[int] = mapped_column(default=0)
    fault_at: Mapped[datetime | None]

    @property
    def number(self) -> str:
        return f"E{self.id:06}"

    def add(self, what: str, number: int) -> None:
        """Count what went."""
        if number:
            self.counts = {**self.counts, what: self.counts.get(what, 0) + number}

    def add_all(self, numbers: Mapping[str, int]) -> None:
        for what, number in numbers.items():
            self.add(what, number)

    @property
    def rows(self) -> int:
        return sum(number for what, number in self.counts.items() if what != "files")

    @property
    def about(self) -> str:
        """Return how its documents are found."""
        return f"erasure {self.id}"

    @property
    def documents(self) -> list[Document]:
        """Return the parts of the record of consent that are kept, in their order."""
        parts = sa.or_(Document.about == self.about, Document.id == self.document_id)
        return list(db.session.scalars(sa.select(Document).where(parts).order_by(Document.id)))


class ErasureHold(Base):
    """Staff keep a customer's data from being erased for now, and say why: a court, an authority, a dispute."""

    __tablename__ = "erasure_hold"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    reason: Mapped[str] = mapped_column(sa.String(500))
    held_at: Mapped[datetime] = mapped_column(default=clock.now)
    held_by: Mapped[int]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None]


class ConsentKeeping(Base):
    """For how many months a customer's proof of consent is kept, where it is not what the settings say (A-23)."""

    __tablename__ = "consent_keeping"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    months: Mapped[int]
    reason: Mapped[str] = mapped_column(sa.String(500))
    set_at: Mapped[datetime] = mapped_column(default=clock.now)
    set_by: Mapped[int]


class ErasurePlace(Base):
    """How far a look that goes through a table by numbers has come."""

    __tablename__ = "erasure_place"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    number: Mapped[int] = mapped_column(sa.BigInteger, default=0)


def is_held(customer_id: Any) -> sa.ColumnElement[bool]:
    """Select where staff hold the data of the customer that a column names."""
    held = sa.select(ErasureHold.id).where(ErasureHold.customer_id == customer_id, ErasureHold.lifted_at.is_(None))
    return sa.exists(held)


def erasures_of(contract_id: int) -> dict[Phase, Erasure]:
    """Return the phases of a contract that have begun."""
    found = sa.select(Erasure).where(Erasure.contract_id == contract_id)
    return {row.phase: row for row in db.session.scalars(found)}


def open_hold(customer_id: int) -> ErasureHold | None:
    """Return what staff hold a customer's data by."""
    return db.session.scalar(
        sa.select(ErasureHold).where(ErasureHold.customer_id == customer_id, ErasureHold.lifted_at.is_(None)).limit(1)
    )
