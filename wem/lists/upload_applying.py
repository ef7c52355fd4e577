"""Applying an upload of readers: chunk by chunk, rows, subscriptions, proof and counts in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wem import clock
from wem.db import Json, Moment, db, insert_ignoring
from wem.lists import upload_inviting, upload_steps
from wem.lists.counting import change_count
from wem.lists.forgetting import without_value
from wem.lists.models import Field, MailingList
from wem.lists.registering import LIVE
from wem.lists.states import ConsentKind, RowState, SubscriptionState, UploadKind, UploadState, Way
from wem.lists.subscription_models import ConsentEvent, Subscriber, Subscription
from wem.lists.upload_classing import Span, batches, classify
from wem.lists.upload_erasing import REPORTED
from wem.lists.upload_models import Upload, UploadRow
from wem.lists.upload_steps import Turn

# Attested rows are all sets; an invitation is also a mail to be written. Fewer at once on a busy machine.
CHUNK = {UploadKind.attested: 10_000, UploadKind.invitation: 250}
TAKEN = (RowState.good, RowState.elsewhere)
LANGUAGE = "ja"


class Raced(Exception):
    """Somebody made or ended one of these readers at the same moment. Roll back; the chunk is done again."""


def steps(turn: Turn) -> Iterator[None]:
    """Put the checked rows on the list; yields where the caller commits. Raises Lost and Raced."""
    upload = db.session.get_one(Upload, turn.upload_id)
    most, cursor, total = CHUNK[upload.kind], upload.cursor, upload.total
    size = most
    apply = _invite if upload.kind is UploadKind.invitation else _attest
    while cursor < total:
        begun = time.monotonic()
        upload = db.session.get_one(Upload, turn.upload_id)
        span = Span(upload.id, upload.customer_id, upload.list_id, cursor + 1, cursor + size)
        cursor += size
        upload_steps.advance(turn, cursor=min(cursor, total))
        _leave_out_deleted_fields(upload, span)
        upload_steps.add(turn, **apply(upload, span))
        _forget(span)
        yield
        size = upload_steps.paced(size, time.monotonic() - begun, most)
    upload_steps.leave(turn, state=UploadState.applied, finished_at=clock.now(), cursor=0)


def _leave_out_deleted_fields(upload: Upload, span: Span) -> None:
    """Take values of fields that were deleted since the file was checked out of the rows; most often there is none."""
    used = {*upload.mapping.get("fields", {}).values(), *(new["key"] for new in upload.mapping.get("new", []))}
    there = set(db.session.scalars(sa.select(Field.key).where(Field.customer_id == span.customer_id)))
    for key in sorted(used - there):
        db.session.execute(
            sa.update(UploadRow)
            .where(*span.rows())
            .values(fields=without_value(UploadRow.fields, key))
            .execution_options(synchronize_session=False)
        )


def _attest(upload: Upload, span: Span) -> dict[str, int]:
    """Make this span's addresses active on staff's word for the customer's statement."""
    classes = classify(span, hold=True)
    state, at = SubscriptionState.active, clock.now()
    made, put = _subscribe(span, state, Way.attested, confirmed_at=at, expires_at=None)
    for some in batches(sorted(classes.elsewhere.values()), 5_000):
        db.session.execute(
            sa.update(Subscriber)
            .where(Subscriber.id.in_(some))
            .values(active_count=Subscriber.active_count + 1)
            .execution_options(synchronize_session=False)
        )
    _note(span, ConsentKind.attested, Way.attested, upload.created_by, upload.statement.get("shown_text_id"))
    _update_known(upload, classes.known | classes.elsewhere)
    _count(span, active_count=put)
    change_count(span.customer_id, made + len(classes.raising))
    return {"applied": put, "opted_out": classes.opted_out}


def _invite(upload: Upload, span: Span) -> dict[str, int]:
    """Ask this span's addresses, each by one mail; who does not answer is erased when the link ends."""
    classes = classify(span, hold=True)
    limited = upload_inviting.leave_out_limited(span)
    expires_at = clock.now() + upload_inviting.LIFETIME
    _, put = _subscribe(span, SubscriptionState.pending, Way.invitation, confirmed_at=None, expires_at=expires_at)
    shown_text_id = upload_inviting.mail_invitations(upload, span)
    _note(span, ConsentKind.invited, Way.invitation, upload.created_by, shown_text_id)
    _update_known(upload, classes.known | classes.elsewhere)
    _count(span, pending_count=put)
    return {"applied": put, "opted_out": classes.opted_out, "limited": limited}


def _subscribe(span: Span, state: SubscriptionState, way: Way, **stamps: Any) -> tuple[int, int]:
    """Make the readers and subscriptions of the rows taken; returns how many of each. Raises Raced."""
    counted = sa.select(UploadRow.state, sa.func.count()).where(*span.rows(*TAKEN)).group_by(UploadRow.state)
    expected = dict(db.session.execute(counted).all())
    made = _insert_readers(span, int(state is SubscriptionState.active))
    put = _insert_subscriptions(span, state, way, **stamps)
    if made != expected.get(RowState.good, 0) or put != sum(expected.values()):
        raise Raced
    return made, put


def _insert_readers(span: Span, active_count: int) -> int:
    row = sa.select(
        sa.literal(span.customer_id),
        UploadRow.address,
        UploadRow.address_key,
        UploadRow.address_hash,
        UploadRow.domain_group,
        UploadRow.fields,
        sa.literal(LANGUAGE),
        sa.literal(active_count),
        sa.literal(clock.now(), Moment()),
    ).where(*span.rows(RowState.good))
    names = "customer_id address address_key address_hash domain_group fields language active_count created_at"
    insert = insert_ignoring(Subscriber).from_select(names.split(), row.order_by(UploadRow.record))
    made = db.session.execute(insert, execution_options={"preserve_rowcount": True})
    return int(made.rowcount)  # type: ignore[attr-defined]


def _insert_subscriptions(span: Span, state: SubscriptionState, way: Way, *, confirmed_at: Any, expires_at: Any) -> int:
    reader = (
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == span.customer_id, Subscriber.address_key == UploadRow.address_key)
        .scalar_subquery()
    )
    # What the customer knows of a person who has not answered yet waits beside the subscription.
    answers = UploadRow.fields if state is SubscriptionState.pending else sa.cast(sa.null(), Json)
    values = {
        "customer_id": sa.literal(span.customer_id),
        "list_id": sa.literal(span.list_id),
        "subscriber_id": reader,
        "state": sa.literal(state.value),
        "way": sa.literal(way.value),
        "created_at": sa.literal(clock.now(), Moment()),
        "confirmed_at": sa.literal(confirmed_at, Moment()),
        "expires_at": sa.literal(expires_at, Moment()),
        "upload_id": sa.literal(span.upload_id),
        "answers": answers,
    }
    rows = sa.select(*values.values()).where(*span.rows(*TAKEN)).order_by(UploadRow.record)
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(Subscription).from_select(list(values), rows)
    renewed = ("state", "way", "confirmed_at", "expires_at", "upload_id", "answers")
    # An ended one comes back to life; who said no is not among the rows.
    put = db.session.execute(
        insert.on_conflict_do_update(
            index_elements=["subscriber_id", "list_id"],
            set_={**{name: insert.excluded[name] for name in renewed}, "ended_at": None},
            where=Subscription.state.not_in(LIVE),
        ),
        execution_options={"preserve_rowcount": True},
    )
    return int(put.rowcount)  # type: ignore[attr-defined]


def _note(span: Span, kind: ConsentKind, way: Way, by: int | None, shown_text_id: int | None) -> None:
    values = {
        "customer_id": sa.literal(span.customer_id),
        "list_id": sa.literal(span.list_id),
        "address_hash": UploadRow.address_hash,
        "kind": sa.literal(kind.value),
        "way": sa.literal(way.value),
        "at": sa.literal(clock.now(), Moment()),
        "shown_text_id": sa.literal(shown_text_id, sa.Integer),
        "upload_id": sa.literal(span.upload_id),
        "account_id": sa.literal(by, sa.Integer),
    }
    rows = sa.select(*values.values()).where(*span.rows(*TAKEN)).order_by(UploadRow.record)
    db.session.execute(sa.insert(ConsentEvent).from_select(list(values), rows))


def _update_known(upload: Upload, readers: Mapping[int, int]) -> None:
    """Where the customer wishes so, write the file's values into readers (by record) that it had already."""
    if not readers or not upload.mapping.get("update_known"):
        return
    row = (
        sa.select(UploadRow.fields)
        .where(UploadRow.upload_id == upload.id, UploadRow.record == sa.bindparam("of_record"))
        .scalar_subquery()
    )
    merged: Any
    if db.engine.dialect.name == "postgresql":
        merged = Subscriber.fields.op("||")(row)
    else:
        merged = sa.func.json_patch(Subscriber.fields, row)
    db.session.connection().execute(
        sa.update(Subscriber).where(Subscriber.id == sa.bindparam("of_reader")).values(fields=merged),
        [{"of_record": record, "of_reader": reader} for record, reader in sorted(readers.items())],
    )


def _count(span: Span, **by: int) -> None:
    db.session.execute(
        sa.update(MailingList)
        .where(MailingList.id == span.list_id)
        .values({name: getattr(MailingList, name) + number for name, number in by.items()})
        .execution_options(synchronize_session=False)
    )


def _forget(span: Span) -> None:
    """Delete what is applied: the addresses stand with the readers now, or nowhere."""
    db.session.execute(
        sa.delete(UploadRow)
        .where(*span.rows(), UploadRow.state.not_in(REPORTED))
        .execution_options(synchronize_session=False)
    )
