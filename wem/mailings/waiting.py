"""Mailings that wait for another one that stands still: which, and going on without leaving its readers out."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from wem import audit, queue
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.mailings import narrowing
from wem.mailings.models import Mailing
from wem.mailings.segment_models import MailingSegment
from wem.mailings.states import MailingState, NotPossible

STANDING = (MailingState.paused, MailingState.held)


def held_up(mailings: Collection[Mailing]) -> dict[int, list[Mailing]]:
    """Return which of these cannot begin because of which others, that stand still while their readers are written
    down; by the number of the one that waits."""
    begun = [mailing.id for mailing in mailings if mailing.state is MailingState.sending]
    if not begun:
        return {}
    narrowed = sa.exists().where(MailingSegment.mailing_id == Dispatch.mailing_id, MailingSegment.waits)
    rows = db.session.execute(
        sa.select(Dispatch.mailing_id, Dispatch.customer_id)
        .where(Dispatch.mailing_id.in_(begun), Dispatch.state == DispatchState.preparing, narrowed)
        .distinct()
    ).all()
    found = {mailing_id: _standing(mailing_id, customer_id) for mailing_id, customer_id in rows}
    return {mailing_id: others for mailing_id, others in found.items() if others}


def _standing(mailing_id: int, customer_id: int) -> list[Mailing]:
    try:
        numbers = narrowing.awaited(mailing_id, customer_id)
    except narrowing.SegmentLost:
        return []  # it is held for that
    others = sa.select(Mailing).where(Mailing.id.in_(numbers), Mailing.state.in_(STANDING))
    return list(db.session.scalars(others.order_by(Mailing.id))) if numbers else []


def go_without(mailing: Mailing, *, by: int) -> None:
    """Have a mailing wait no longer: it leaves out only those who are written down by now. Raises NotPossible."""
    db.session.refresh(mailing, with_for_update=True)
    if mailing.id not in held_up([mailing]):
        raise NotPossible("go without", mailing.state)
    db.session.execute(
        sa.update(MailingSegment)
        .where(MailingSegment.mailing_id == mailing.id)
        .values(waits=False)
        .execution_options(synchronize_session=False)
    )
    audit.record("mailing.go_without", by=by, customer_id=mailing.customer_id, subject=mailing)
    preparing = sa.select(Dispatch.id).where(
        Dispatch.mailing_id == mailing.id, Dispatch.state == DispatchState.preparing
    )
    for dispatch_id in db.session.scalars(preparing).all():
        queue.ring(queue.WORK, "wem.mailings.jobs.expand", dispatch_id)
