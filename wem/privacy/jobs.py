"""Work on personal data: what is forgotten, customers told of purposes, mail about services."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from wem import queue
from wem.db import db, let_others_write
from wem.privacy import announcing, looking, news_sending
from wem.privacy.news_models import News
from wem.privacy.news_rules import NewsState
from wem.privacy.purpose_models import UsePurpose

SECONDS = 20.0


def forget_old() -> None:
    """Forget who looked at what after the time that the settings say."""
    while looking.forget_old():
        db.session.commit()
        let_others_write()
    db.session.commit()


def tell_purpose(purpose_id: int) -> None:
    """Go on with telling customers of a purpose; two at once wait for each other."""
    if _more(UsePurpose, purpose_id, announcing.tell_next):
        queue.ring_now(queue.WORK, "wem.privacy.jobs.tell_purpose", purpose_id)


def send_news(news_id: int) -> None:
    """Go on with a mail to customers; two at once wait for each other."""
    if _more(News, news_id, _next_mails):
        queue.ring_now(queue.WORK, "wem.privacy.jobs.send_news", news_id)


def _next_mails(row: News) -> int:
    return news_sending.step(row) if row.state is NewsState.sending else 0


def _more(model: Any, id: int, step: Callable[[Any], int]) -> bool:
    """Take steps for one slice; returns whether there is more to do. Commits after each."""
    until = time.monotonic() + SECONDS
    while True:
        row = db.session.get(model, id, with_for_update=True, populate_existing=True)
        done = row is None or not step(row)
        db.session.commit()
        if done:
            return False
        if time.monotonic() >= until or queue.stopping.is_set():
            return True
        let_others_write()


def sweep() -> None:
    """Ring again for what a lost queue or a killed worker left."""
    for id in db.session.scalars(sa.select(News.id).where(News.state == NewsState.sending)).all():
        queue.ring(queue.WORK, "wem.privacy.jobs.send_news", id)
    untold = sa.select(UsePurpose.id).where(UsePurpose.told_at.is_(None), UsePurpose.closed_at.is_(None))
    for id in db.session.scalars(untold).all():
        queue.ring(queue.WORK, "wem.privacy.jobs.tell_purpose", id)
    db.session.commit()
