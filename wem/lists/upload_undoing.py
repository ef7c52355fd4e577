"""Undoing an upload: those of its subscriptions go that nobody has touched since; the month's peak stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from wem.db import db
from wem.lists import upload_steps
from wem.lists.ending_many import Ending, end_many
from wem.lists.registering import LIVE
from wem.lists.states import ConsentKind, SubscriptionState, UploadState
from wem.lists.subscription_models import ConsentEvent, Subscriber, Subscription
from wem.lists.upload_models import Upload
from wem.lists.upload_steps import Turn

CHUNK = 2_000
OWN_ACTS = (ConsentKind.confirmed, ConsentKind.changed, ConsentKind.requested)


def steps(turn: Turn) -> Iterator[None]:
    """Take an applied upload back; yields where the caller commits. Raises Lost.

    A reader who confirmed, or acted since, stays: that is the reader's own will (1-4).
    """
    upload = db.session.get_one(Upload, turn.upload_id)
    after, list_id = upload.cursor, upload.list_id
    why = Ending(upload.customer_id, ConsentKind.removed, None, upload.id, upload.created_by)
    untouched = (Subscription.upload_id == upload.id, Subscription.list_id == list_id, _untouched(upload))
    while True:
        ids = db.session.scalars(
            sa.select(Subscription.id)
            .where(*untouched, Subscription.state.in_(LIVE), Subscription.id > after)
            .order_by(Subscription.id)
            .limit(CHUNK)
        ).all()
        if not ids:
            break
        after = ids[-1]
        upload_steps.advance(turn, cursor=after)
        upload_steps.add(turn, undone=end_many(ids, why))
        yield
    upload_steps.leave(turn, state=UploadState.undone, cursor=0)


def _untouched(upload: Upload) -> Any:
    pending = Subscription.state == SubscriptionState.pending
    acted = (
        sa.exists()
        .where(
            ConsentEvent.customer_id == upload.customer_id,
            ConsentEvent.address_hash == Subscriber.address_hash,
            ConsentEvent.kind.in_(OWN_ACTS),
            ConsentEvent.at >= Subscription.confirmed_at,
        )
        .where(Subscriber.id == Subscription.subscriber_id)
    )
    return sa.or_(pending, ~acted)
