"""The count of registered addresses (1-5, 7-2): now, each month's peak, and the evidence of each day."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base


class AddressCount(Base):
    """A customer's registered addresses now: distinct subscribers with an active subscription (1-5, 7-2)."""

    __tablename__ = "address_count"

    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    registered: Mapped[int] = mapped_column(default=0)


class MonthPeak(Base):
    """The highest count of a calendar month, and when it was reached (7-2)."""

    __tablename__ = "month_peak"

    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    month: Mapped[date] = mapped_column(primary_key=True)
    peak: Mapped[int]
    opening: Mapped[int]  # what stood there at 0:00 on the 1st
    reached_at: Mapped[datetime]


class CountSnapshot(Base):
    """The count of one customer on one day: as it is kept, the month's peak so far, and as counted anew."""

    __tablename__ = "count_snapshot"
    __table_args__ = (
        sa.Index(
            "ix_count_snapshot_differs",
            "day",
            sqlite_where=sa.text("registered <> recounted AND seen_at IS NULL"),
            postgresql_where=sa.text("registered <> recounted AND seen_at IS NULL"),
        ),
    )

    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    registered: Mapped[int]
    peak: Mapped[int]
    recounted: Mapped[int]
    # Staff have looked into a difference.
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    @property
    def differs(self) -> bool:
        return self.registered != self.recounted
