"""The daily work on contracts and applications."""

from __future__ import annotations

import logging
from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.contracts import applying, due, refusing
from wem.contracts.application_models import Application
from wem.contracts.application_rules import OPEN, ApplicationState
from wem.db import db, let_others_write

DRAFTS_KEPT = timedelta(days=1)
log = logging.getLogger("wem.contracts")


def apply_due() -> int:
    """Carry out what has fallen due by today; returns how many acts. A fault in one keeps no other from its day."""
    today, done = clock.today(), 0
    planned = due.plan(today)
    db.session.rollback()
    for act in planned:
        try:
            done += due.carry_out(act, today)
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("%s of contract %s failed; it is tried again", act.what, act.contract_id)
        let_others_write()
    return done


def follow_refusals() -> None:
    """Note which refusals of renewal have reached their customers by now, and which came back (5-3)."""
    found = refusing.standing()
    db.session.rollback()
    for refusal_id in found:
        try:
            refusing.follow(refusal_id)
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("refusal %s could not be followed; it is tried again", refusal_id)
        let_others_write()


def remind_of_first_fees() -> None:
    """Remind applicants whose first fee has not come after 7 and after 14 days (4-1)."""
    waiting = sa.select(Application.id).where(Application.state.in_(OPEN), Application.paid_on.is_(None))
    for id in db.session.scalars(waiting.order_by(Application.id)).all():
        application = db.session.get(Application, id, with_for_update=True)
        if application is not None:
            applying.remind(application)
        db.session.commit()


def forget_drafts() -> None:
    """Erase what was typed at /apply and never confirmed."""
    db.session.execute(
        sa.delete(Application).where(
            Application.state == ApplicationState.draft, Application.created_at < clock.now() - DRAFTS_KEPT
        )
    )
    db.session.commit()
