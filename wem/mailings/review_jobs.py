"""What workers run after our staff's look: what they approved goes on."""

from __future__ import annotations

import logging

from wem.db import db
from wem.mailings import going_on, reviewing, starting, telling, timing
from wem.mailings.models import Mailing
from wem.mailings.states import NotPossible

log = logging.getLogger("wem.mailings")


def go_on_reviewed(mailing_id: int) -> None:
    """Put what our staff have approved on the schedule: at its time, or now; ask the customer where its time passed."""
    mailing = db.session.get(Mailing, mailing_id, populate_existing=True)
    if mailing is None or not reviewing.follow(mailing):
        db.session.commit()
        return
    ready = None if timing.missed(mailing) else starting.prepare(mailing)
    mailing = db.session.get_one(Mailing, mailing_id, populate_existing=True)
    try:
        if reviewing.waits(mailing):
            going_on.go_on(mailing, ready)
            telling.try_to_tell(mailing)
        db.session.commit()
    except NotPossible:
        db.session.rollback()  # the customer has taken it back, or another run was faster


def follow_reviews() -> None:
    """Find approved mailings whose ring was lost."""
    waiting = reviewing.to_go_on()
    db.session.rollback()
    for mailing_id in waiting:
        try:
            go_on_reviewed(mailing_id)
        except Exception:
            db.session.rollback()
            log.exception("mailing %s was approved and could not go on", mailing_id)
