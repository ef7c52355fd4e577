"""Staff keep a customer's data from being erased for now, and let the erasure go on."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock, queue
from wem.contracts.models import Contract
from wem.db import db
from wem.erasure.models import Erasure, ErasureHold, open_hold
from wem.erasure.rules import ErasureState


def hold(contract: Contract, reason: str, *, by: int) -> None:
    """Hold what is not erased yet, also of a phase that runs; the caller commits.

    A piece that is in hand at this moment ends before: from the commit on nothing goes any more.
    """
    running = sa.select(Erasure.id).where(
        Erasure.customer_id == contract.customer_id, Erasure.state == ErasureState.running
    )
    db.session.execute(running.with_for_update()).all()
    if open_hold(contract.customer_id) is None:
        db.session.add(ErasureHold(customer_id=contract.customer_id, reason=reason, held_by=by))
        audit.record("erasure.hold", by=by, customer_id=contract.customer_id, subject=contract)


def release(contract: Contract, *, by: int) -> bool:
    """Let the erasure go on; returns whether it was held. The caller commits."""
    row = open_hold(contract.customer_id)
    if row is None:
        return False
    row.lifted_at, row.lifted_by = clock.now(), by
    audit.record("erasure.release", by=by, customer_id=contract.customer_id, subject=contract)
    queue.ring(queue.WORK, "wem.erasure.jobs.sweep")
    return True
