"""Emergency stops (8-3): who reported it, what ended at once, when staff lifted it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem.contracts.models import Contract
from wem.db import Base, BigId


class StopVia(enum.StrEnum):
    """By which way it was reported."""

    link = "link"  # the public page, then the link mailed to the notice address
    owner = "owner"  # an owner who is signed in
    staff = "staff"  # by telephone or mail to staff


class EmergencyStop(Base):
    """One report that what we lent is lost or misused, and what was done. It is asked for until it is pulled."""

    __tablename__ = "emergency_stop"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    via: Mapped[StopVia]
    asked_at: Mapped[datetime]
    ip: Mapped[str] = mapped_column(sa.String(45), default="")
    # When the report reached us, where staff typed it in.
    received_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    pulled_at: Mapped[datetime | None]
    pulled_by: Mapped[int | None]
    people: Mapped[list[Any]] = mapped_column(default=list)  # numbers of the accounts whose passwords ended
    sign_ins: Mapped[int] = mapped_column(default=0)
    invitations: Mapped[int] = mapped_column(default=0)  # that were open, and were withdrawn
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None]
    lift_note: Mapped[str] = mapped_column(sa.String(500), default="")

    contract: Mapped[Contract] = relationship()

    @property
    def open(self) -> bool:
        """Whether it holds: pulled, and not lifted."""
        return self.pulled_at is not None and self.lifted_at is None
