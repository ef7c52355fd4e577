"""Readers who are chosen one by one for a mailing: those for whom a step of a sequence was due."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base


class ChosenReader(Base):
    """A reader to whom a mailing goes; a mailing with such rows goes to nobody else.

    That the row is there is also the record that the reader had this step, in this round of the sequence: the key lets
    nobody get it twice.
    """

    __tablename__ = "chosen_reader"
    __table_args__ = (
        sa.UniqueConstraint("subscriber_id", "step_id", "round"),
        {"sqlite_with_rowid": False},
    )

    mailing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    subscriber_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # A plain number: sequences know mailings, and not the other way round.
    step_id: Mapped[int]
    round: Mapped[int] = mapped_column(default=0)
