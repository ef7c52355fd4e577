"""Mail that providers put off with 4xx: one mail is nothing, many that meet it twice are an alarm for staff."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.bounces import alarms, following, tallying, trouble_rules
from wem.bounces.models import FollowedTo, PostponedTally
from wem.bounces.reply_rules import classify_reply
from wem.bounces.trouble_rules import Place, temporary_trouble_of
from wem.db import db
from wem.delivery.models import Attempt, Delivery, DeliveryState, Dispatch, DispatchKind
from wem.delivery.rules import without_addresses
from wem.settings import settings

POSTPONED = "postponed"
DAY = timedelta(days=1)


def follow() -> bool:
    """Read the next answers of mail servers for what was put off; returns whether there may be more.

    Each mail counts once, when its second try is put off as well. The caller commits. What becomes visible behind a
    higher number is missed: an alarm does not hang on one mail.
    """
    position = following.position(POSTPONED)
    last = db.session.scalar(sa.select(sa.func.max(Attempt.id)))
    if last is None or last <= position:
        return False
    end = min(last, position + following.SPAN)
    _look_at(db.session.execute(_put_off_between(position, end)).all(), clock.today())
    db.session.execute(sa.update(FollowedTo).where(FollowedTo.name == POSTPONED).values(attempt_id=end))
    return bool(end < last)


def _put_off_between(position: int, end: int) -> Any:
    """One row for each different answer: thousands of mails meet the same."""
    return (
        sa.select(
            Attempt.dispatch_id,
            Delivery.provider,
            Attempt.stage,
            Attempt.code,
            Attempt.enhanced,
            sa.func.min(Attempt.reply).label("reply"),
            sa.func.min(Attempt.host).label("host"),
            sa.func.count().label("number"),
        )
        .join(Delivery, sa.and_(Delivery.dispatch_id == Attempt.dispatch_id, Delivery.seq == Attempt.seq))
        .where(
            Attempt.id > position,
            Attempt.id <= end,
            Attempt.at > clock.now() - DAY,
            Attempt.outcome == DeliveryState.deferred,
            Attempt.number == trouble_rules.SECOND_TRY,
            Attempt.code.between(400, 499),
        )
        .group_by(Attempt.dispatch_id, Delivery.provider, Attempt.stage, Attempt.code, Attempt.enhanced)
    )


def _look_at(rows: Sequence[Any], day: date) -> None:
    dispatches = _dispatches({row.dispatch_id for row in rows})
    numbers: Counter[Place] = Counter()
    samples: dict[Place, str] = {}
    concerned: dict[Place, set[int]] = defaultdict(set)
    for row in rows:
        reason = classify_reply(row.code, row.enhanced, row.reply, following.COMMANDS[row.stage], row.host)[1]
        trouble = temporary_trouble_of(reason)
        dispatch = dispatches.get(row.dispatch_id)
        if trouble is None or dispatch is None:
            continue
        domain = (dispatch.sender or "").rpartition("@")[2]
        place = Place(
            row.provider, "" if domain == settings().SERVICE_DOMAIN else domain, dispatch.customer_id, trouble
        )
        numbers[place] += row.number
        samples.setdefault(place, without_addresses(row.reply))
        concerned[place].add(row.dispatch_id)
    if not numbers:
        return
    tallying.add_postponed(
        [(day, place.provider, place.domain, place.trouble.value, numbers[place]) for place in numbers]
    )
    for place in sorted(numbers):
        recipients = sum(dispatches[each].total for each in concerned[place])
        put_off = _put_off_on(day, place)
        if not trouble_rules.is_wide(put_off[place.domain], recipients):
            continue
        wide = [domain for domain, number in put_off.items() if trouble_rules.is_wide(number, recipients)]
        pool = trouble_rules.concerns_pool(place.trouble, wide)
        alarms.postponed(place, numbers[place], samples[place], pool=pool)


def _dispatches(numbers: set[int]) -> dict[int, Any]:
    sender = Dispatch.content["sender"].as_string().label("sender")
    found = sa.select(Dispatch.id, Dispatch.customer_id, Dispatch.total, sender).where(
        Dispatch.id.in_(numbers), Dispatch.kind == DispatchKind.bulk
    )
    return {row.id: row for row in db.session.execute(found)}


def _put_off_on(day: date, place: Place) -> dict[str, int]:
    """Return how many mails of each sender domain met a trouble at a provider on a day."""
    rows = db.session.execute(
        sa.select(PostponedTally.domain, PostponedTally.number).where(
            PostponedTally.day == day,
            PostponedTally.provider == place.provider,
            PostponedTally.trouble == place.trouble.value,
        )
    )
    return {row.domain: row.number for row in rows}
