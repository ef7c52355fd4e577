"""Arrived mail, one row for each of our addresses that it came to, and what was seen already."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base, BigId, Small
from wem.inbound.rules import pause_after
from wem.inbound.states import InboundState, Route, Way

DUE = sa.text("state = 0")
# What waits for staff (states.FOR_STAFF) is counted in an index that holds nothing else.
WAITS = sa.text("state >= 4")


class InboundMail(Base):
    __tablename__ = "inbound_mail"
    __table_args__ = (
        sa.Index("ix_inbound_mail_due", "not_before", "id", sqlite_where=DUE, postgresql_where=DUE),
        sa.Index("ix_inbound_mail_state_id", "state", "id"),
        sa.Index("ix_inbound_mail_for_staff", "state", "route", sqlite_where=WAITS, postgresql_where=WAITS),
        sa.Index("ix_inbound_mail_raw_key", "raw_key"),
        # A number is never given twice: domains know by it what they have done.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    received_at: Mapped[datetime]
    way: Mapped[Way]
    # Empty: the null sender, a machine's. None: by pipe or from a mailbox that does not tell.
    sender: Mapped[str | None] = mapped_column(sa.String(320))
    recipient: Mapped[str] = mapped_column(sa.String(320))
    route: Mapped[Route]
    # The file that holds it, shared by the rows of one mail; empty once it is erased.
    raw_key: Mapped[str | None] = mapped_column(sa.String(64))
    size: Mapped[int]  # bytes
    fingerprint: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    state: Mapped[InboundState] = mapped_column(Small(InboundState), default=InboundState.waiting)
    # What the reader makes of it (bounces.states.Kind); empty as long as nobody has read it.
    kind: Mapped[str] = mapped_column(sa.String(16), default="")
    # Why it is ignored or failed: a word of ours, or the kind of the error; never the mail's own words.
    problem: Mapped[str] = mapped_column(sa.String(64), default="")
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    not_before: Mapped[datetime]
    owner: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]

    def become(self, state: InboundState, at: datetime, problem: str = "") -> None:
        """End a handling: what became of it, when, and why."""
        self.state, self.handled_at, self.problem = state, at, problem
        self.owner = self.lease_until = None

    def put_off(self, at: datetime, problem: str) -> None:
        """Try again later after a fault of ours, or leave it to staff when that was often enough."""
        pause = pause_after(self.attempts)
        if pause is None:
            self.become(InboundState.failed, at, problem)
            return
        self.not_before, self.problem = at + pause, problem
        self.owner = self.lease_until = None

    def replay(self, at: datetime) -> None:
        """Have it routed anew, as if it had just come in."""
        self.state, self.attempts, self.not_before, self.handled_at, self.problem = (
            InboundState.waiting, 0, at, None, "",
        )  # fmt: skip
        self.owner = self.lease_until = None


class SeenMail(Base):
    """Which mail had a fingerprint first, for as long as it may come again."""

    __tablename__ = "seen_mail"
    __table_args__ = (sa.Index("ix_seen_mail_seen_at", "seen_at"),)

    fingerprint: Mapped[bytes] = mapped_column(sa.LargeBinary(16), primary_key=True)
    mail_id: Mapped[int] = mapped_column(BigId)
    seen_at: Mapped[datetime]


LEASE = timedelta(minutes=3)  # longer than a job may run
