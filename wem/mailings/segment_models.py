"""What narrows a mailing: segments and an earlier mailing, and what they said when it started."""

from __future__ import annotations

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base, BigId
from wem.segments.models import Segment
from wem.segments.rules import MAX_NAME


class SegmentUse(enum.StrEnum):
    only = "only"  # goes to whom it fits: to those of any of them, where there are several
    without = "without"  # goes to nobody whom it fits


class MailingSegment(Base):
    """A segment that narrows a mailing, or an earlier mailing that does.

    One whose segment or earlier mailing is gone stays, and keeps the mailing from starting: without it, it would go to
    everybody.
    """

    __tablename__ = "mailing_segment"
    __table_args__ = (sa.UniqueConstraint("mailing_id", "segment_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id", ondelete="CASCADE"))
    segment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("segment.id", ondelete="SET NULL"), index=True)
    # The earlier mailing: it goes to nobody who got that one, or only to those of them who seem not to have read it.
    earlier_id: Mapped[int | None] = mapped_column(sa.ForeignKey("mailing.id", ondelete="SET NULL"), index=True)
    use: Mapped[SegmentUse]
    name: Mapped[str] = mapped_column(sa.String(MAX_NAME))
    # From the start of the mailing on: what the segment said then, and how fields and lists were called.
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Until the mailings that it speaks of are written down; the customer may have it go on before.
    waits: Mapped[bool] = mapped_column(default=True, server_default=sa.true())

    def keep(self, segment: Segment, names: dict[str, Any]) -> None:
        """Write down what the segment says now: it holds for this mailing whatever becomes of the segment."""
        self.name, self.conditions, self.names = segment.name, dict(segment.conditions), names
