"""What mails made of blocks are kept in: their revisions, and a customer's brand settings."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base
from wem.mailings.block_rules import LOOK


class BlockRevision(Base):
    """A mail made of blocks as it stood once; which one holds says `Mailing.revision`. The oldest go."""

    __tablename__ = "block_revision"

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # As `block_rules.write` writes it.
    document: Mapped[str] = mapped_column(sa.Text)
    # What was done, `change b3`: what follows of the same kind by the same person is the same step.
    act: Mapped[str] = mapped_column(sa.String(40), default="")
    # The mailing's version that it made.
    version: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Brand(Base):
    """How a customer's new mails look: colours, sizes, logo, last words (ブランド設定)."""

    __tablename__ = "brand"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    background: Mapped[str] = mapped_column(sa.String(7), default=LOOK["background"].default)
    surface: Mapped[str] = mapped_column(sa.String(7), default=LOOK["surface"].default)
    text: Mapped[str] = mapped_column(sa.String(7), default=LOOK["text"].default)
    accent: Mapped[str] = mapped_column(sa.String(7), default=LOOK["accent"].default)
    font_size: Mapped[str] = mapped_column(sa.String(2), default=LOOK["font_size"].default)
    corners: Mapped[str] = mapped_column(sa.String(10), default=LOOK["corners"].default)
    logo_id: Mapped[int | None] = mapped_column(sa.ForeignKey("image.id", ondelete="SET NULL"), index=True)
    footer: Mapped[str] = mapped_column(sa.String(2000), default="")
    # Two people who edit at once: the second save with an old number is told so.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)

    @property
    def look(self) -> dict[str, str]:
        """The values that a document's look has."""
        return {name: getattr(self, name) for name in LOOK}
