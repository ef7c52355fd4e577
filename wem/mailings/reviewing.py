"""Mailings that our staff look at before they are sent: asked for, approved or refused, and then on their way."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from wem import audit, queue
from wem.db import db
from wem.delivery.models import Dispatch, DispatchKind
from wem.mailings import audience, review_rules, telling
from wem.mailings.models import BodyKind, HeldReason, Mailing, MailingState
from wem.mailings.review_models import ONLY, AlreadyDecided, MailingReview, ReviewPolicy
from wem.mailings.review_rules import Ground, ReviewState

WAITING = sa.and_(Mailing.state == MailingState.held, Mailing.held_reason == HeldReason.review.value)


def policy() -> ReviewPolicy:
    """Return the rules that hold now; by those of a new service nothing is looked at."""
    return db.session.get(ReviewPolicy, ONLY) or ReviewPolicy(first_mailing=False, large_audience=False, words="")


def set_policy(*, first_mailing: bool, large_audience: bool, words: str, by: int) -> None:
    """Set the rules for what is sent or scheduled from now on."""
    row = db.session.get(ReviewPolicy, ONLY, with_for_update=True)
    if row is None:
        row = ReviewPolicy(id=ONLY)
        db.session.add(row)
    row.first_mailing, row.large_audience, row.changed_by = first_mailing, large_audience, by
    row.words = "\n".join(review_rules.words_of(words))
    audit.record("mailings.review_policy", by=by, first=first_mailing, large=large_audience, words=len(row.listed))


def needed(mailing: Mailing) -> list[Ground]:
    """Return why the mailing may not be sent before somebody has looked at it as it stands; none when it may."""
    rules = policy()
    if not (rules.first_mailing or rules.large_audience or rules.listed) or approved(mailing):
        return []
    first = rules.first_mailing and not _sent_before(mailing.customer_id)
    large = rules.large_audience and audience.unusually_large(
        audience.most_recipients(mailing), audience.largest_of_late(mailing.customer_id)
    )
    return review_rules.grounds(first=first, words=bool(_words(mailing, rules)), large=large)


def approved(mailing: Mailing) -> bool:
    """Return whether somebody has looked at the mailing as it stands and let it go."""
    if mailing.id is None:
        return False
    found = sa.exists().where(
        MailingReview.mailing_id == mailing.id,
        MailingReview.version == mailing.version,
        MailingReview.state == ReviewState.approved,
    )
    return bool(db.session.scalar(sa.select(found)))


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
    earlier = sa.select(MailingReview).where(
        MailingReview.mailing_id == mailing.id, MailingReview.state == ReviewState.pending
    )
    for row in db.session.scalars(earlier).all():
        row.decide(ReviewState.withdrawn, by=by)
    review = MailingReview(
        customer_id=mailing.customer_id,
        mailing_id=mailing.id,
        version=mailing.version,
        grounds=[ground.value for ground in needed(mailing)],
        words=_words(mailing, policy()),
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
    queue.ring(queue.WORK, "wem.mailings.jobs.go_on_reviewed", review.mailing_id)


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


def _sent_before(customer_id: int) -> bool:
    sent = sa.exists().where(Dispatch.customer_id == customer_id, Dispatch.kind == DispatchKind.bulk)
    return bool(db.session.scalar(sa.select(sent)))


def _words(mailing: Mailing, rules: ReviewPolicy) -> list[str]:
    texts = [mailing.subject, mailing.text]
    if mailing.body_kind is not BodyKind.text:
        texts.append(mailing.html)
    return review_rules.words_in(texts, rules.listed)
