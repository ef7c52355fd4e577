"""How far a mailing is and what failed, from maintained counters: for the screens."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wem.db import db
from wem.delivery.models import Attempt, DeliveryState, Dispatch, DispatchKind, DispatchState, Stage
from wem.delivery.rules import Reason, reason

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
    def open(self) -> bool:
        """Whether it is not over yet, also when it stands still."""
        return self.state not in (DispatchState.done, DispatchState.cancelled, DispatchState.failed)

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
    alike = (Attempt.outcome, Attempt.stage, Attempt.code, Attempt.enhanced)
    number = sa.func.count().label("number")
    # Grouped as the index stands: tens of thousands of failures are counted in a few milliseconds.
    rows = db.session.execute(
        sa.select(*alike, number, sa.func.min(Attempt.id).label("one"))
        .where(Attempt.dispatch_id == dispatch_id, Attempt.outcome.in_(SHOWN))
        .group_by(*alike)
    ).all()
    counts: Counter[tuple[DeliveryState, bool, int | None, str | None]] = Counter()
    ones: dict[tuple[DeliveryState, bool, int | None, str | None], int] = {}
    for row in rows:
        key = (row.outcome, row.stage is Stage.local, row.code, row.enhanced)
        counts[key] += row.number
        ones[key] = min(row.one, ones.get(key, row.one))
    found = sorted(counts, key=lambda key: (-counts[key], key[2] or 0))[:limit]
    replies = dict(
        db.session.execute(
            sa.select(Attempt.id, Attempt.reply).where(Attempt.id.in_([ones[key] for key in found]))
        ).all()
    )
    return [
        Failure(outcome, reason(code, enhanced, local), code, enhanced, replies[ones[key]], counts[key])
        for key in found
        for outcome, local, code, enhanced in [key]
    ]
