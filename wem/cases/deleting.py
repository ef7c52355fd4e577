"""Deletion of a customer's data by us (12登-3①②③): asked for with numbers, approved by another, done portion by
portion; what is done and what is left stands in the tables, so it may be cut short anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from wem import audit, clock, queue
from wem.cases import notifying
from wem.cases.handling import enter
from wem.cases.models import Case, Deletion, EntryKind
from wem.cases.rules import CAN_ACT, CaseAction, DeletionAction, DeletionGround, DeletionState, Part, ordered
from wem.cases.wording import ACTS
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.lists.ending_many import Ending, end_many
from wem.lists.models import MailingList
from wem.lists.registering import LIVE
from wem.lists.states import ConsentKind, SuppressionReason, UploadState
from wem.lists.subscription_models import Subscription
from wem.lists.upload_models import Upload
from wem.mailings import back_numbers, block_keeping, controlling, reviewing
from wem.mailings.back_number_models import BackNumber
from wem.mailings.design_models import Design
from wem.mailings.models import Mailing
from wem.mailings.reply_models import Conversation
from wem.mailings.states import MailingState, NotPossible
from wem.mailings.trial_models import variants_of
from wem.sequences import controlling as sequences
from wem.tracking.models import Link

READERS_AT_ONCE = 2_000
ROWS_AT_ONCE = 500
MAILINGS_AT_ONCE = 50
OVER = (MailingState.draft, MailingState.done, MailingState.cancelled, MailingState.failed)
FINISHED = (DispatchState.done, DispatchState.cancelled, DispatchState.failed)
UPLOADS_UNDER_WAY = (
    UploadState.received,
    UploadState.reading,
    UploadState.checked,
    UploadState.waiting,
    UploadState.applying,
    UploadState.undoing,
)


def found(customer_id: int, parts: Sequence[Part], list_ids: Sequence[int]) -> dict[str, int]:
    """Return what there is of each part now. Readers are told as registrations: one reader may be on several lists."""
    numbers: dict[str, int] = {}
    at = clock.now()
    for part in ordered(parts):
        if part is Part.readers:
            kept = sa.select(sa.func.sum(MailingList.active_count + MailingList.pending_count))
            kept = kept.where(MailingList.customer_id == customer_id)
            numbers[part] = db.session.scalar(kept.where(MailingList.id.in_(list_ids)) if list_ids else kept) or 0
        else:
            numbers[part] = sum(
                db.session.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0
                for rows in _all_rows(part, customer_id, at)
            )
    return numbers


def _all_rows(part: Part, customer_id: int, until: datetime) -> list[sa.Select[Any]]:
    """Return the rows of a part; the designs that were kept of mailings go with the mailings."""
    rows = [_rows(part, customer_id, until)]
    return [*rows, _designs(customer_id, until)] if part is Part.mailings else rows


def _designs(customer_id: int, until: datetime) -> sa.Select[Any]:
    return sa.select(Design.id).where(Design.customer_id == customer_id, Design.created_at <= until)


def _rows(part: Part, customer_id: int, until: datetime) -> sa.Select[Any]:
    """Return the numbers of what is left of a part and was there at a moment."""
    if part is Part.mailings:
        variant = aliased(Mailing)
        return sa.select(Mailing.id).where(
            Mailing.customer_id == customer_id,
            Mailing.created_at <= until,
            Mailing.variant_of.is_(None),
            sa.or_(
                Mailing.subject != "",
                Mailing.html != "",
                Mailing.text != "",
                Mailing.name != "",
                # What was emptied by its people may be kept in steps for undo, or be shown to everybody.
                Mailing.revision > 0,
                sa.exists().where(BackNumber.mailing_id == Mailing.id, BackNumber.subject != ""),
                sa.exists().where(
                    variant.variant_of == Mailing.id,
                    sa.or_(variant.subject != "", variant.html != "", variant.text != "", variant.revision > 0),
                ),
            ),
        )
    if part is Part.replies:
        return sa.select(Conversation.id).where(
            Conversation.customer_id == customer_id, Conversation.created_at <= until
        )
    return sa.select(Upload.id).where(
        Upload.customer_id == customer_id, Upload.created_at <= until, Upload.state.in_(UPLOADS_UNDER_WAY)
    )


def propose(
    case: Case, ground: DeletionGround, parts: Sequence[Part], list_ids: Sequence[int], reason: str, *, by: int
) -> Deletion:
    """Ask for a deletion; nothing happens before another person approves.

    Raises Illegal while another one is open, before the investigation, and for lists that are not the customer's.
    """
    if case.state not in CAN_ACT or not parts or open_deletion(case.customer_id) is not None:
        raise Illegal("nothing to delete")
    chosen = sorted(set(list_ids)) if Part.readers in parts else []
    mine = sa.select(sa.func.count()).where(MailingList.customer_id == case.customer_id, MailingList.id.in_(chosen))
    if db.session.scalar(mine) != len(chosen):
        raise Illegal("another customer's list")
    row = Deletion(
        customer_id=case.customer_id,
        case_id=case.id,
        ground=ground,
        parts=[part.value for part in ordered(parts)],
        list_ids=chosen,
        reason=reason,
        found=found(case.customer_id, parts, chosen),
        proposed_by=by,
    )
    db.session.add(row)
    db.session.flush()
    case.move(CaseAction.act)
    _enter(row, "propose", reason, by)
    audit.record("deletion.propose", by=by, customer_id=case.customer_id, subject=row, case=case.id, note=reason)
    return row


def open_deletion(customer_id: int) -> Deletion | None:
    """Return the customer's deletion that waits or runs."""
    return db.session.scalar(
        sa.select(Deletion).where(
            Deletion.customer_id == customer_id, Deletion.state.in_((DeletionState.proposed, DeletionState.running))
        )
    )


def what(row: Deletion) -> str:
    """Return what a deletion takes, in words."""
    names = db.session.scalars(sa.select(MailingList.name).where(MailingList.id.in_(row.list_ids))).all()
    return notifying.parts_in_words(row, list(names))


def _enter(row: Deletion, act: str, said: str, by: int) -> None:
    words = f"{ACTS[f'deletion.{act}']}\n{what(row)}\n{said}".strip()
    enter(row.case, EntryKind.act, words, by=by, path=f"/staff/cases/deletions/{row.id}")


def decide(row: Deletion, action: DeletionAction, note: str, *, by: int) -> None:
    """Approve, refuse or withdraw; approved, the customer is told and the work begins. Raises OwnProposal, Illegal."""
    row.decide(action, note, by=by)
    audit.record(f"deletion.{action.name}", by=by, customer_id=row.customer_id, subject=row, note=note)
    _enter(row, action.name, note, by)
    if action is DeletionAction.approve:
        row.until = clock.now()
        if row.case.contract.state is not ContractState.ended:
            notifying.deleting(row, what(row), by=by)
        queue.ring(queue.WORK, "wem.cases.jobs.delete", row.id)


def step(row: Deletion) -> int:
    """Delete the next portion; returns how much, 0 when nothing can be done now. The caller commits, and calls again.

    With the last one it is finished. A mailing of which mails are still in a worker's hand is waited for.
    """
    assert row.until is not None
    for part in ordered([Part(value) for value in row.parts]):
        if number := STEPS[part](row, row.until):
            row.done = {**row.done, part.value: row.done.get(part.value, 0) + number}
            return number
    if not _left(row, row.until):
        row.finish()
        _enter(row, "finish", "", row.proposed_by)
        audit.record(
            "deletion.finish", by=None, customer_id=row.customer_id, subject=row, deleted=sum(row.done.values())
        )
    return 0


def _left(row: Deletion, until: datetime) -> bool:
    rows = [_all_rows(Part(part), row.customer_id, until) for part in row.parts if part != Part.readers]
    return any(db.session.scalar(each.limit(1)) is not None for some in rows for each in some)


def _end_readers(row: Deletion, until: datetime) -> int:
    """The hash of each address stays with each list, so that no upload brings it back; own will can (1-4)."""
    wanted = sa.select(Subscription.id).where(
        Subscription.customer_id == row.customer_id, Subscription.state.in_(LIVE), Subscription.created_at <= until
    )
    if row.list_ids:
        wanted = wanted.where(Subscription.list_id.in_(row.list_ids))
    ids = db.session.scalars(wanted.order_by(Subscription.id).limit(READERS_AT_ONCE)).all()
    why = Ending(row.customer_id, ConsentKind.removed, SuppressionReason.staff, by=row.decided_by)
    return end_many(ids, why) if ids else 0


def _empty_mailings(row: Deletion, until: datetime) -> int:
    wanted = _rows(Part.mailings, row.customer_id, until).order_by(Mailing.id)
    done, after = 0, 0
    while not done:
        ids = db.session.scalars(wanted.where(Mailing.id > after).limit(MAILINGS_AT_ONCE)).all()
        if not ids:
            return _delete_designs(row, until)
        after = ids[-1]
        done = sum(_empty(db.session.get_one(Mailing, id, populate_existing=True), row.decided_by) for id in ids)
    return done


def _delete_designs(row: Deletion, until: datetime) -> int:
    ids = db.session.scalars(_designs(row.customer_id, until).order_by(Design.id).limit(ROWS_AT_ONCE)).all()
    db.session.execute(sa.delete(Design).where(Design.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)


def _empty(mailing: Mailing, by: int | None) -> bool:
    """Take subject and texts out of a mailing that is over, or called off now; what it counted stays."""
    if reviewing.waits(mailing) and mailing.is_step:
        # Nobody is to approve what is deleted; a draft of a step is in no other way called off.
        mailing.unschedule(by=by)
    if mailing.state not in OVER:
        try:
            controlling.cancel(mailing, by=by)
        except NotPossible:
            return False
    open_dispatch = sa.select(Dispatch.id).where(Dispatch.mailing_id == mailing.id, Dispatch.state.not_in(FINISHED))
    if mailing.state not in OVER or db.session.scalar(open_dispatch) is not None:
        return False
    for dispatch in db.session.scalars(sa.select(Dispatch).where(Dispatch.mailing_id == mailing.id)):
        dispatch.content = {**dispatch.content, "subject": "", "text": "", "html": None}
        db.session.execute(sa.delete(Link).where(Link.dispatch_id == dispatch.id))
    if mailing.is_step:
        sequences.forget_texts(mailing.id, by=by)
    back_numbers.forget(mailing.id)
    for each in (mailing, *variants_of(mailing)):
        each.name = each.subject = each.html = each.text = ""
        each.version += 1
        block_keeping.forget(each)
    return True


def _delete_replies(row: Deletion, until: datetime) -> int:
    wanted = _rows(Part.replies, row.customer_id, until)
    ids = db.session.scalars(wanted.order_by(Conversation.id).limit(ROWS_AT_ONCE)).all()
    db.session.execute(
        sa.delete(Conversation).where(Conversation.id.in_(ids)).execution_options(synchronize_session=False)
    )
    return len(ids)


def _discard_uploads(row: Deletion, until: datetime) -> int:
    """Their rows and files follow as with every upload that is over."""
    wanted = _rows(Part.uploads, row.customer_id, until)
    ids = db.session.scalars(wanted.order_by(Upload.id).limit(ROWS_AT_ONCE)).all()
    db.session.execute(
        sa.update(Upload)
        .where(Upload.id.in_(ids))
        .values(state=UploadState.discarded, finished_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    for id in ids:
        queue.ring(queue.WORK, "wem.lists.jobs.erase_upload", id)
    return len(ids)


STEPS: dict[Part, Callable[[Deletion, datetime], int]] = {
    Part.mailings: _empty_mailings,
    Part.replies: _delete_replies,
    Part.uploads: _discard_uploads,
    Part.readers: _end_readers,
}
