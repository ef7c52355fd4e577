"""Dispatches for tests: a list with readers, its audience written down, ready to be sent."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from tests import factories
from wem import clock
from wem.db import db
from wem.delivery import rules, sending
from wem.delivery.models import Batch, Delivery, DeliveryState, Dispatch
from wem.lists.models import MailingList
from wem.mailings import expanding
from wem.mailings.states import MailingState


def make_dispatch(mailing_list: MailingList, *, batch_size: int = 20, **values: Any) -> Dispatch:
    """Return the dispatch of a started mailing to the list, its audience written down. Commits."""
    customer = factories.customer_of(mailing_list)
    mailing = factories.make_mailing(mailing_list, state=MailingState.sending, started_at=clock.now())
    content = {
        "mailing_id": mailing.id,
        "subject": "秋の新商品 {{ 氏名 }}",
        "text": '{{ 氏名 | default: "お客様" }}様\n\n{{ unsubscribe_url }}\n',
        "html": '<p>{{ 氏名 | default: "お客様" }}様</p><p><a href="{{ unsubscribe_url }}">解除</a></p>',
        "sender": f"{customer.slug}@mail.wem.example",
        "sender_name": customer.name,
        "language": "ja",
        "customer_slug": customer.slug,
        "customer_name": customer.name,
        "lists": {str(mailing_list.id): mailing_list.name},
        "names": ["氏名"],
        "batch_size": batch_size,
    }
    at = clock.now()
    dispatch = Dispatch(
        customer_id=customer.id,
        mailing_id=mailing.id,
        content=content | values.pop("content", {}),
        not_before=at - clock.SET_BACK,
        expires_at=at + rules.LIFETIME,
        **values,
    )
    db.session.add(dispatch)
    db.session.commit()
    assert not expanding.expand_until(dispatch.id, time.monotonic() + 30)
    db.session.refresh(dispatch)
    return dispatch


def send_all(seconds: float = 30) -> bool:
    """Send as one run of the job would."""
    return sending.send_until(time.monotonic() + seconds)


def lose_leases() -> None:
    """Have everything that is leased be nobody's, as long after its worker died. Commits."""
    db.session.execute(sa.update(Batch).values(lease_until=clock.now() - timedelta(seconds=1), owner=None))
    db.session.commit()


def states(dispatch: Dispatch) -> dict[str, int]:
    """Return how many deliveries are in each state, counted over the rows."""
    rows = db.session.execute(
        sa.select(Delivery.state, sa.func.count()).where(Delivery.dispatch_id == dispatch.id).group_by(Delivery.state)
    )
    return {DeliveryState(state).name: number for state, number in rows}


def counters(dispatch: Dispatch) -> dict[str, int]:
    """Return the dispatch's own counters that are not 0, as `states` names them."""
    db.session.refresh(dispatch)
    names = ("accepted", "deferred", "bounced", "suppressed", "cancelled", "expired", "uncertain")
    counted = {name: getattr(dispatch, name) for name in names if getattr(dispatch, name)}
    waiting = dispatch.total - sum(counted.values())
    return counted | ({"pending": waiting} if waiting else {})


def delivery_to(dispatch: Dispatch, subscriber_id: int) -> Delivery:
    return db.session.scalars(
        sa.select(Delivery)
        .where(Delivery.dispatch_id == dispatch.id, Delivery.subscriber_id == subscriber_id)
        .execution_options(populate_existing=True)
    ).one()
