"""Counts hits into first ones and totals, each exactly once, and lets old ones go."""

from __future__ import annotations

import logging
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from wem import queue
from wem.db import db, insert_ignoring
from wem.delivery.models import Delivery, Dispatch
from wem.lists.subscription_models import Subscriber
from wem.tracking.models import ANY_LINK, OPEN, FirstHit, Hit, Tally

# Hits counted in one transaction: some hundredths of a second in which SQLite's other writers wait.
LOT = 1000
LOCK_WAIT = "500ms"
HIT_LIFETIME = timedelta(days=30)
log = logging.getLogger("wem.tracking")


def count_until(deadline: float) -> bool:
    """Count what waits until nothing does or `deadline` (monotonic); returns whether more is to be done. Commits."""
    while time.monotonic() < deadline and not queue.stopping.is_set():
        try:
            counted = count_some()
            db.session.commit()
        except OperationalError as error:
            db.session.rollback()
            log.warning("hits are counted later: %s", error.orig)
            return False
        if counted < LOT:
            return False
    return True


def count_some(most: int = LOT) -> int:
    """Count at most so many hits; returns how many. One transaction holds it all: the caller commits."""
    hits = _take(most)
    if not hits:
        return 0
    there = set(db.session.scalars(sa.select(Dispatch.id).where(Dispatch.id.in_({hit.dispatch_id for hit in hits}))))
    totals: Counter[tuple[int, int]] = Counter()
    firsts: dict[tuple[int, int, int], dict[str, Any]] = {}
    for hit in sorted(hits, key=lambda hit: hit.id):
        if hit.dispatch_id not in there:
            continue
        for number in (OPEN,) if hit.number == OPEN else (ANY_LINK, hit.number):
            totals[hit.dispatch_id, number] += 1
            if hit.subscriber_id is not None:
                key = (hit.dispatch_id, hit.seq, number)
                first = {"dispatch_id": key[0], "seq": key[1], "number": number, "subscriber_id": hit.subscriber_id}
                if key not in firsts or hit.at < firsts[key]["at"]:
                    firsts[key] = first | {"at": hit.at}
    _add(totals, _new(firsts))
    # What belongs to nobody has been counted and says nothing more.
    numbers = [hit.id for hit in hits]
    db.session.execute(
        sa.delete(Hit).where(Hit.id.between(min(numbers), max(numbers)), Hit.counted, Hit.subscriber_id.is_(None)),
        execution_options={"synchronize_session": False},
    )
    return len(hits)


def forget_old(at: datetime, most: int = LOT) -> int:
    """Delete counted hits older than 30 days, so many at once; returns how many. The caller commits."""
    old = sa.select(Hit.id).where(Hit.at < at - HIT_LIFETIME, Hit.counted).order_by(Hit.at).limit(most)
    gone = db.session.execute(
        sa.delete(Hit).where(Hit.id.in_(old.scalar_subquery())), execution_options={"synchronize_session": False}
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _take(most: int) -> list[Any]:
    """Mark hits as counted and say whose they are; nobody else takes them, unless this transaction fails."""
    if db.engine.dialect.name == "postgresql":
        # Readers are deleted at the same time: this gives up before a deadlock is looked for, they never have to.
        db.session.execute(sa.select(sa.func.set_config("lock_timeout", LOCK_WAIT, True)))
    waiting = (
        sa.select(Hit.id)
        .where(sa.text("NOT hit.counted"))
        .order_by(Hit.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    reader = (
        sa.select(Subscriber.id)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.dispatch_id == Hit.dispatch_id, Delivery.seq == Hit.seq)
        .scalar_subquery()
    )
    return list(
        db.session.execute(
            sa.update(Hit)
            .where(Hit.id.in_(sa.select(waiting.c.id)))
            .values(counted=True, subscriber_id=reader)
            .returning(Hit.id, Hit.dispatch_id, Hit.seq, Hit.number, Hit.at, Hit.subscriber_id),
            execution_options={"synchronize_session": False},
        )
    )


def _new(firsts: dict[tuple[int, int, int], dict[str, Any]]) -> Counter[tuple[int, int]]:
    """Add those first hits that are none yet; returns how many by dispatch and number."""
    new: Counter[tuple[int, int]] = Counter()
    # In order of their keys: two that count at once wait for each other in one direction only.
    rows = [firsts[key] for key in sorted(firsts)]
    if rows:
        insert = insert_ignoring(FirstHit).returning(FirstHit.dispatch_id, FirstHit.number)
        new.update((row.dispatch_id, row.number) for row in db.session.execute(insert, rows))
    return new


def _add(totals: Counter[tuple[int, int]], readers: Counter[tuple[int, int]]) -> None:
    rows = [
        {"dispatch_id": dispatch_id, "number": number, "hits": hits, "readers": readers[dispatch_id, number]}
        for (dispatch_id, number), hits in sorted(totals.items())
    ]
    if not rows:
        return
    db.session.execute(insert_ignoring(Tally), [row | {"hits": 0, "readers": 0} for row in rows])
    db.session.execute(
        sa.update(Tally.__table__)  # type: ignore[arg-type]
        .where(Tally.dispatch_id == sa.bindparam("of"), Tally.number == sa.bindparam("what"))
        .values(hits=Tally.hits + sa.bindparam("more"), readers=Tally.readers + sa.bindparam("new")),
        [{"of": row["dispatch_id"], "what": row["number"], "more": row["hits"], "new": row["readers"]} for row in rows],
    )
