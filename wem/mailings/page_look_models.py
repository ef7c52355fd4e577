"""How a customer's pages for readers look."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base


class PageLook(Base):
    """What a customer has set for its dedicated home page and the pages around it; empty: ours."""

    __tablename__ = "page_look"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    logo_id: Mapped[int | None] = mapped_column(sa.ForeignKey("image.id", ondelete="SET NULL"), index=True)
    intro: Mapped[str] = mapped_column(sa.String(300), default="")
    accent: Mapped[str] = mapped_column(sa.String(7), default="")  # `#rrggbb`
    contact: Mapped[str] = mapped_column(sa.String(200), default="")
    privacy_url: Mapped[str] = mapped_column(sa.String(300), default="")
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
