"""How many mails in a row an address has sent back; the one place that counts them (A-08)."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from wem import clock, outbox
from wem.db import db
from wem.notices import rules
from wem.outbox import OutboxMail, OutboxState
from wem.settings import settings

# Mails looked at: those before cannot belong to the last row of three.
MOST = 20


def in_a_row(customer_id: int, email: str, since: datetime | None = None) -> int:
    """Return how many of the last mails to a customer's address did not arrive; `since`: none from before counts."""
    found = sa.select(OutboxMail.state, OutboxMail.finished_at, OutboxMail.created_at, OutboxMail.not_arrived_at).where(
        OutboxMail.recipient_hash == outbox.known_by(email),
        OutboxMail.customer_id == customer_id,
        OutboxMail.state.in_((OutboxState.accepted, OutboxState.failed, OutboxState.expired)),
    )
    if since is not None:
        found = found.where(OutboxMail.created_at >= since)
    mails = [
        rules.Sent(row.finished_at or row.created_at, row.state is OutboxState.accepted and row.not_arrived_at is None)
        for row in db.session.execute(found.order_by(OutboxMail.id.desc()).limit(MOST))
    ]
    return rules.failed_in_a_row(mails, clock.now(), settling())


def settling() -> timedelta:
    """Return how long after its acceptance a mail may still come back."""
    return timedelta(hours=int(settings().BOUNCE_SETTLING_HOURS))
