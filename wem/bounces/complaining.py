"""Complaints (feedback reports, RFC 5965): the reader is opted out at once, the rate is watched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from wem import clock, queue
from wem.arriving import ArrivedMail, Fate
from wem.bounces import complaint_rules, recording, tallying, unmatched
from wem.bounces.complaint_rules import Standing, Wish
from wem.bounces.models import WHOLE, BounceTally, Complaint, Unmatched
from wem.bounces.recording import Key, Sent
from wem.bounces.states import Reading, Reason
from wem.bounces.tallying import Counted
from wem.db import db, insert_ignoring
from wem.delivery.models import Dispatch, DispatchKind
from wem.delivery.pace_failures import note_failures
from wem.lists import leaving
from wem.lists.states import SuppressionReason
from wem.lists.subscription_models import EVERY_LIST, Subscriber
from wem.mailings.models import SendingHold


def take(mail: ArrivedMail, reading: Reading, key: Key) -> Fate:
    """Opt out the reader of the mail that a report names, and count it once. The caller commits."""
    wish = complaint_rules.wish(reading.feedback_type)
    if wish is Wish.nothing:
        return Fate.ignored
    sent = recording.sent_mails([key]).get(key)
    if sent is None:
        return unmatched.keep(mail, reading, Unmatched.gone)
    if not _record(mail, reading, sent, wish):
        return Fate.ignored
    reader = db.session.get(Subscriber, sent.subscriber_id)
    if reader is not None and reader.address_hash == sent.address_hash:
        leaving.leave_everything(reader, SuppressionReason.complaint, mailing_id=sent.mailing_id)
    else:
        # Gone already, by another way: the stronger no is kept all the same.
        leaving.suppress(sent.customer_id, sent.address_hash, [EVERY_LIST], SuppressionReason.complaint)
    if wish is Wish.complaint:
        _count(mail.received_at, sent)
    return Fate.taken


def _record(mail: ArrivedMail, reading: Reading, sent: Sent, wish: Wish) -> bool:
    made = insert_ignoring(Complaint).values(
        customer_id=sent.customer_id,
        mailing_id=sent.mailing_id,
        dispatch_id=sent.dispatch_id,
        seq=sent.seq,
        subscriber_id=sent.subscriber_id,
        address_hash=sent.address_hash,
        provider=sent.provider,
        feedback_type=(reading.feedback_type or "")[:32],
        counts=wish is Wish.complaint,
        at=mail.received_at,
        number=mail.number,
    )
    return db.session.scalar(made.returning(Complaint.id)) is not None


def _count(at: datetime, sent: Sent) -> None:
    lists = recording.lists_of([sent])[sent.key]
    day = at.astimezone(clock.JAPAN).date()
    tallying.add(
        [
            Counted(
                sent.customer_id, sent.dispatch_id, tuple(lists), day, Reason.feedback, sent.provider, sent.tally_domain
            )
        ]
    )
    note_failures([(sent.domain, sent.provider)], complaints=True)
    queue.ring(queue.WORK, "wem.bounces.jobs.judge_complaints", sent.customer_id)


def shares(customer_ids: Sequence[int]) -> list[Standing]:
    """Return the customers' complaints over the mailings that started within the window, the highest rate first.

    What was sent before staff released a hold was judged then, and does not count again.
    """
    at = clock.now()
    window = sa.func.coalesce(Dispatch.started_at, Dispatch.created_at)
    dispatches = (
        sa.select(Dispatch.id, Dispatch.customer_id, Dispatch.accepted)
        .outerjoin(SendingHold, SendingHold.customer_id == Dispatch.customer_id)
        .where(
            Dispatch.customer_id.in_(customer_ids),
            Dispatch.kind == DispatchKind.bulk,
            window >= at - complaint_rules.WINDOW,
            sa.or_(SendingHold.released_at.is_(None), window >= SendingHold.released_at),
        )
    )
    accepted: Counter[int] = Counter()
    complained: Counter[int] = Counter(dict.fromkeys(customer_ids, 0))
    owners: dict[int, int] = {}
    for row in db.session.execute(dispatches):
        accepted[row.customer_id] += row.accepted
        owners[row.id] = row.customer_id
    for dispatch_id, number in db.session.execute(
        sa.select(BounceTally.dispatch_id, sa.func.sum(BounceTally.number))
        .where(BounceTally.dispatch_id.in_(owners), BounceTally.list_id == WHOLE, BounceTally.reason == Reason.feedback)
        .group_by(BounceTally.dispatch_id)
    ):
        complained[owners[dispatch_id]] += int(number)
    found = [Standing(complained[number], accepted[number], number) for number in customer_ids]
    return sorted(found, key=lambda share: (-share.rate, share.customer_id))


def standing_of(customer_id: int) -> Standing:
    """Return one customer's."""
    return shares([customer_id])[0]


def complained_about() -> list[int]:
    """Return the customers about whose mailings somebody complained within the window."""
    return list(
        db.session.scalars(
            sa.select(Complaint.customer_id)
            .where(Complaint.at >= clock.now() - complaint_rules.WINDOW, Complaint.counts)
            .distinct()
        )
    )
