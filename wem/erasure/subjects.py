"""What a person asked to have erased, where other domains keep it; and proof of consent that is past its time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from wem import clock
from wem.contracts.date_rules import months_before
from wem.db import db
from wem.erasure.models import ConsentKeeping, ErasurePlace, is_held
from wem.lists.states import ConsentKind, SuppressionReason
from wem.lists.subscription_models import EVERY_LIST, ConsentEvent, Subscriber, Suppression
from wem.mailings.reply_models import Conversation
from wem.settings import settings

PLACE = "consent"
AT_ONCE = 2_000
CONVERSATIONS_AT_ONCE = 200
# After these nobody sends to the address any more.
OVER = (ConsentKind.withdrawn, ConsentKind.removed, ConsentKind.expired)


def forget_conversations() -> int:
    """Delete what people wrote who then had everything about them deleted; returns how many. The caller commits."""
    said = sa.select(Suppression.address_hash).where(
        Suppression.customer_id == Conversation.customer_id,
        Suppression.address_hash == Conversation.address_hash,
        Suppression.list_id == EVERY_LIST,
        Suppression.reason == SuppressionReason.everything,
        Suppression.at >= Conversation.last_at,
    )
    ids = db.session.scalars(
        sa.select(Conversation.id)
        .where(Conversation.subscriber_id.is_(None), sa.exists(said))
        .limit(CONVERSATIONS_AT_ONCE)
    ).all()
    db.session.execute(
        sa.delete(Conversation).where(Conversation.id.in_(ids)).execution_options(synchronize_session=False)
    )
    return len(ids)


def forget_consent() -> tuple[int, bool]:
    """Delete proof of consent of people who left so long ago that nobody need keep it, a portion of the table by its
    numbers; returns how many went, and whether that was the end of the table. The caller commits.
    """
    place = db.session.get(ErasurePlace, PLACE, with_for_update=True)
    if place is None:
        place = ErasurePlace(name=PLACE, number=0)
        db.session.add(place)
    last = db.session.scalar(
        sa.select(sa.func.max(sa.text("id"))).select_from(
            sa.select(ConsentEvent.id)
            .where(ConsentEvent.id > place.number)
            .order_by(ConsentEvent.id)
            .limit(AT_ONCE)
            .subquery()
        )
    )
    if last is None:
        place.number = 0
        return 0, True
    first, place.number = place.number, last
    own = {row.customer_id: row.months for row in db.session.scalars(sa.select(ConsentKeeping))}
    gone = 0
    for months in {int(settings().CONSENT_KEPT_MONTHS), *own.values()}:
        theirs = [customer_id for customer_id, each in own.items() if each == months]
        whose: sa.ColumnElement[bool] = ConsentEvent.customer_id.in_(theirs)
        if months == int(settings().CONSENT_KEPT_MONTHS):
            whose = sa.or_(whose, ConsentEvent.customer_id.not_in(list(own)))
        gone += _forget(sa.and_(ConsentEvent.id > first, ConsentEvent.id <= last, whose), months)
    return gone, False


def _forget(among: sa.ColumnElement[bool], months: int) -> int:
    before = clock.midnight(months_before(clock.today(), months))
    later, left = aliased(ConsentEvent), aliased(ConsentEvent)
    same = sa.and_(later.customer_id == ConsentEvent.customer_id, later.address_hash == ConsentEvent.address_hash)
    went = sa.and_(left.customer_id == ConsentEvent.customer_id, left.address_hash == ConsentEvent.address_hash)
    reader = sa.and_(
        Subscriber.customer_id == ConsentEvent.customer_id, Subscriber.address_hash == ConsentEvent.address_hash
    )
    ids = db.session.scalars(
        sa.select(ConsentEvent.id).where(
            among,
            ConsentEvent.at < before,
            ~is_held(ConsentEvent.customer_id),
            ~sa.exists(sa.select(later.id).where(same, later.at >= before)),
            sa.exists(sa.select(left.id).where(went, left.kind.in_(OVER))),
            ~sa.exists(sa.select(Subscriber.id).where(reader)),
        )
    ).all()
    db.session.execute(
        sa.delete(ConsentEvent).where(ConsentEvent.id.in_(ids)).execution_options(synchronize_session=False)
    )
    return len(ids)
