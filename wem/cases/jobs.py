"""Deletions by us, in slices of some seconds; reports that are forgotten."""

from __future__ import annotations

import time

import sqlalchemy as sa

from wem import queue
from wem.cases import deleting, forgetting
from wem.cases.models import Deletion
from wem.cases.rules import DeletionState
from wem.db import db, let_others_write

SECONDS = 20.0


def delete(deletion_id: int) -> None:
    """Go on with a deletion that was approved, as far as one slice goes; two at once wait for each other."""
    until = time.monotonic() + SECONDS
    while True:
        row = db.session.get(Deletion, deletion_id, with_for_update=True, populate_existing=True)
        if row is None or row.state is not DeletionState.running:
            db.session.rollback()
            return
        number = deleting.step(row)
        db.session.commit()
        if not number:
            return  # finished, or waits for mails in a worker's hand: the sweep comes again
        if time.monotonic() >= until or queue.stopping.is_set():
            queue.ring_now(queue.WORK, "wem.cases.jobs.delete", deletion_id)
            return
        let_others_write()


def forget_reports() -> None:
    """Forget reports that were dismissed, after the time that the settings say."""
    while forgetting.forget_dismissed():
        db.session.commit()
        let_others_write()
    db.session.commit()


def sweep() -> None:
    """Ring again for deletions that a lost queue or a killed worker left."""
    for id in db.session.scalars(sa.select(Deletion.id).where(Deletion.state == DeletionState.running)).all():
        queue.ring(queue.WORK, "wem.cases.jobs.delete", id)
    db.session.commit()
