"""A customer's segments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, BigId
from wem.segments.rules import MAX_NAME


class Segment(Base):
    """Saved conditions over readers (セグメント)."""

    __tablename__ = "segment"
    __table_args__ = (sa.Index("ix_segment_customer_id_id", "customer_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(sa.String(MAX_NAME))
    # As `wem.segments.keeping_rules.as_data` writes it.
    conditions: Mapped[dict[str, Any]]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Two people who edit at once: the second save with an old number is told so.
    version: Mapped[int] = mapped_column(default=1)
