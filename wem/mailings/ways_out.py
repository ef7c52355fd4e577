"""What a mailing's ways out end, by page, by one click and by mail: the lists that it went to."""

from __future__ import annotations

import sqlalchemy as sa

from wem.db import db
from wem.lists.models import MailingList, Subscriber
from wem.lists.states import SubscriptionState
from wem.mailings.models import Mailing, MailingTarget

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


def count_left(mailing_id: int, customer_id: int) -> None:
    """Count one reader who stopped by a way out of this mailing."""
    db.session.execute(
        sa.update(Mailing)
        .where(Mailing.id == mailing_id, Mailing.customer_id == customer_id)
        # Nobody edited the mailing.
        .values(unsubscribed=Mailing.unsubscribed + 1, changed_at=Mailing.changed_at)
    )
