"""Follows the answers of mail servers: refusals at SMTP time and mails given up go the way of those that come back.

Sending only writes its attempts down. Here they are read behind it by their numbers, twice: at once, and again when
they are old, for a number can become visible after a higher one (transactions end in any order).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.bounces import recording, returning
from wem.bounces.models import Bounce, FollowedTo, Source
from wem.bounces.recording import Report
from wem.bounces.reply_rules import classify_reply
from wem.bounces.rules import class_of
from wem.bounces.states import Reason, Severity
from wem.db import db, insert_ignoring
from wem.delivery.models import Attempt, Delivery, DeliveryState, Stage
from wem.delivery.rules import enhanced_code
from wem.outbox import OutboxMail, OutboxState

AT_ONCE = 500
# Numbers looked at in one go: most attempts are tries that go on.
SPAN = 20_000
FIRST, AGAIN = "first", "again"
# No transaction that writes attempts lasts so long.
OLD = timedelta(minutes=15)
COMMANDS = {
    Stage.connect: "CONN",
    Stage.mail: "MAIL",
    Stage.rcpt: "RCPT",
    Stage.data: "DATA",
    Stage.after_data: "DATA",
    Stage.local: "",
}


def follow(name: str) -> bool:
    """Read the next attempts and record what failed for good; returns whether there may be more. The caller commits.

    `name` is FIRST or AGAIN.
    """
    at = position(name)
    last = _last_number(name)
    if last is None or last <= at:
        return False
    end = min(last, at + SPAN)
    rows = db.session.execute(_failed_between(at, end)).all()
    if rows:
        recording.record([_report(row) for row in rows])
    done = rows[-1].id if len(rows) == AT_ONCE else end
    db.session.execute(sa.update(FollowedTo).where(FollowedTo.name == name).values(attempt_id=done))
    return done < last


def position(name: str) -> int:
    """Return how far it was read; the row is held, so that two workers do not read the same."""
    db.session.execute(insert_ignoring(FollowedTo).values(name=name, attempt_id=0))
    query = sa.select(FollowedTo.attempt_id).where(FollowedTo.name == name).with_for_update()
    return db.session.scalars(query).one()


def _last_number(name: str) -> int | None:
    last = sa.select(sa.func.max(Attempt.id))
    if name == AGAIN:
        # Up to the last one that is old, not to the number before the first young one: that may still become visible.
        young = (
            sa.select(Attempt.id)
            .where(Attempt.id > position(AGAIN), Attempt.at > clock.now() - OLD)
            .order_by(Attempt.id)
            .limit(1)
        )
        first = db.session.scalar(young)
        if first is not None:
            last = last.where(Attempt.id < first)
    return db.session.scalar(last)


def _failed_between(after: int, end: int) -> Any:
    known = sa.exists().where(Bounce.dispatch_id == Attempt.dispatch_id, Bounce.seq == Attempt.seq)
    return (
        sa.select(
            Attempt.id,
            Attempt.dispatch_id,
            Attempt.seq,
            Attempt.at,
            Attempt.stage,
            Attempt.code,
            Attempt.enhanced,
            Attempt.reply,
            Attempt.host,
            Attempt.outcome,
        )
        .join(Delivery, sa.and_(Delivery.dispatch_id == Attempt.dispatch_id, Delivery.seq == Attempt.seq))
        .where(
            Attempt.id > after,
            Attempt.id <= end,
            Attempt.outcome.in_(recording.FINAL),
            # A lost worker's refusal may have been followed by an acceptance.
            Delivery.state.in_(recording.FINAL),
            ~known,
        )
        .order_by(Attempt.id)
        .limit(AT_ONCE)
    )


def _report(row: Any) -> Report:
    severity, reason = judged(row.stage, row.code, row.enhanced, row.reply, row.host, row.outcome)
    return Report(
        row.dispatch_id,
        row.seq,
        Source.smtp,
        severity,
        reason,
        row.at,
        row.enhanced,
        row.code,
        row.reply,
        row.host,
    )


def judged(
    stage: Stage, code: int | None, enhanced: str | None, text: str, host: str, outcome: DeliveryState
) -> tuple[Severity, Reason]:
    """Return how bad a final answer is and why it came.

    What never got as far as the server is our own fault; what was given up after tries that nobody answered is the
    network's. Neither says anything about the address.
    """
    if stage is Stage.local:
        return class_of(Reason.systemerror), Reason.systemerror
    if code is None or (outcome is DeliveryState.expired and stage in (Stage.connect, Stage.mail)):
        return class_of(Reason.networkerror), Reason.networkerror
    severity, reason = classify_reply(code, enhanced, text, COMMANDS[stage], host)
    if outcome is DeliveryState.expired and reason in (Reason.onhold, Reason.undefined):
        return class_of(Reason.expired), Reason.expired
    return severity, reason


def follow_outbox(limit: int = AT_ONCE) -> int:
    """Draw the consequences of the product's own mails that were refused or given up; returns of how many.

    The caller commits, and calls again while it gets `limit`.
    """
    failed = sa.text("outbox_mail.state IN (4, 7) AND outbox_mail.not_arrived_at IS NULL")
    rows = db.session.scalars(sa.select(OutboxMail).where(failed).order_by(OutboxMail.id).limit(limit)).all()
    for row in rows:
        hard = False
        if row.state is OutboxState.failed and row.code is not None:
            reply = row.reply or ""
            hard = classify_reply(row.code, enhanced_code(reply), reply, "RCPT", "")[0] is Severity.hard
        returning.note(row, row.finished_at or clock.now(), hard)
    return len(rows)
