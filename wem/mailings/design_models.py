"""The designs (雛形) that customers keep for themselves."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, BigId
from wem.mailings.models import BodyKind


class Design(Base):
    """A mail that a customer begins others with: what is in it, and nothing of when and to whom it went."""

    __tablename__ = "design"
    __table_args__ = (sa.Index("ix_design_customer_id_id", "customer_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(sa.String(100))
    body_kind: Mapped[BodyKind]
    subject: Mapped[str] = mapped_column(sa.String(400), default="")
    # As `block_reading_rules.write` writes it; cleaned HTML; or a text, as `body_kind` says.
    source: Mapped[str] = mapped_column(sa.Text)
    language: Mapped[str] = mapped_column(sa.String(2), default="ja")
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
