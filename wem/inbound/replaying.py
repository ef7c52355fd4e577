"""Having mail routed anew after a rule was changed: whoever takes it has done it already, or does it now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from wem import queue
from wem.db import db
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState, Route


def chosen(
    states: Collection[InboundState], route: Route | None, since: datetime | None, numbers: Collection[int] = ()
) -> sa.Select[InboundMail]:
    """Return which mails are meant: in these states, still with their text."""
    found = sa.select(InboundMail).where(InboundMail.state.in_(list(states)), InboundMail.raw_key.is_not(None))
    if route is not None:
        found = found.where(InboundMail.route == route)
    if since is not None:
        found = found.where(InboundMail.received_at >= since)
    return found.where(InboundMail.id.in_(list(numbers))) if numbers else found


def replay(found: sa.Select[InboundMail], at: datetime) -> int:
    """Have the mails routed anew in this transaction; return how many."""
    mails = db.session.scalars(found).all()
    for mail in mails:
        mail.replay(at)
    if mails:
        queue.ring(queue.INBOUND, "wem.inbound.jobs.route")
    return len(mails)
