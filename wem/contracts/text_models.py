"""Published versions of terms, consent clauses and manual; the first of each is a file."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.contracts import text_rules
from wem.contracts.text_rules import TextKind
from wem.db import Base, BigId, db


class TextVersion(Base):
    """One version as it was made public; never changed afterwards (Art. 3-2, 3-3)."""

    __tablename__ = "text_version"
    __table_args__ = (sa.UniqueConstraint("kind", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[TextKind]
    number: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    # What is different, as customers are told.
    summary: Mapped[str] = mapped_column(sa.Text)
    adverse: Mapped[bool]
    published_at: Mapped[datetime]
    effective_from: Mapped[date]
    created_by: Mapped[int | None]


def versions(kind: TextKind) -> list[TextVersion]:
    """Return the versions after the first, oldest first."""
    found = sa.select(TextVersion).where(TextVersion.kind == kind).order_by(TextVersion.number)
    return list(db.session.scalars(found))


def version_of(kind: TextKind, number: int) -> TextVersion | None:
    """Return a version after the first."""
    return db.session.scalar(sa.select(TextVersion).where(TextVersion.kind == kind, TextVersion.number == number))


def in_force(kind: TextKind, on: date | None = None) -> int:
    """Return the number of the version that holds on a day, today unless given."""
    rows = db.session.execute(
        sa.select(TextVersion.number, TextVersion.effective_from).where(TextVersion.kind == kind)
    ).all()
    return text_rules.in_force([(row.number, row.effective_from) for row in rows], on or clock.today())
