"""Which mailings wait for our staff's look: the rules that hold now, and what they find in a mailing."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit
from wem.db import db
from wem.delivery.models import Dispatch, DispatchKind
from wem.mailings import audience, review_rules
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.review_models import ONLY, MailingReview, ReviewPolicy
from wem.mailings.review_rules import Ground, ReviewState
from wem.mailings.segment_models import MailingSegment
from wem.mailings.trial_models import variants_of
from wem.segments.models import Segment


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
    return review_rules.grounds(first=first, words=bool(words_found(mailing, rules)), large=large)


def approved(mailing: Mailing) -> bool:
    """Return whether somebody let the mailing go as it stands, and no segment that says to whom was changed since."""
    if mailing.id is None:
        return False
    changed = sa.exists().where(
        MailingSegment.mailing_id == MailingReview.mailing_id,
        Segment.id == MailingSegment.segment_id,
        Segment.changed_at > MailingReview.decided_at,
    )
    found = sa.exists().where(
        MailingReview.mailing_id == mailing.id,
        MailingReview.version == mailing.version,
        MailingReview.state == ReviewState.approved,
        ~changed,
    )
    return bool(db.session.scalar(sa.select(found)))


def _sent_before(customer_id: int) -> bool:
    sent = sa.exists().where(Dispatch.customer_id == customer_id, Dispatch.kind == DispatchKind.bulk)
    return bool(db.session.scalar(sa.select(sent)))


def words_found(mailing: Mailing, rules: ReviewPolicy) -> list[str]:
    """Return which words of the rules stand in the mailing or in a variant of it."""
    texts = []
    for each in (mailing, *variants_of(mailing)):
        texts += [each.subject, each.text]
        if each.body_kind is not BodyKind.text:
            texts.append(each.html)
    return review_rules.words_in(texts, rules.listed)
