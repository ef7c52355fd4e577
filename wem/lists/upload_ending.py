"""Applying an upload of addresses that are to get nothing more: a stop list, or the end of many subscriptions."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from wem import clock
from wem.db import Moment, db, insert_ignoring
from wem.lists import upload_steps
from wem.lists.ending_many import Ending, end_many
from wem.lists.registering import LIVE
from wem.lists.states import ConsentKind, RowState, SuppressionReason, UploadKind, UploadState
from wem.lists.subscription_models import EVERY_LIST, Subscriber, Subscription, Suppression
from wem.lists.upload_classing import Span, batches
from wem.lists.upload_erasing import REPORTED
from wem.lists.upload_models import Upload, UploadRow
from wem.lists.upload_steps import Turn

CHUNK = 2_000


def steps(turn: Turn) -> Iterator[None]:
    """End the subscriptions of the checked addresses, keep a stop list's hashes; yields where the caller commits."""
    upload = db.session.get_one(Upload, turn.upload_id)
    cursor, total, kind = upload.cursor, upload.total, upload.kind
    everywhere = bool(upload.mapping.get("everywhere"))
    reason = SuppressionReason.stop_list if kind is UploadKind.stop_list else SuppressionReason.unsubscribed
    why = Ending(upload.customer_id, ConsentKind.withdrawn, reason, upload.id, upload.created_by)
    span_of = (upload.id, upload.customer_id, upload.list_id)
    while cursor < total:
        span = Span(*span_of, cursor + 1, cursor + CHUNK)
        cursor += CHUNK
        upload_steps.advance(turn, cursor=min(cursor, total))
        ended = sum(end_many(ids, why) for ids in batches(_subscriptions(span, everywhere), CHUNK))
        if kind is UploadKind.stop_list:
            _keep_hashes(span, EVERY_LIST if everywhere else span.list_id, reason)
        upload_steps.add(turn, applied=ended)
        db.session.execute(
            sa.delete(UploadRow)
            .where(*span.rows(), UploadRow.state.not_in(REPORTED))
            .execution_options(synchronize_session=False)
        )
        yield
    upload_steps.leave(turn, state=UploadState.applied, finished_at=clock.now(), cursor=0)


def _subscriptions(span: Span, everywhere: bool) -> list[int]:
    reader = (
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == span.customer_id, Subscriber.address_key == UploadRow.address_key)
        .scalar_subquery()
    )
    readers = [id for id in db.session.scalars(sa.select(reader).where(*span.rows(RowState.good))) if id is not None]
    live = sa.select(Subscription.id).where(Subscription.subscriber_id.in_(readers), Subscription.state.in_(LIVE))
    if not everywhere:
        live = live.where(Subscription.list_id == span.list_id)
    return list(db.session.scalars(live.order_by(Subscription.id)))


def _keep_hashes(span: Span, list_id: int, reason: SuppressionReason) -> None:
    rows = sa.select(
        sa.literal(span.customer_id),
        UploadRow.address_hash,
        sa.literal(list_id),
        sa.literal(reason.value),
        sa.literal(clock.now(), Moment()),
    ).where(*span.rows(RowState.good))
    names = ["customer_id", "address_hash", "list_id", "reason", "at"]
    db.session.execute(insert_ignoring(Suppression).from_select(names, rows))
