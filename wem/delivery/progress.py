"""How far a mailing is and what failed, from maintained counters: for the screens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wem.db import db
from wem.delivery.models import Attempt, DeliveryState, Dispatch, DispatchKind, DispatchState, Stage
from wem.delivery.rules import Reason, reason

# Failures looked at for their reasons; a mailing with more is judged by so many of them.
MOST_ATTEMPTS = 100_000
SHOWN = (DeliveryState.bounced, DeliveryState.expired, DeliveryState.uncertain, DeliveryState.deferred)


@dataclass(frozen=True)
class Progress:
    """The counts of one dispatch at this moment. `total` is what was written down so far while it is preparing."""

    dispatch_id: int
    state: DispatchState
    total: int
    accepted: int
    deferred: int
    bounced: int
    suppressed: int
    cancelled: int
    expired: int
    uncertain: int
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def waiting(self) -> int:
        """Not tried yet, or on its way."""
        return self.total - self.settled - self.deferred

    @property
    def settled(self) -> int:
        """Those with whom nothing more happens by itself, and those whose end nobody saw."""
        return self.accepted + self.bounced + self.suppressed + self.cancelled + self.expired + self.uncertain

    @property
    def failed(self) -> int:
        return self.bounced + self.expired

    @property
    def moving(self) -> bool:
        """Whether the numbers still change by themselves: a page asks again while they do."""
        return self.state in (
            DispatchState.preparing,
            DispatchState.sending,
            DispatchState.pausing,
            DispatchState.cancelling,
        )


@dataclass(frozen=True)
class Failure:
    """Deliveries that met the same fate for the same reason. `reply` is one server's words, without addresses."""

    outcome: DeliveryState
    reason: Reason
    code: int | None
    enhanced: str | None
    reply: str
    count: int


def latest_dispatch(mailing_id: int) -> Dispatch | None:
    """Return the dispatch of a mailing, None when it has not started."""
    return db.session.scalars(
        sa.select(Dispatch)
        .where(Dispatch.mailing_id == mailing_id, Dispatch.kind == DispatchKind.bulk)
        .order_by(Dispatch.id.desc())
        .limit(1)
    ).one_or_none()


def progress(mailing_id: int) -> Progress | None:
    """Return the counts of a mailing's dispatch, None when it has not started."""
    dispatch = latest_dispatch(mailing_id)
    if dispatch is None:
        return None
    return Progress(
        dispatch_id=dispatch.id,
        state=dispatch.state,
        total=dispatch.total,
        accepted=dispatch.accepted,
        deferred=dispatch.deferred,
        bounced=dispatch.bounced,
        suppressed=dispatch.suppressed,
        cancelled=dispatch.cancelled,
        expired=dispatch.expired,
        uncertain=dispatch.uncertain,
        started_at=dispatch.started_at,
        finished_at=dispatch.finished_at,
    )


def failures(dispatch_id: int, limit: int = 20) -> list[Failure]:
    """Return what went wrong, the most frequent first: tries that ended badly, so a deferred mail may count again."""
    some = (
        sa.select(Attempt.outcome, Attempt.stage, Attempt.code, Attempt.enhanced, Attempt.reply)
        .where(Attempt.dispatch_id == dispatch_id, Attempt.outcome.in_(SHOWN))
        .limit(MOST_ATTEMPTS)
        .subquery()
    )
    local = some.c.stage == Stage.local
    number = sa.func.count().label("number")
    rows = db.session.execute(
        sa.select(
            some.c.outcome,
            local.label("local"),
            some.c.code,
            some.c.enhanced,
            sa.func.min(some.c.reply).label("reply"),
            number,
        )
        .group_by(some.c.outcome, local, some.c.code, some.c.enhanced)
        .order_by(number.desc(), some.c.code)
        .limit(limit)
    )
    return [
        Failure(
            row.outcome, reason(row.code, row.enhanced, bool(row.local)), row.code, row.enhanced, row.reply, row.number
        )
        for row in rows
    ]
