"""How many confirmation mails an address may get: one a day about a list, three a day over all customers.

Mails that the address itself sent (空メール) are answered three times an hour and six times a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.db import db, insert_ignoring
from wem.lists.subscription_models import MailSlot

DAY = timedelta(hours=24)
# The places of the mails that an address may get from all customers together.
EVERYWHERE = (0, -1, -2)
HOUR = timedelta(hours=1)
# The places of the answers to its own mails.
IN_AN_HOUR, IN_A_DAY = (-11, -12, -13), tuple(range(-21, -27, -1))


def take_turns(address_hash: bytes, list_ids: Iterable[int]) -> list[int]:
    """Take the right to mail this address about these lists; returns those that may be written about, none when spent.

    Exact under concurrency: each right is a row that only one transaction can take.
    """
    point = db.session.begin_nested()
    taken = [list_id for list_id in sorted(set(list_ids)) if _take(address_hash, list_id)]
    if taken and not take_turn(address_hash):
        taken = []
    if taken:
        point.commit()
    else:
        point.rollback()
    return taken


def take_turn(address_hash: bytes) -> bool:
    """Take the right to one mail to this address that is about no list; False when it had its three."""
    return any(_take(address_hash, place) for place in EVERYWHERE)


def take_answer(address_hash: bytes) -> bool:
    """Take the right to one answer to a mail from this address; False when it had its answers, or is under attack.

    Whoever had all confirmation mails of a day is being signed up by others, who may forge mails as well.
    """
    if _flooded(address_hash):
        return False
    point = db.session.begin_nested()
    if any(_take(address_hash, place, HOUR) for place in IN_AN_HOUR) and any(
        _take(address_hash, place) for place in IN_A_DAY
    ):
        point.commit()
        return True
    point.rollback()
    return False


def _flooded(address_hash: bytes) -> bool:
    spent = sa.select(sa.func.count()).where(
        MailSlot.address_hash == address_hash,
        MailSlot.list_id.in_(EVERYWHERE),
        MailSlot.taken_at > clock.now() - DAY,
    )
    return db.session.scalar(spent) == len(EVERYWHERE)


def forget_spent(limit: int) -> int:
    """Delete up to `limit` rights that are free again; returns how many."""
    old = (
        sa.select(MailSlot.address_hash, MailSlot.list_id)
        .where(MailSlot.taken_at <= clock.now() - DAY)
        .order_by(MailSlot.taken_at)
        .limit(limit)
    )
    rows = db.session.execute(old).all()
    for address_hash, list_id in rows:
        db.session.execute(
            sa.delete(MailSlot).where(
                MailSlot.address_hash == address_hash,
                MailSlot.list_id == list_id,
                MailSlot.taken_at <= clock.now() - DAY,
            )
        )
    return len(rows)


def _take(address_hash: bytes, place: int, period: timedelta = DAY) -> bool:
    at = clock.now()
    fresh = insert_ignoring(MailSlot).values(address_hash=address_hash, list_id=place, taken_at=at)
    # The rows that come back, not their number: with ON CONFLICT not every driver knows it.
    if db.session.scalar(fresh.returning(MailSlot.list_id)) is not None:
        return True
    again = sa.update(MailSlot).where(
        MailSlot.address_hash == address_hash, MailSlot.list_id == place, MailSlot.taken_at <= at - period
    )
    return bool(db.session.execute(again.values(taken_at=at)).rowcount == 1)  # type: ignore[attr-defined]
