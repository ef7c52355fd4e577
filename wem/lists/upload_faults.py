"""A step of an upload that broke off by a fault of ours: tried again twice, each time later; then it has failed.

A slice that gets on between two faults begins the count anew.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from wem import audit, clock
from wem.db import db
from wem.lists import upload_steps
from wem.lists.states import UploadState
from wem.lists.upload_models import Upload
from wem.lists.upload_steps import Turn

# The upload's problem after the first fault and after the second, and how long the step waits then.
PAUSES = {"broke_off_once": timedelta(minutes=1), "broke_off_twice": timedelta(minutes=10)}
BROKE_OFF = {
    UploadState.reading: "checking_broke_off",
    UploadState.applying: "applying_broke_off",
    UploadState.undoing: "undoing_broke_off",
}

log = logging.getLogger("wem.lists")


def note(turn: Turn, error: Exception) -> bool:
    """Write the fault down; True when it was the third and the upload has failed. The caller commits. Raises Lost."""
    upload = db.session.get_one(Upload, turn.upload_id, populate_existing=True)
    counted = [*PAUSES, BROKE_OFF[turn.state]]
    problem = counted[counted.index(upload.problem) + 1] if upload.problem in PAUSES else counted[0]
    log.error("upload %s: %s broke off (%s)", upload.id, turn.state.value, problem, exc_info=error)
    audit.record(
        "upload.broke_off",
        by=None,
        customer_id=upload.customer_id,
        subject=upload,
        step=turn.state.value,
        time=counted.index(problem) + 1,
    )
    if problem in PAUSES:
        upload_steps.pause(turn, clock.now() + PAUSES[problem], problem)
        return False
    upload_steps.leave(turn, state=UploadState.failed, problem=problem, finished_at=clock.now())
    return True
