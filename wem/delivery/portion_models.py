"""The portions of a dispatch that does not go to everybody at once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base


class Portion(Base):
    """One portion: its batches are blocked until it is released, which happens once, when its time has come."""

    __tablename__ = "portion"
    __table_args__ = (
        sa.Index(
            "ix_portion_due",
            "due_at",
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        ),
    )

    dispatch_id: Mapped[int] = mapped_column(sa.ForeignKey("dispatch.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    due_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
