"""Who of staff looked at whose personal data: one row a look, in a transaction of its own."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.db import db, reading_only
from wem.privacy.models import Look
from wem.privacy.rules import SERVES, What
from wem.settings import settings

AT_ONCE = 5_000


def note(account_id: int, customer_id: int | None, what: What, path: str, ip: str) -> None:
    """Write a look down at once: the page's own transaction only reads."""
    values = {
        "at": clock.now(),
        "account_id": account_id,
        "customer_id": customer_id,
        "what": what,
        "purpose": SERVES[what],
        "path": path[:200],
        "ip": ip,
    }
    token = reading_only.set(False)
    try:
        with db.engine.begin() as connection:
            connection.execute(sa.insert(Look).values(values))
    finally:
        reading_only.reset(token)


def forget_old() -> int:
    """Delete the next looks that are older than `LOOKS_KEPT_DAYS`; returns how many. The caller commits."""
    before = clock.now() - timedelta(days=int(settings().LOOKS_KEPT_DAYS))
    ids = db.session.scalars(sa.select(Look.id).where(Look.at < before).order_by(Look.at).limit(AT_ONCE)).all()
    if ids:
        db.session.execute(sa.delete(Look).where(Look.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)
