"""A name that a customer asked for, what was decided about it, by whom and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.accounts.models import Customer
from wem.db import Base, BigId, db
from wem.sender_names.rules import LINES, LONGEST_FOLDED, OPEN, NameAct, NameState, before, folded

_OPEN = f"state IN ({', '.join(repr(state.value) for state in OPEN)})"


class AlreadyDecided(Exception):
    """Somebody else has decided about the name, or the customer has taken the request back."""


class SenderName(Base):
    """A sender's name beside the registered one; mailings name its row, and so know whether it holds."""

    __tablename__ = "sender_name"
    __table_args__ = (
        sa.Index(
            "uq_sender_name_open",
            "customer_id",
            "folded",
            unique=True,
            sqlite_where=sa.text(_OPEN),
            postgresql_where=sa.text(_OPEN),
        ),
        sa.Index("ix_sender_name_customer_id_id", "customer_id", "id"),
        # The same name of another customer is what staff are shown.
        sa.Index("ix_sender_name_folded", "folded"),
        sa.Index(
            "ix_sender_name_asked",
            "asked_at",
            sqlite_where=sa.text("state = 'asked'"),
            postgresql_where=sa.text("state = 'asked'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(sa.String(100))
    # What looks the same is the same.
    folded: Mapped[str] = mapped_column(sa.String(LONGEST_FOLDED))
    # What the customer says that it is: a brand, a shop.
    reason: Mapped[str] = mapped_column(sa.String(1000))
    state: Mapped[NameState] = mapped_column(default=NameState.asked)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    asked_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None]
    # What the customer is told when it is refused or withdrawn.
    note: Mapped[str] = mapped_column(sa.String(1000), default="")

    customer: Mapped[Customer] = relationship()

    def approve(self, *, by: int) -> None:
        """Let mailings go under it; raises AlreadyDecided for all but the first who decides."""
        self._act(NameAct.approve, by, decided_at=clock.now(), decided_by=by)

    def refuse(self, note: str, *, by: int) -> None:
        """Say no, and why; raises AlreadyDecided."""
        self._act(NameAct.refuse, by, decided_at=clock.now(), decided_by=by, note=note)

    def take_back(self, *, by: int) -> None:
        """Note that the customer does not want it any more; raises AlreadyDecided."""
        self._act(NameAct.take_back, by)

    def withdraw(self, note: str, *, by: int) -> None:
        """Let nothing start under it from now on, and say why; raises AlreadyDecided when it does not hold."""
        self._act(NameAct.withdraw, by, withdrawn_at=clock.now(), withdrawn_by=by, note=note)

    def _act(self, act: NameAct, by: int, **values: Any) -> None:
        state = before(act)
        db.session.flush()
        moved = db.session.execute(
            sa.update(SenderName)
            .where(SenderName.id == self.id, SenderName.state == state)
            .values(state=LINES[state, act], **values)
            .execution_options(synchronize_session=False)
        )
        db.session.refresh(self)
        if not moved.rowcount:  # type: ignore[attr-defined]
            raise AlreadyDecided
        act_name, customer_id = f"sender_name.{act.value}", self.customer_id
        audit.record(act_name, by=by, customer_id=customer_id, subject=self, name=self.name, reason=self.note)


def named(customer_id: int, name: str, reason: str, *, by: int) -> SenderName:
    """Return a request for a name, in the session."""
    row = SenderName(customer_id=customer_id, name=name, folded=folded(name), reason=reason, asked_by=by)
    db.session.add(row)
    return row
