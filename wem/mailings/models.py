"""Mailings, the lists that they go to, and a customer's testers."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.db import Base, BigId, db
from wem.lists.models import MailingList
from wem.mailings.states import (
    ACTS,
    AFTER_START,
    BEFORE_START,
    OF_A_STEP,
    TIME_ACTS,
    HeldReason,
    InThePast,
    MailingState,
    NotPossible,
)
from wem.mailings.timing_rules import USUAL_TOLERANCE


class BodyKind(enum.StrEnum):
    blocks = "blocks"
    html = "html"
    text = "text"

    @property
    def has_html(self) -> bool:
        """Whether such a mail has HTML, made of blocks or written."""
        return self is not BodyKind.text


class Mailing(Base):
    """One composed mail to one audience at one time (メール)."""

    __tablename__ = "mailing"
    __table_args__ = (
        sa.Index("ix_mailing_customer_id_id", "customer_id", "id"),
        sa.Index("ix_mailing_sequence_id", "sequence_id"),
        sa.Index(
            "ix_mailing_due",
            "scheduled_at",
            sqlite_where=sa.text("state = 'scheduled'"),
            postgresql_where=sa.text("state = 'scheduled'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    state: Mapped[MailingState] = mapped_column(default=MailingState.draft)
    name: Mapped[str] = mapped_column(sa.String(100), default="")
    subject: Mapped[str] = mapped_column(sa.String(400), default="")
    sender_name: Mapped[str] = mapped_column(sa.String(100), default="")
    # The approved name that was chosen; without it the mailing goes under the registered one.
    sender_name_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sender_name.id"), index=True)
    body_kind: Mapped[BodyKind] = mapped_column(default=BodyKind.html)
    html: Mapped[str] = mapped_column(sa.Text, default="")
    text: Mapped[str] = mapped_column(sa.Text, default="")
    # The text part was written by hand and no longer follows the HTML.
    text_edited: Mapped[bool] = mapped_column(default=False)
    # The HTML has changed since the text was written by hand.
    text_outdated: Mapped[bool] = mapped_column(default=False)
    # Full-width characters in a line of the text as it is sent; 0: as written.
    wrap_at: Mapped[int] = mapped_column(sa.SmallInteger, default=35)
    # The HTML begins with a line that leads to the mail's page in the browser.
    view_line: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    language: Mapped[str] = mapped_column(sa.String(2), default="ja")
    scheduled_at: Mapped[datetime | None]
    # How late it may start by itself.
    tolerance: Mapped[timedelta] = mapped_column(sa.Interval, default=USUAL_TOLERANCE)
    # In how many portions it goes, so many minutes apart.
    portions: Mapped[int] = mapped_column(sa.SmallInteger, default=1, server_default="1")
    portion_minutes: Mapped[int] = mapped_column(sa.SmallInteger, default=60, server_default="60")
    held_reason: Mapped[str] = mapped_column(sa.String(64), default="")
    # The state of which the customer's people were told by mail last.
    told_of: Mapped[MailingState | None]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    unsubscribed: Mapped[int] = mapped_column(default=0)
    # Two people who edit at once: the second save with an old number is told so.
    version: Mapped[int] = mapped_column(default=1)
    # Of a mail made of blocks: the number of the revision that holds, 0 before the first.
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    # Of a copy: what it was copied from.
    source_id: Mapped[int | None] = mapped_column(sa.ForeignKey("mailing.id", ondelete="SET NULL"), index=True)

    # Of a variant: the mailing whose A/B test it belongs to, and its place in it. That mailing itself is the first.
    variant_of: Mapped[int | None] = mapped_column(sa.ForeignKey("mailing.id", ondelete="CASCADE"), index=True)
    variant: Mapped[int] = mapped_column(sa.SmallInteger, default=1, server_default="1")
    # Of a sequence: the draft of a step or, with the step's number, one sending of it. Plain numbers, for sequences
    # know mailings and not the other way round.
    sequence_id: Mapped[int | None]
    step_id: Mapped[int | None]

    lists: Mapped[list[MailingList]] = relationship(secondary="mailing_target", order_by=MailingList.id)
    _main: Mapped[Mailing | None] = relationship(foreign_keys=[variant_of], remote_side=[id])

    @property
    def main(self) -> Mailing:
        """The mailing that it goes with, if it is a variant; else itself."""
        return self._main or self

    @property
    def editable(self) -> bool:
        """Whether it is a draft, or a variant of one."""
        return self.main.state is MailingState.draft

    def count_change(self) -> None:
        """Number the change of a draft: whoever saw it before has seen another mail. Of a variant the whole changes."""
        self.version += 1
        if self._main is not None:
            self._main.version += 1

    @property
    def is_step(self) -> bool:
        """Whether it is the draft of a sequence's step, which is never sent itself."""
        return self.sequence_id is not None and self.step_id is None

    def schedule(self, at: datetime, *, by: int | None) -> None:
        """Have it start at a time; raises InThePast, NotPossible."""
        if at <= clock.now():
            raise InThePast(at)
        self._act("schedule", MailingState.scheduled, by, scheduled_at=at, held_reason="", at_time=at.isoformat())

    def submit(self, at: datetime | None, *, by: int | None) -> None:
        """Let it wait for our staff's look before it is sent, at a time or at once; raises NotPossible."""
        values = {"scheduled_at": at, "held_reason": HeldReason.review.value}
        self._act("submit", MailingState.held, by, at_time=at.isoformat() if at else None, **values)

    def ask_customer(self, reason: HeldReason) -> None:
        """Note why the customer decides now on what waited for us; raises NotPossible."""
        self._act("ask", MailingState.held, None, held_reason=reason.value)

    def move(self, at: datetime, seen: datetime, *, by: int | None) -> None:
        """Have it start at another time than the one that the person saw; raises InThePast, NotPossible.

        NotPossible also when somebody else has changed the time since: of two who move it at once, one does.
        """
        if at <= clock.now():
            raise InThePast(at)
        same = Mailing.scheduled_at == seen
        self._act("move", MailingState.scheduled, by, same, scheduled_at=at, at_time=at.isoformat())

    def unschedule(self, *, by: int | None) -> None:
        """Make it a draft again that can be edited; raises NotPossible once it has started."""
        self._act("unschedule", MailingState.draft, by, scheduled_at=None, held_reason="")

    def start(self, *, by: int | None) -> None:
        """Begin sending, once, whoever else tries at the same moment; raises NotPossible for all but the first.

        NotPossible also when somebody moved it to another time since it was read.
        """
        self._act("start", MailingState.sending, by, self._not_moved, started_at=clock.now(), held_reason="")

    def hold(self, reason: HeldReason, *, by: int | None) -> None:
        """Let it wait for a decision (保留); raises NotPossible, also when it was moved since it was read."""
        self._act("hold", MailingState.held, by, self._not_moved, held_reason=reason.value)

    def pause(self, *, by: int | None) -> None:
        """Note that it stands still; raises NotPossible."""
        self._act("pause", MailingState.paused, by)

    def resume(self, *, by: int | None) -> None:
        """Note that it goes on; raises NotPossible, also when it has never started (then it is to be started)."""
        self._act("resume", MailingState.sending, by, held_reason="")

    def cancel(self, *, by: int | None) -> None:
        """Give it up (中止); raises NotPossible for a draft and for what is over."""
        self._act("cancel", MailingState.cancelled, by, finished_at=clock.now())

    def finish(self) -> None:
        """Note that everybody was dealt with (完了); raises NotPossible."""
        self._act("finish", MailingState.done, None, finished_at=clock.now())

    def fail(self) -> None:
        """Note that it cannot be sent at all; raises NotPossible."""
        self._act("fail", MailingState.failed, None, finished_at=clock.now())

    @property
    def _not_moved(self) -> sa.ColumnElement[bool]:
        return Mailing.scheduled_at == self.scheduled_at

    def _act(
        self,
        act: str,
        to: MailingState,
        by: int | None,
        *only: sa.ColumnElement[bool],
        at_time: str | None = None,
        **values: Any,
    ) -> None:
        """Move to a state if the row still stands where the act may begin, and write it into the audit."""
        if self.is_step and act not in OF_A_STEP:
            raise NotPossible(act, self.state)
        conditions = [Mailing.id == self.id, Mailing.state.in_(ACTS[act]), *only]
        was = self.scheduled_at if act in TIME_ACTS and self.state is not MailingState.draft else None
        if act in BEFORE_START:
            conditions.append(Mailing.started_at.is_(None))
        if act in AFTER_START:
            conditions.append(Mailing.started_at.is_not(None))
        db.session.flush()
        moved = db.session.execute(
            sa.update(Mailing)
            .where(*conditions)
            .values(state=to, **values)
            .execution_options(synchronize_session=False)
        )
        db.session.refresh(self)
        if not moved.rowcount:  # type: ignore[attr-defined]
            raise NotPossible(act, self.state)
        details: dict[str, Any] = {}
        if at_time:
            details["at"] = at_time
        if was is not None:
            details["was"] = was.isoformat()
        if act in ("hold", "ask"):
            details["reason"] = self.held_reason
        if act in ("schedule", "submit", "start") and self.portions > 1:
            details["portions"] = self.portions
        audit.record(f"mailing.{act}", by=by, customer_id=self.customer_id, subject=self, **details)


class MailingTarget(Base):
    """A list that a mailing goes to."""

    __tablename__ = "mailing_target"

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True)
    list_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing_list.id"), primary_key=True, index=True)


class Tester(Base):
    """A named person of the customer who gets test copies."""

    __tablename__ = "tester"
    __table_args__ = (sa.UniqueConstraint("customer_id", "email"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(sa.String(100))
    email: Mapped[str] = mapped_column(sa.String(254))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class SendingHold(Base):
    """All of a customer's mailings wait for staff; kept after it is released, for what came before is judged."""

    __tablename__ = "sending_hold"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    held_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    released_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")


def held_by_staff(customer_id: int) -> bool:
    """Return whether the customer's mailings wait for staff."""
    return bool(
        db.session.scalar(
            sa.select(sa.exists().where(SendingHold.customer_id == customer_id, SendingHold.released_at.is_(None)))
        )
    )
