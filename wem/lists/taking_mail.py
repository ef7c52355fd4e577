"""Each arrived mail acts once, however often it is handed on: after a crash, or when staff replay it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.db import db, insert_ignoring
from wem.lists.blank_mail_models import TakenMail

# Longer than the raw mail is kept: what is gone cannot be handed on again.
KEPT = timedelta(days=400)
AT_ONCE = 5_000


def first_time(number: int) -> bool:
    """Take an arrived mail in this transaction; False when it has acted already."""
    fresh = insert_ignoring(TakenMail).values(number=number, at=clock.now()).returning(TakenMail.number)
    return db.session.scalar(fresh) is not None


def forget_taken() -> int:
    """Forget the numbers of mails that are gone; returns how many, at most 5,000. The caller commits."""
    old = sa.select(TakenMail.number).where(TakenMail.at <= clock.now() - KEPT).limit(AT_ONCE)
    gone = db.session.execute(sa.delete(TakenMail).where(TakenMail.number.in_(old)))
    return int(gone.rowcount)  # type: ignore[attr-defined]
