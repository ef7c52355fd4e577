"""The mails of an upload of invitations: one to each address, as many as an address may get."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wem import clock, outbox
from wem.db import Moment, db
from wem.lists import consent, emails, links
from wem.lists.models import MailingList
from wem.lists.notice import notice_for
from wem.lists.rationing import DAY, EVERYWHERE
from wem.lists.senders import sender_for
from wem.lists.states import RowState, Way
from wem.lists.subscription_models import MailSlot, Subscriber, Subscription
from wem.lists.upload_classing import Span
from wem.lists.upload_models import Upload, UploadRow

LIFETIME = links.CONFIRM_LIFETIME
LANGUAGE = "ja"
TAKEN = (RowState.good, RowState.elsewhere)


def leave_out_limited(span: Span) -> int:
    """Take the right to one mail for each row that is to be asked, and leave out those that had their mails for today.

    The same rights as those of the forms (`rationing`), taken for many at once; returns how many are left out.
    """
    wanted = set(db.session.scalars(sa.select(UploadRow.address_hash).where(*span.rows(*TAKEN))))
    about_list = _take(wanted, span.list_id)
    waiting = set(about_list)
    for place in EVERYWHERE:
        waiting -= _take(waiting, place)
    if waiting:
        # A right that led to no mail is given back.
        db.session.execute(
            sa.delete(MailSlot).where(MailSlot.list_id == span.list_id, MailSlot.address_hash.in_(sorted(waiting)))
        )
    left_out = (wanted - about_list) | waiting
    if left_out:
        db.session.execute(
            sa.update(UploadRow)
            .where(*span.rows(*TAKEN), UploadRow.address_hash.in_(sorted(left_out)))
            .values(state=RowState.known)
            .execution_options(synchronize_session=False)
        )
    return len(left_out)


def _take(hashes: set[bytes | None], place: int) -> set[bytes | None]:
    """Return those of these addresses whose right of this place was free; in order, so that no two wait in a ring."""
    if not hashes:
        return set()
    at = clock.now()
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(MailSlot).values(
        [{"address_hash": each, "list_id": place, "taken_at": at} for each in sorted(filter(None, hashes))]
    )
    return set(
        db.session.scalars(
            insert.on_conflict_do_update(
                index_elements=["address_hash", "list_id"],
                set_={"taken_at": insert.excluded.taken_at},
                where=MailSlot.taken_at <= sa.literal(at - DAY, Moment()),
            ).returning(MailSlot.address_hash)
        )
    )


def mail_invitations(upload: Upload, span: Span) -> int:
    """Put one mail for each new pending subscription into the outbox; returns the number of the text shown."""
    sender = sender_for(span.customer_id)
    mailing_list = db.session.get_one(MailingList, span.list_id)
    notice = notice_for(sender.name, LANGUAGE)
    asked = db.session.execute(
        sa.select(Subscription.id, Subscriber.address)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscription.list_id == span.list_id,
            Subscription.upload_id == upload.id,
            Subscription.subscriber_id.in_(_readers(span)),
        )
        .order_by(Subscription.id)
    )
    for subscription_id, address in asked:
        url = links.confirm_url([subscription_id], LANGUAGE)
        mail = emails.invitation(address, [mailing_list.name], sender, notice.lines, url, LANGUAGE)
        outbox.post(mail, customer_id=span.customer_id, about=f"subscription {subscription_id}")
    return consent.keep_shown_text(mailing_list, sender.name, notice, Way.invitation)


def _readers(span: Span) -> list[int]:
    reader = (
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == span.customer_id, Subscriber.address_key == UploadRow.address_key)
        .scalar_subquery()
    )
    return [id for id in db.session.scalars(sa.select(reader).where(*span.rows(*TAKEN))) if id is not None]
