"""Ending the subscriptions of a deleted list, portion by portion."""

from __future__ import annotations

import sqlalchemy as sa

from wem import clock, queue
from wem.db import db
from wem.lists.ending_many import Ending, end_many
from wem.lists.models import MailingList
from wem.lists.registering import LIVE
from wem.lists.states import ConsentKind, UploadState
from wem.lists.subscription_models import Subscription
from wem.lists.upload_models import Upload

AT_ONCE = 2_000
UNDER_WAY = (
    UploadState.reading,
    UploadState.checked,
    UploadState.waiting,
    UploadState.applying,
    UploadState.undoing,
)


class UploadUnderWay(Exception):
    """An upload of the list is not over yet; its readers would come onto a list that nobody sees."""


def delete_list(mailing_list: MailingList) -> None:
    """Put a list away at once; its subscriptions end in the background. Raises UploadUnderWay.

    Put away, not removed: consent records and mailings speak of it.
    """
    under_way = sa.exists().where(Upload.list_id == mailing_list.id, Upload.state.in_(UNDER_WAY))
    if db.session.scalar(sa.select(under_way)):
        raise UploadUnderWay
    mailing_list.archived_at = clock.now()
    mailing_list.sign_up_open = False
    queue.ring(queue.WORK, "wem.lists.jobs.erase_expired")


def end_subscriptions() -> int:
    """End the next subscriptions of one deleted list; returns how many, 0 when none is left.

    No hash of a refusal stays, for the readers did not refuse. The caller commits, and calls again.
    """
    mailing_list = db.session.scalar(
        sa.select(MailingList)
        .where(
            MailingList.archived_at.is_not(None),
            sa.or_(MailingList.active_count > 0, MailingList.pending_count > 0),
        )
        .order_by(MailingList.id)
        .limit(1)
    )
    if mailing_list is None:
        return 0
    ids = db.session.scalars(
        sa.select(Subscription.id)
        .where(Subscription.list_id == mailing_list.id, Subscription.state.in_(LIVE))
        .order_by(Subscription.id)
        .limit(AT_ONCE)
    ).all()
    return end_many(ids, Ending(mailing_list.customer_id, ConsentKind.removed, None))
