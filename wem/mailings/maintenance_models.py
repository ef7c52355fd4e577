"""What customers choose for mailings that fall into maintenance, and whom we have told of it (Art. 13-1)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base
from wem.mailings.maintenance_rules import Choice


class MaintenanceChoice(Base):
    """The choice for one mailing and one announced window; without a row it is held and sent afterwards."""

    __tablename__ = "maintenance_choice"

    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incident.id"), primary_key=True, autoincrement=False)
    mailing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    choice: Mapped[Choice]
    chosen_at: Mapped[datetime]
    chosen_by: Mapped[int | None]


class MaintenanceTold(Base):
    """That a customer was told of a window, with the times that it had then; with other times they are told anew."""

    __tablename__ = "maintenance_told"

    incident_id: Mapped[int] = mapped_column(sa.ForeignKey("incident.id"), primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(
        sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False, index=True
    )
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    told_at: Mapped[datetime]
