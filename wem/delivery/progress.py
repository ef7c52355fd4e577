"""How far a mailing is and what failed, from maintained counters: for the screens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wem.db import db
from wem.delivery.models import Attempt, DeliveryState, Dispatch, DispatchKind, DispatchState, Stage
from wem.delivery.rules import Reason, reason

SHOWN = (DeliveryState.bounced, DeliveryState.expired, DeliveryState.uncertain, DeliveryState.deferred)


@dataclass(frozen=True)
class Progress:
    """The counts of a mailing at this moment, all its dispatches together. `total` is what was written down so far
    while one of them is preparing; `dispatch_id` is that of the last one."""

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
    dispatch_ids: tuple[int, ...] = ()

    @property
    def waiting(self) -> int:
        """Not tried yet, or on its way."""
        return self.total - self.settled - self.deferred

    @property
    def settled(self) -> int:
        """Those with whom nothing more happens by itself, and those whose end nobody saw."""
        return self.accepted + self.bounced + self.suppressed + self.cancelled + self.expired + self.uncertain

    @property
    def settled_by_sending(self) -> int:
        """Those who were dealt with before it was stopped, as its bar shows: what was called off was never sent."""
        return self.settled - self.cancelled

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
            DispatchState.waiting,
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


def dispatches_of(mailing_id: int) -> list[Dispatch]:
    """Return the dispatches of a mailing, several when it has an A/B test; none when it has not started."""
    return list(
        db.session.scalars(
            sa.select(Dispatch)
            .where(Dispatch.mailing_id == mailing_id, Dispatch.kind == DispatchKind.bulk)
            .order_by(Dispatch.id)
            .execution_options(populate_existing=True)
        )
    )


def latest_dispatch(mailing_id: int) -> Dispatch | None:
    """Return the last dispatch of a mailing, None when it has not started."""
    return db.session.scalars(
        sa.select(Dispatch)
        .where(Dispatch.mailing_id == mailing_id, Dispatch.kind == DispatchKind.bulk)
        .order_by(Dispatch.id.desc())
        .limit(1)
    ).one_or_none()


def progress(mailing_id: int) -> Progress | None:
    """Return the counts of a mailing, None when it has not started."""
    found = dispatches_of(mailing_id)
    return progress_of(found) if found else None


COUNTERS = ("total", "accepted", "deferred", "bounced", "suppressed", "cancelled", "expired", "uncertain")


def progress_of(dispatches: Sequence[Dispatch]) -> Progress:
    """Return the counts of one or several dispatches together."""
    state = together([dispatch.state for dispatch in dispatches])
    over = [dispatch.finished_at for dispatch in dispatches if dispatch.finished_at]
    return Progress(
        dispatch_id=dispatches[-1].id,
        state=state,
        **{name: sum(getattr(dispatch, name) for dispatch in dispatches) for name in COUNTERS},
        started_at=min((each.started_at for each in dispatches if each.started_at), default=None),
        finished_at=max(over) if len(over) == len(dispatches) else None,
        dispatch_ids=tuple(dispatch.id for dispatch in dispatches),
    )


# Of several dispatches: the first of these that one of them is in is the state of all.
_BEFORE = (
    DispatchState.failed,
    DispatchState.cancelling,
    DispatchState.pausing,
    DispatchState.preparing,
    DispatchState.held,
    DispatchState.paused,
    DispatchState.sending,
    DispatchState.resting,
    DispatchState.waiting,
    DispatchState.cancelled,
    DispatchState.done,
)


def together(states: Sequence[DispatchState]) -> DispatchState:
    """Return how dispatches of one mailing stand together; what is over says nothing while another is not."""
    return min(states, key=_BEFORE.index)


def failures(*dispatch_ids: int, limit: int = 20) -> list[Failure]:
    """Return what went wrong, the most frequent first: tries that ended badly, so a deferred mail may count again."""
    alike = (Attempt.outcome, Attempt.stage, Attempt.code, Attempt.enhanced)
    number = sa.func.count().label("number")
    # Grouped as the index stands: tens of thousands of failures are counted in a few milliseconds.
    rows = db.session.execute(
        sa.select(*alike, number, sa.func.min(Attempt.id).label("one"))
        .where(Attempt.dispatch_id.in_(dispatch_ids), Attempt.outcome.in_(SHOWN))
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
