"""What staff have taken down of a customer's: hosted pages, one list's page, one mailing (12禁, 12登-3②)."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import audit, clock
from wem.db import Base, BigId, db


class TakenDown(enum.StrEnum):
    """What kind of thing is out of sight."""

    pages = "pages"  # everything under /h/<slug>/
    list = "list"  # one list's page and sign-up, by form and by blank mail
    mailing = "mailing"  # does not start or go on; has no view in the browser


class Takedown(Base):
    """One thing taken down, and its lifting; the row stays as the record."""

    __tablename__ = "takedown"
    __table_args__ = (
        sa.Index(
            "uq_takedown_open",
            "customer_id",
            "kind",
            "target_id",
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    kind: Mapped[TakenDown]
    # Of the list or mailing; 0 for the pages as a whole. A plain number: the record outlives what it speaks of.
    target_id: Mapped[int]
    case_id: Mapped[int | None] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(sa.String(500))  # as the customer reads it
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by: Mapped[int]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None]
    lift_note: Mapped[str] = mapped_column(sa.String(500), default="")

    def lift(self, note: str, *, by: int) -> bool:
        """Show it again; False when somebody did already. Mailings that were held wait for the customer's decision."""
        if self.lifted_at is not None:
            return False
        self.lifted_at, self.lifted_by, self.lift_note = clock.now(), by, note
        audit.record("takedown.lift", by=by, customer_id=self.customer_id, subject=self, note=note)
        return True


def open_takedown(customer_id: int, kind: TakenDown, target_id: int = 0) -> Takedown | None:
    """Return the row by which something is out of sight now."""
    return db.session.scalar(
        sa.select(Takedown).where(
            Takedown.customer_id == customer_id,
            Takedown.kind == kind,
            Takedown.target_id == target_id,
            Takedown.lifted_at.is_(None),
        )
    )


def down(customer_id: int) -> tuple[bool, frozenset[int]]:
    """Return whether all pages of a customer are out of sight, and the lists whose own page is."""
    found = db.session.execute(
        sa.select(Takedown.kind, Takedown.target_id).where(
            Takedown.customer_id == customer_id,
            Takedown.kind.in_((TakenDown.pages, TakenDown.list)),
            Takedown.lifted_at.is_(None),
        )
    ).all()
    lists = frozenset(row.target_id for row in found if row.kind is TakenDown.list)
    return any(row.kind is TakenDown.pages for row in found), lists
