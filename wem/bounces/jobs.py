"""What workers do about bounces: follow refusals, judge complaints, look again, forget; harmless when run twice."""

from __future__ import annotations

import time
from collections.abc import Callable

from wem import queue
from wem.bounces import complaining, following, judging, postponing, removing, unmatched
from wem.bounces.complaint_rules import Judgement
from wem.db import db, let_others_write
from wem.mailings import holding

SECONDS = 45.0


def follow_refusals() -> None:
    """Record what mail servers refused for good or was given up."""
    until = time.monotonic() + SECONDS
    _repeat(lambda: following.follow(following.FIRST), until)
    _repeat(lambda: following.follow(following.AGAIN), until)
    _repeat(lambda: following.follow_outbox() == following.AT_ONCE, until)


def watch_postponed() -> None:
    """Raise alarms where providers put off many mails."""
    _repeat(postponing.follow, time.monotonic() + SECONDS)


def judge_complaints(customer_id: int) -> None:
    """Warn a customer of complaints, or hold its mailings."""
    judgement = judging.judge(customer_id)
    db.session.commit()
    if judgement is Judgement.hold:
        holding.hold_mailings(customer_id)


def judge_all_complaints() -> None:
    """Look at every customer about whose mailings somebody complained of late."""
    customers = complaining.complained_about()
    db.session.commit()
    for customer_id in customers:
        judge_complaints(customer_id)


def review_removals() -> None:
    """Look again at addresses with a mail that has settled by now."""
    _repeat(lambda: removing.review_due() > 0, time.monotonic() + SECONDS)


def forget_old() -> None:
    """Erase reports that nobody could count and that are past their time."""
    _repeat(lambda: unmatched.forget_old() > 0, time.monotonic() + SECONDS)


def _repeat(portion: Callable[[], bool], until: float) -> None:
    """Do portions, each in a transaction, as long as there is more and a job may run."""
    while time.monotonic() < until and not queue.stopping.is_set():
        more = portion()
        db.session.commit()
        if not more:
            return
        let_others_write()
