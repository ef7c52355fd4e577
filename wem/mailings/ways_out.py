"""What a mailing's ways out end, by page, by one click and by mail: the lists that it went to."""

from __future__ import annotations

import sqlalchemy as sa

from wem.db import db
from wem.delivery.models import Delivery, Dispatch
from wem.lists.models import MailingList
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscriber
from wem.mailings.models import Mailing, MailingTarget
from wem.mailings.trial_models import Trial
from wem.mailings.trial_rules import REST

ALIVE = (SubscriptionState.pending, SubscriptionState.active)


def lists_to_stop(reader: Subscriber, mailing_id: int) -> list[MailingList]:
    """Return the reader's lists to which the mailing went; all when there is no such mailing of the customer."""
    mine = [row for row in reader.subscriptions if row.state in ALIVE]
    targets = db.session.scalars(
        sa.select(MailingTarget.list_id)
        .join(Mailing, Mailing.id == MailingTarget.mailing_id)
        .where(Mailing.id == mailing_id, Mailing.customer_id == reader.customer_id)
    ).all()
    return [row.mailing_list for row in mine if not targets or row.list_id in targets]


def count_left(mailing_id: int, customer_id: int, subscriber_id: int) -> None:
    """Count one reader who stops by a way out of this mailing, of an A/B test for the variant that the reader
    got too."""
    _count(Mailing.id == mailing_id, Mailing.customer_id == customer_id)
    got = db.session.scalars(
        sa.select(Dispatch.variant)
        .join(Delivery, Delivery.dispatch_id == Dispatch.id)
        .where(
            Dispatch.mailing_id == mailing_id,
            Dispatch.customer_id == customer_id,
            Dispatch.variant.is_not(None),
            Delivery.subscriber_id == subscriber_id,
        )
    ).first()
    if got == REST:
        db.session.execute(
            sa.update(Trial).where(Trial.mailing_id == mailing_id).values(unsubscribed=Trial.unsubscribed + 1)
        )
    elif got is not None and got > 1:
        _count(Mailing.variant_of == mailing_id, Mailing.variant == got)


def _count(*which: sa.ColumnElement[bool]) -> None:
    db.session.execute(
        sa.update(Mailing)
        .where(*which)
        # Nobody edited the mailing.
        .values(unsubscribed=Mailing.unsubscribed + 1, changed_at=Mailing.changed_at)
    )
