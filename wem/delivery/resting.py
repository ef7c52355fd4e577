"""Lets dispatches rest in their customers' no-send hours, and go on afterwards by themselves.

The senders look at the hours before each mail and rest a dispatch themselves; this finds the others.
"""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock
from wem.db import db
from wem.delivery.controlling import locked, ring_senders, stop
from wem.delivery.models import Dispatch, DispatchKind, DispatchState
from wem.delivery.no_send_models import hours_of, in_no_send_hours
from wem.delivery.watching import looking


def follow_hours(dispatch_id: int) -> None:
    """Bring a dispatch to rest when its customer's hours have begun, let it go on when they are over. Commits."""
    dispatch = locked(dispatch_id)
    hours = hours_of(dispatch.customer_id) if dispatch.kind is DispatchKind.bulk else None
    held = hours is not None and hours.hold(clock.now())
    if held and dispatch.state is DispatchState.sending:
        stop(dispatch, DispatchState.resting)
        dispatch.resting_since = clock.now()
        _note("mailing.rest", dispatch)
    elif not held and dispatch.state is DispatchState.resting:
        _go_on(dispatch)
        _note("mailing.wake", dispatch)
    db.session.commit()


def to_follow() -> list[int]:
    """Return the dispatches whose state and whose customer's hours do not fit at present."""
    at = clock.now()
    with looking():
        rows = db.session.execute(
            sa.select(Dispatch.id, Dispatch.customer_id, Dispatch.state)
            .where(
                Dispatch.state.in_((DispatchState.sending, DispatchState.resting)), Dispatch.kind == DispatchKind.bulk
            )
            .order_by(Dispatch.id)
        ).all()
        resting = in_no_send_hours({row.customer_id for row in rows}, at)
    return [row.id for row in rows if (row.customer_id in resting) != (row.state is DispatchState.resting)]


def _go_on(dispatch: Dispatch) -> None:
    at = clock.now()
    dispatch.epoch += 1
    dispatch.touched_at = at
    dispatch.state = DispatchState.sending
    # The hours do not count against the readers who wait, nor do they give anybody more tries: a mailing that rests
    # night after night would never come to its end.
    if dispatch.resting_since is not None and at > dispatch.resting_since:
        dispatch.expires_at += at - dispatch.resting_since
    dispatch.resting_since = None
    ring_senders()


def _note(act: str, dispatch: Dispatch) -> None:
    audit.record(act, by=None, customer_id=dispatch.customer_id, subject=dispatch, mailing=dispatch.mailing_id)
