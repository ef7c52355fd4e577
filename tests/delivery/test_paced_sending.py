"""Sending at a pace: a provider that is closed costs nothing, and the rest goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.delivery.dispatches import make_dispatch, send_all, states
from wem import clock
from wem.db import db
from wem.delivery.models import Attempt, Batch, BatchState, Retry
from wem.delivery.pace_models import CustomerTurn, ProviderState
from wem.mailbox.client import MailboxClient

pytestmark = pytest.mark.both_databases


def test_a_closed_provider_is_left_alone_until_it_opens(world: factories.World, mailbox: MailboxClient) -> None:
    for number in range(30):
        factories.make_subscriber(world.ours.mailing_list, f"r{number}@docomo.ne.jp").domain_group = "docomo"
    until = clock.now() + timedelta(hours=2)
    db.session.add(ProviderState(pool="", provider="docomo", cooldown_until=until))
    db.session.commit()
    dispatch = make_dispatch(world.ours.mailing_list, batch_size=5)
    send_all()
    # The readers elsewhere have their mail.
    assert mailbox.count() == states(dispatch)["accepted"] == len(world.ours.readers)
    # Nothing of the others was tried, and nothing of them is taken again before its time.
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attempt)) == 0
    batches = db.session.scalars(
        sa.select(Batch.not_before).where(Batch.provider == "docomo", Batch.state == BatchState.ready)
    ).all()
    assert set(batches) <= {until}
    assert set(db.session.scalars(sa.select(Retry.due))) <= {until}
    waiting = states(dispatch)
    assert waiting.get("pending", 0) + waiting.get("deferred", 0) == 30
    # And nobody is charged for them.
    turn = db.session.get_one(CustomerTurn, world.ours.customer.id)
    assert turn.finish <= len(world.ours.readers) + waiting.get("deferred", 0)
