"""Mailings that our staff look at before they are sent: asked for, approved or refused, and then on their way."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from wem import queue
from wem.db import db
from wem.mailings import review_grounds, telling
from wem.mailings.models import Mailing
from wem.mailings.review_models import AlreadyDecided, MailingReview
from wem.mailings.review_rules import ReviewState
from wem.mailings.states import HeldReason, MailingState

WAITING = sa.and_(Mailing.state == MailingState.held, Mailing.held_reason == HeldReason.review.value)


def latest(mailing_id: int) -> MailingReview | None:
    """Return the last look at a mailing, decided or not; None when there was none."""
    return db.session.scalar(
        sa.select(MailingReview)
        .where(MailingReview.mailing_id == mailing_id)
        .order_by(MailingReview.id.desc())
        .limit(1)
    )


def ask(mailing: Mailing, at: datetime | None, *, by: int | None) -> MailingReview:
    """Let the mailing wait for our look, to be sent at `at` or, without it, as soon as it is approved.

    Raises NotPossible when it has started.
    """
    mailing.submit(at, by=by)
    return _ask_again(mailing, by=by)


def follow(mailing: Mailing) -> bool:
    """Return whether a mailing that waits was let go; asks anew where a segment of it was changed since."""
    if not waits(mailing):
        return False
    if review_grounds.approved(mailing):
        return True
    review = latest(mailing.id)
    if review is not None and review.state is ReviewState.approved and review.version == mailing.version:
        _ask_again(mailing, by=None)
    return False


def _ask_again(mailing: Mailing, *, by: int | None) -> MailingReview:
    earlier = sa.select(MailingReview).where(
        MailingReview.mailing_id == mailing.id, MailingReview.state == ReviewState.pending
    )
    for row in db.session.scalars(earlier).all():
        row.decide(ReviewState.withdrawn, by=by)
    review = MailingReview(
        customer_id=mailing.customer_id,
        mailing_id=mailing.id,
        version=mailing.version,
        grounds=[ground.value for ground in review_grounds.needed(mailing)],
        words=review_grounds.words_found(mailing, review_grounds.policy()),
        asked_by=by,
    )
    db.session.add(review)
    db.session.flush()
    return review


def pending() -> sa.Select[MailingReview]:
    """Return the looks that mailings wait for, as a statement."""
    return (
        sa.select(MailingReview)
        .join(Mailing, Mailing.id == MailingReview.mailing_id)
        .where(MailingReview.state == ReviewState.pending, WAITING, MailingReview.version == Mailing.version)
    )


def approve(review: MailingReview, *, by: int) -> None:
    """Let the mailing go: at its time, or at once; raises AlreadyDecided."""
    _still_waits(review)
    review.decide(ReviewState.approved, by=by)
    queue.ring(queue.WORK, "wem.mailings.review_jobs.go_on_reviewed", review.mailing_id)


def refuse(review: MailingReview, note: str, *, by: int) -> None:
    """Make it a draft again, and tell the customer's people why; raises AlreadyDecided."""
    mailing = _still_waits(review)
    review.decide(ReviewState.refused, by=by, note=note)
    mailing.unschedule(by=by)
    telling.tell_refused(mailing, note)


def to_go_on() -> list[int]:
    """Return the mailings that were approved and stand still, for a ring may be lost."""
    return list(
        db.session.scalars(
            sa.select(Mailing.id)
            .where(
                WAITING,
                sa.exists().where(
                    MailingReview.mailing_id == Mailing.id,
                    MailingReview.version == Mailing.version,
                    MailingReview.state == ReviewState.approved,
                ),
            )
            .order_by(Mailing.id)
        )
    )


def waits(mailing: Mailing) -> bool:
    """Return whether the mailing waits for our look."""
    return mailing.state is MailingState.held and mailing.held_reason == HeldReason.review.value


def _still_waits(review: MailingReview) -> Mailing:
    mailing = db.session.get_one(Mailing, review.mailing_id)
    db.session.refresh(mailing, with_for_update=True)
    if not waits(mailing) or mailing.version != review.version:
        raise AlreadyDecided
    return mailing
