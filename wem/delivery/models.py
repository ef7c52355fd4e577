"""Dispatch, batch, delivery, retry and attempt: every recipient is a row, and the rows are the truth."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, BigId, Small


class DispatchState(enum.StrEnum):
    preparing = "preparing"  # the audience is being written down
    waiting = "waiting"  # its audience is written down; what it sends is decided by an A/B test
    sending = "sending"
    resting = "resting"  # its customer's no-send hours are on; it goes on by itself
    pausing = "pausing"
    paused = "paused"
    cancelling = "cancelling"
    cancelled = "cancelled"
    held = "held"  # the contract or the sender does not permit it at present
    done = "done"
    failed = "failed"


class DispatchKind(enum.StrEnum):
    bulk = "bulk"
    test = "test"


class BatchState(enum.StrEnum):
    ready = "ready"
    leased = "leased"
    done = "done"
    blocked = "blocked"  # of a portion whose time has not come
    cancelled = "cancelled"


class DeliveryState(enum.IntEnum):
    pending = 0
    intent = 1
    accepted = 2
    deferred = 3
    bounced = 4
    suppressed = 5  # said no, or is gone, before the mail left
    cancelled = 6
    expired = 7
    uncertain = 8


class Stage(enum.IntEnum):
    """Where in the SMTP dialogue an answer fell."""

    connect = 0
    mail = 1
    rcpt = 2
    data = 3
    after_data = 4
    local = 5  # never got as far as the server


class UncertainPolicy(enum.StrEnum):
    resend = "resend"
    hold = "hold"


class Dispatch(Base):
    """One sending of one compiled content to one audience."""

    __tablename__ = "dispatch"
    __table_args__ = (sa.Index("ix_dispatch_state", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    # The mailing that it belongs to; a plain number, for mailings know dispatches and not the other way round.
    mailing_id: Mapped[int] = mapped_column(index=True)
    # Of a step of a sequence, likewise: it is none of the mailings that a customer counts.
    sequence_id: Mapped[int | None]
    kind: Mapped[DispatchKind] = mapped_column(default=DispatchKind.bulk)
    # Of an A/B test: which variant it sends, 0 for those who are not in the test; and which places of readers in the
    # mailing are its own. None: everybody gets it.
    variant: Mapped[int | None] = mapped_column(sa.SmallInteger)
    place_from: Mapped[int | None] = mapped_column(sa.SmallInteger)
    place_below: Mapped[int | None] = mapped_column(sa.SmallInteger)
    state: Mapped[DispatchState] = mapped_column(default=DispatchState.preparing)
    # Up with each pause, resume, cancel: a worker that carries an old one stops before the next dot.
    epoch: Mapped[int] = mapped_column(default=0)
    priority: Mapped[int] = mapped_column(sa.SmallInteger, default=3)
    # Compiled and immutable, once something of it may be sent; its keys are those of `wem.delivery.rendering.Content`.
    content: Mapped[dict[str, Any]]
    # Last subscriber written down, in the same transaction as the rows.
    prep_cursor: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    total: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    deferred: Mapped[int] = mapped_column(default=0)
    bounced: Mapped[int] = mapped_column(default=0)
    suppressed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    expired: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)
    uncertain_policy: Mapped[UncertainPolicy] = mapped_column(default=UncertainPolicy.resend)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    not_before: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # In how many portions it goes, and how many minutes lie between two of them.
    portions: Mapped[int] = mapped_column(sa.SmallInteger, default=1, server_default="1")
    portion_minutes: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    # Since when it rests in the no-send hours.
    resting_since: Mapped[datetime | None]
    # When it was served last: who waits longest comes next, and who stands still is found.
    touched_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def finished(self) -> bool:
        return self.state in (DispatchState.done, DispatchState.cancelled, DispatchState.failed)


class Batch(Base):
    """The unit of leasing: some recipients of one dispatch."""

    __tablename__ = "batch"
    __table_args__ = (
        sa.Index(
            "ix_batch_ready",
            "dispatch_id",
            "not_before",
            sqlite_where=sa.text("state = 'ready'"),
            postgresql_where=sa.text("state = 'ready'"),
        ),
        sa.Index(
            "ix_batch_leased",
            "lease_until",
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        ),
    )

    dispatch_id: Mapped[int] = mapped_column(sa.ForeignKey("dispatch.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    priority: Mapped[int] = mapped_column(sa.SmallInteger, default=3)
    provider: Mapped[str] = mapped_column(sa.String(16), default="")
    # Of which portion its readers are; 0 for second tries, which go with none.
    portion: Mapped[int] = mapped_column(sa.SmallInteger, default=1, server_default="1")
    state: Mapped[BatchState] = mapped_column(default=BatchState.ready)
    not_before: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    owner: Mapped[str | None] = mapped_column(sa.String(64))
    fence: Mapped[int] = mapped_column(default=0)
    size: Mapped[int]
    open: Mapped[int]


class Delivery(Base):
    """One mailing to one subscriber (送信). No index holds its state: outcomes stay cheap."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("dispatch_id", "subscriber_id"),
        sa.Index("ix_delivery_dispatch_id_batch", "dispatch_id", "batch"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    dispatch_id: Mapped[int] = mapped_column(sa.ForeignKey("dispatch.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    subscriber_id: Mapped[int] = mapped_column(sa.BigInteger)
    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    provider: Mapped[str] = mapped_column(sa.String(16), default="other")
    batch: Mapped[int]
    state: Mapped[DeliveryState] = mapped_column(Small(DeliveryState), default=DeliveryState.pending)
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    code: Mapped[int | None] = mapped_column(sa.SmallInteger)
    enhanced: Mapped[str | None] = mapped_column(sa.String(12))
    at: Mapped[datetime | None]
    mta_reference: Mapped[str | None] = mapped_column(sa.String(100))


class Retry(Base):
    """A delivery that is to be tried again at a time."""

    __tablename__ = "retry"

    due: Mapped[datetime] = mapped_column(primary_key=True)
    dispatch_id: Mapped[int] = mapped_column(
        sa.ForeignKey("dispatch.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(sa.SmallInteger)


class Attempt(Base):
    """Append-only: every answer that was not a plain yes."""

    __tablename__ = "attempt"
    __table_args__ = (
        sa.Index("ix_attempt_dispatch_id_seq", "dispatch_id", "seq"),
        # The reasons of a mailing's failures are counted in this index alone, never over the rows.
        sa.Index("ix_attempt_reasons", "dispatch_id", "outcome", "stage", "code", "enhanced"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    dispatch_id: Mapped[int]
    seq: Mapped[int]
    number: Mapped[int] = mapped_column(sa.SmallInteger)
    worker: Mapped[str] = mapped_column(sa.String(64))
    fence: Mapped[int]
    host: Mapped[str] = mapped_column(sa.String(255))
    stage: Mapped[Stage] = mapped_column(Small(Stage))
    code: Mapped[int | None] = mapped_column(sa.SmallInteger)
    enhanced: Mapped[str | None] = mapped_column(sa.String(12))
    reply: Mapped[str] = mapped_column(sa.String(500), default="")
    outcome: Mapped[DeliveryState] = mapped_column(Small(DeliveryState))
