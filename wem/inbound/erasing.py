"""Erasing arrived mail that is past its time: the file first, so that none is left without a row and comes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from wem import storage
from wem.db import db
from wem.inbound.models import InboundMail, SeenMail
from wem.inbound.rules import keeping
from wem.inbound.states import InboundState
from wem.settings import settings

AT_ONCE = 200
# So long a mail server may try again what it could not hand over, and some more.
REMEMBERED = timedelta(days=14)


def erase_some(at: datetime) -> int:
    """Erase some mails that are past their time; return how many, 0 when there are no more."""
    handled = timedelta(days=int(settings().INBOUND_HANDLED_DAYS))
    unrecognised = timedelta(days=int(settings().INBOUND_KEPT_DAYS))
    ends = {state: keeping(state, handled, unrecognised) for state in InboundState}
    over = [
        sa.and_(InboundMail.state == state, InboundMail.handled_at < at - kept) for state, kept in ends.items() if kept
    ]
    mails = db.session.scalars(sa.select(InboundMail).where(sa.or_(*over)).order_by(InboundMail.id).limit(AT_ONCE))
    return erase(mails.all())


def erase(mails: Sequence[InboundMail]) -> int:
    """Erase mails, with their files unless another of our addresses still has the same one; return how many."""
    ids = [mail.id for mail in mails]
    keys = {mail.raw_key for mail in mails if mail.raw_key}
    shared = set(
        db.session.scalars(
            sa.select(InboundMail.raw_key).where(InboundMail.raw_key.in_(keys), InboundMail.id.not_in(ids))
        )
    )
    for key in keys - shared:
        storage.erase(key)
    db.session.execute(sa.delete(InboundMail).where(InboundMail.id.in_(ids)))
    return len(ids)


def forget_seen(at: datetime) -> None:
    """Forget by what repetitions were known, once nobody tries again."""
    db.session.execute(sa.delete(SeenMail).where(SeenMail.seen_at < at - REMEMBERED))
