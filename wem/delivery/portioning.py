"""Sends a dispatch in portions: divides its readers for good, lets each portion go when its time has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.delivery import portion_rules, rules
from wem.delivery.controlling import BLOCKED, locked, ring_senders
from wem.delivery.models import Batch, BatchState, Dispatch, DispatchState
from wem.delivery.no_send_models import hours_of
from wem.delivery.portion_models import Portion
from wem.delivery.watching import looking


@dataclass(frozen=True)
class Shown:
    """A portion as screens show it: when it goes or went, to how many readers, how many of them are not tried yet."""

    number: int
    at: datetime
    released: bool
    readers: int
    left: int


def plan(dispatch: Dispatch) -> None:
    """Write down when each portion of a new dispatch goes, nothing for one that goes at once. The caller commits."""
    if dispatch.portions == 1:
        return
    hours = hours_of(dispatch.customer_id)
    times = portion_rules.due_times(dispatch.created_at, dispatch.portions, dispatch.portion_minutes, hours)
    for number, due_at in enumerate(times, 1):
        db.session.add(Portion(dispatch_id=dispatch.id, number=number, due_at=due_at))


def begin(dispatch: Dispatch, at: datetime) -> None:
    """Note that the first portion goes, now that everybody is written down; its batches were never blocked.

    Where that took long, the second goes its interval later.
    """
    first, second = (db.session.get(Portion, (dispatch.id, number)) for number in (1, 2))
    if first is None:
        return
    first.released_at = at
    if second is not None:
        hours = hours_of(dispatch.customer_id)
        second.due_at = portion_rules.next_due(second.due_at, dispatch.portion_minutes, first.due_at, at)
        second.due_at = hours.leaves(second.due_at) if hours else second.due_at


def portion(subscriber_id: sa.SQLColumnExpression[int], dispatch: Dispatch) -> sa.ColumnElement[int]:
    """Return in which portion of a dispatch a reader is, in SQL: as `portion_rules.portion_of`."""
    begins = sa.literal(portion_rules.beginning(dispatch.mailing_id), sa.BigInteger)
    spread, width = sa.literal(portion_rules.SPREAD, sa.BigInteger), sa.literal(portion_rules.WIDTH, sa.BigInteger)
    mixed: Any = (subscriber_id % portion_rules.BITS * spread + begins) % width
    found: sa.ColumnElement[int] = mixed * dispatch.portions // width + 1
    return found


def to_release() -> list[int]:
    """Return the dispatches of which a portion is due."""
    due = sa.exists().where(
        Portion.dispatch_id == Dispatch.id, sa.text("portion.released_at IS NULL"), Portion.due_at <= clock.now()
    )
    found = sa.select(Dispatch.id).where(Dispatch.state == DispatchState.sending, Dispatch.portions > 1, due)
    with looking():
        return list(db.session.scalars(found.order_by(Dispatch.id)))


def release(dispatch_id: int) -> bool:
    """Let the next portion go when it is due and nothing holds the dispatch; returns whether it went. Commits.

    One at a time: what waited through a pause, the no-send hours or an outage goes at its interval, not all at once.
    """
    dispatch, at = locked(dispatch_id), clock.now()
    waiting = db.session.scalars(
        sa.select(Portion)
        .where(Portion.dispatch_id == dispatch_id, Portion.released_at.is_(None))
        .order_by(Portion.number)
        .limit(2)
        .execution_options(populate_existing=True)
    ).all()
    hours = hours_of(dispatch.customer_id)
    held = dispatch.state is not DispatchState.sending or (hours is not None and hours.hold(at))
    if held or not waiting or waiting[0].due_at > at:
        db.session.commit()
        return False
    now, later = waiting[0], waiting[1:]
    db.session.execute(
        sa.update(Batch)
        .where(Batch.dispatch_id == dispatch_id, BLOCKED, Batch.portion == now.number)
        .values(state=BatchState.ready, not_before=at - clock.SET_BACK)
        .execution_options(synchronize_session=False)
    )
    now.released_at = at
    for each in later:
        each.due_at = portion_rules.next_due(each.due_at, dispatch.portion_minutes, now.due_at, at)
        each.due_at = hours.leaves(each.due_at) if hours else each.due_at
    # Each reader's mail is tried as long as that of a mailing that goes at once.
    dispatch.expires_at = max(dispatch.expires_at, at + rules.LIFETIME)
    ring_senders()
    db.session.commit()
    return True


def shown(dispatch_id: int) -> list[Shown]:
    """Return the portions of a dispatch for a screen, empty where it goes at once; counted over its batches."""
    dispatch = db.session.get_one(Dispatch, dispatch_id)
    if dispatch.portions == 1:
        return []
    rows = db.session.scalars(sa.select(Portion).where(Portion.dispatch_id == dispatch_id).order_by(Portion.number))
    portions = list(rows)
    done = sa.case((Batch.state.in_((BatchState.done, BatchState.cancelled)), Batch.size), else_=0)
    counted = db.session.execute(
        sa.select(Batch.portion, sa.func.sum(Batch.size), sa.func.sum(done))
        .where(Batch.dispatch_id == dispatch_id)
        .group_by(Batch.portion)
    ).all()
    numbers = {number: (int(size), int(over)) for number, size, over in counted}
    waiting = [each.due_at for each in portions if each.released_at is None]
    hours = hours_of(dispatch.customer_id)
    ahead = iter(portion_rules.forecast(waiting, clock.now(), dispatch.portion_minutes, hours))
    found = []
    for each in portions:
        size, over = numbers.get(each.number, (0, 0))
        at = each.released_at or next(ahead)
        found.append(Shown(each.number, at, each.released_at is not None, size, size - over))
    return found
