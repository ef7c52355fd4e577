"""Sequences, their steps, the readers in them, and each sending of a step."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.db import Base, BigId, Small, db
from wem.lists.models import MailingList
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason
from wem.sequences import rules
from wem.sequences.rules import LINES, Act, SequenceKind, SequenceState


class NotPossible(Exception):
    """The sequence is not in a state from which this act is possible; somebody else was faster."""

    def __init__(self, act: Act, state: SequenceState) -> None:
        super().__init__(f"cannot {act} a sequence that is {state}")
        self.act = act
        self.state = state


class ReaderState(enum.IntEnum):
    in_it = 0  # a step lies ahead, or none any more
    left = 1


class Sequence(Base):
    """Mails that go to each reader of a list so many days after a day of theirs (ステップメール)."""

    __tablename__ = "sequence"
    __table_args__ = (
        sa.Index("ix_sequence_customer_id_id", "customer_id", "id"),
        sa.Index("ix_sequence_list_id", "list_id"),
        sa.Index("ix_sequence_leave_segment_id", "leave_segment_id"),
        sa.Index(
            "ix_sequence_followed_at",
            "followed_at",
            sqlite_where=sa.text("state IN ('running', 'waiting')"),
            postgresql_where=sa.text("state IN ('running', 'waiting')"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "list_id"],
            ["mailing_list.customer_id", "mailing_list.id"],
            name="fk_sequence_mailing_list",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    list_id: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(60))
    kind: Mapped[SequenceKind]
    state: Mapped[SequenceState] = mapped_column(default=SequenceState.draft)
    held_reason: Mapped[str] = mapped_column(sa.String(64), default="")
    # The state of which the customer's people were told by mail last.
    told_of: Mapped[SequenceState | None]
    # The date field from which days are counted: number and key, for a number can be given again.
    field_id: Mapped[int | None]
    field_key: Mapped[str] = mapped_column(sa.String(64), default="")
    every_year: Mapped[bool] = mapped_column(default=False)
    # Who was on the list at the start goes through it too, from that day on.
    with_present: Mapped[bool] = mapped_column(default=False)
    leave_on_click: Mapped[bool] = mapped_column(default=False)
    leave_segment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("segment.id", ondelete="SET NULL"))
    # Stays when the segment is gone: then nothing is sent, for without it the sequence would go to more readers.
    leave_segment_name: Mapped[str] = mapped_column(sa.String(100), default="")
    tolerance: Mapped[int] = mapped_column(sa.SmallInteger, default=2)  # days
    late_an_hour: Mapped[int] = mapped_column(default=1_000)
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # Sign-ups up to this moment are in; for a date field: when the fields were looked at last.
    seen_at: Mapped[datetime | None]
    # The last subscription of those on the list at the start that was taken in; None when all are.
    load_cursor: Mapped[int | None] = mapped_column(sa.BigInteger)
    followed_at: Mapped[datetime] = mapped_column(default=clock.now)
    # How many readers ever came in; rows of those who are gone are gone.
    entered: Mapped[int] = mapped_column(default=0)
    # Two people who edit at once: the second save with an old number is told so.
    version: Mapped[int] = mapped_column(default=1)

    mailing_list: Mapped[MailingList] = relationship(foreign_keys="[Sequence.customer_id, Sequence.list_id]")
    all_steps: Mapped[list[SequenceStep]] = relationship(
        back_populates="sequence", order_by="SequenceStep.days", passive_deletes=True
    )

    @property
    def steps(self) -> list[SequenceStep]:
        """The steps that it has, in the order of their days."""
        return [step for step in self.all_steps if step.removed_at is None]

    @property
    def used(self) -> list[SequenceStep]:
        """The steps whose texts are in use; readers wait for these alone."""
        return [step for step in self.steps if step.live_version]

    def ask(self, *, by: int | None) -> None:
        """Let it wait until our staff have looked at its mails; raises NotPossible."""
        self._act(Act.ask, by)

    def take_back(self, *, by: int | None) -> None:
        """Make it a draft again that waited for our staff; raises NotPossible."""
        self._act(Act.take_back, by)

    def start(self, *, by: int | None, with_present: bool) -> None:
        """Take readers in from now on, once, whoever else tries at the same moment; raises NotPossible."""
        at = clock.now()
        self._act(
            Act.start,
            by,
            started_at=at,
            seen_at=at if self.kind is SequenceKind.sign_up else None,
            with_present=with_present,
            load_cursor=0 if with_present else None,
            followed_at=at - clock.SET_BACK,
        )

    def pause(self, *, by: int | None) -> None:
        """Send nothing until it goes on; raises NotPossible."""
        self._act(Act.pause, by)

    def hold(self, reason: HeldReason) -> None:
        """Let it wait for the customer's decision, because something forbids sending; raises NotPossible."""
        self._act(Act.hold, None, held_reason=reason.value)

    def resume(self, *, by: int | None) -> None:
        """Go on; raises NotPossible."""
        self._act(Act.resume, by, held_reason="", told_of=None, followed_at=clock.now() - clock.SET_BACK)

    def end(self, *, by: int | None) -> None:
        """End it for good; raises NotPossible."""
        self._act(Act.end, by, ended_at=clock.now(), held_reason="")

    def _act(self, act: Act, by: int | None, **values: Any) -> None:
        """Move along the table if the row still stands where the act may begin, and write it into the audit."""
        befores = rules.befores(act)
        db.session.flush()
        moved = db.session.execute(
            sa.update(Sequence)
            .where(Sequence.id == self.id, Sequence.state.in_(befores))
            .values(state=LINES[befores[0], act], **values)
            .execution_options(synchronize_session=False)
        )
        db.session.refresh(self)
        if not moved.rowcount:  # type: ignore[attr-defined]
            raise NotPossible(act, self.state)
        details = {"reason": self.held_reason} if act is Act.hold else {}
        audit.record(f"sequence.{act.value}", by=by, customer_id=self.customer_id, subject=self, **details)


class SequenceStep(Base):
    """One mail of a sequence and its day."""

    __tablename__ = "sequence_step"
    __table_args__ = (
        sa.Index(
            "uq_sequence_step_days",
            "sequence_id",
            "days",
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
        sa.UniqueConstraint("mailing_id"),
        sa.Index("ix_sequence_step_customer_id", "customer_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    sequence_id: Mapped[int] = mapped_column(sa.ForeignKey("sequence.id", ondelete="CASCADE"))
    # The draft in which the mail is written; what is sent is `live`.
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id"))
    days: Mapped[int]
    hour: Mapped[int]
    # The texts in use, as they stood in a version of the draft; empty before the start.
    live: Mapped[dict[str, Any]] = mapped_column(default=dict)
    live_version: Mapped[int] = mapped_column(default=0)
    live_at: Mapped[datetime | None]
    # The version that is to be used once our staff have looked at it.
    wanted_version: Mapped[int | None]
    removed_at: Mapped[datetime | None]
    # Readers for whom it was the next step, to whom it went, and whom it left out because it was too late.
    arrived: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[int] = mapped_column(default=0)

    sequence: Mapped[Sequence] = relationship(back_populates="all_steps")
    mailing: Mapped[Mailing] = relationship()

    @property
    def offset(self) -> int:
        """Hours from the beginning of the reader's day."""
        return rules.offset(self.days, self.hour)

    @property
    def changed(self) -> bool:
        """Whether the draft was changed since its text came into use."""
        return bool(self.live_version) and self.mailing.version != self.live_version


class SequenceReader(Base):
    """A reader in one round of a sequence. Stays when they have left, so that nobody comes in twice; goes with them."""

    __tablename__ = "sequence_reader"
    __table_args__ = (
        sa.Index(
            "ix_sequence_reader_due",
            "sequence_id",
            "step_id",
            "due",
            sqlite_where=sa.text("due IS NOT NULL"),
            postgresql_where=sa.text("due IS NOT NULL"),
        ),
        sa.Index("ix_sequence_reader_subscriber_id", "subscriber_id"),
        {"sqlite_with_rowid": False},
    )

    sequence_id: Mapped[int] = mapped_column(
        sa.ForeignKey("sequence.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    subscriber_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # The year of a yearly date, the number of the day of another; 0 for a sign-up.
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # The day from which days are counted, by its number in the calendar.
    anchor: Mapped[int]
    # What the date field held: who has another date meanwhile leaves this round.
    value: Mapped[str] = mapped_column(sa.String(10), default="")
    state: Mapped[ReaderState] = mapped_column(Small(ReaderState), default=ReaderState.in_it)
    # The offset of the last step that was dealt with; the next step and its slot, while there is one.
    done: Mapped[int]
    step_id: Mapped[int | None]
    due: Mapped[int | None]
    # The day on which the last mail went.
    last_day: Mapped[int | None]


class SequenceRun(Base):
    """One sending of a step: to those for whom it was due, as a mailing with a dispatch of its own."""

    __tablename__ = "sequence_run"
    __table_args__ = (
        sa.Index("ix_sequence_run_step_id_at", "step_id", "at"),
        sa.Index("ix_sequence_run_sequence_id_at", "sequence_id", "at"),
    )

    mailing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sequence_id: Mapped[int] = mapped_column(sa.ForeignKey("sequence.id", ondelete="CASCADE"))
    step_id: Mapped[int] = mapped_column(sa.ForeignKey("sequence_step.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    size: Mapped[int]
    late: Mapped[bool] = mapped_column(default=False)
