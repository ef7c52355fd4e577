"""Mails that come back, for tests: sent deliveries, and readings of reports about them."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tests import factories
from tests.delivery.dispatches import delivery_to, make_dispatch
from wem import clock
from wem.arriving import ArrivedMail
from wem.bounces.models import Bounce
from wem.bounces.states import Kind, Reading, Reason, Reported, Severity
from wem.db import db
from wem.delivery import identity
from wem.delivery.identity import IdentityKeys, identity_keys
from wem.delivery.models import Batch, BatchState, Delivery, DeliveryState, Dispatch, DispatchState
from wem.lists.models import MailingList
from wem.lists.subscription_models import Subscriber
from wem.settings import settings

_numbers = itertools.count(1)
HARD = {Reason.userunknown, Reason.hostunknown, Reason.hasmoved, Reason.notaccept}


def keys() -> IdentityKeys:
    return identity_keys(settings().SECRET_KEY)


def sent_mailing(mailing_list: MailingList, days_ago: float = 0.0, **values: Any) -> Dispatch:
    """Return the dispatch of a mailing that everybody on the list was sent so many days ago. Commits."""
    dispatch = make_dispatch(mailing_list, **values)
    at = clock.now() - timedelta(days=days_ago)
    accepted = sa.update(Delivery).where(Delivery.dispatch_id == dispatch.id)
    db.session.execute(accepted.values(state=DeliveryState.accepted, at=at, attempts=1))
    db.session.execute(sa.update(Batch).where(Batch.dispatch_id == dispatch.id).values(state=BatchState.done, open=0))
    dispatch.state, dispatch.accepted = DispatchState.done, dispatch.total
    dispatch.started_at = dispatch.finished_at = at
    db.session.commit()
    return dispatch


def return_path(dispatch: Dispatch, reader: Subscriber | int) -> str:
    seq = delivery_to(dispatch, reader if isinstance(reader, int) else reader.id).seq
    return identity.return_path(dispatch.id, seq, settings().bounce_domain, keys())


def message_id(dispatch: Dispatch, reader: Subscriber) -> str:
    seq = delivery_to(dispatch, reader.id).seq
    return identity.message_id(dispatch.id, seq, settings().SERVICE_DOMAIN, keys())


def arrived(recipient: str, number: int | None = None, at: datetime | None = None) -> ArrivedMail:
    return ArrivedMail(number or next(_numbers), at or clock.now(), "", recipient.lower(), b"")


def report(
    address: str = "", reason: Reason = Reason.userunknown, *, message_id: str | None = None, **values: Any
) -> Reading:
    """A bounce for this reason, as the reader would read it."""
    severity = Severity.hard if reason in HARD else Severity.soft
    told = {"status": "5.1.1", "reply": 550, "diagnostic": f"550 5.1.1 <{address}>: no", "reporter": "mx.example.com"}
    return Reading(Kind.bounce, (Reported(address, severity, reason, **(told | values)),), message_id=message_id)


def feedback(message_id: str | None, feedback_type: str | None = "abuse") -> Reading:
    told = Reported("", Severity.other, Reason.feedback)
    return Reading(Kind.feedback, (told,), feedback_type=feedback_type, message_id=message_id)


def bounces(**conditions: Any) -> list[Bounce]:
    return list(db.session.scalars(sa.select(Bounce).filter_by(**conditions).order_by(Bounce.id)))


def make_readers(mailing_list: MailingList, number: int) -> list[Subscriber]:
    made = [factories.make_subscriber(mailing_list) for _ in range(number)]
    db.session.commit()
    return made
