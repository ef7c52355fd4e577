"""Evidence of the count of registered addresses (7-2): what stood there each day, and what a recount said."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base


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
