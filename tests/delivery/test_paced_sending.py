"""Sending at a pace: a provider that is closed costs nothing, and the rest goes on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.delivery.dispatches import make_dispatch, send_all, states
from wem import clock
from wem.db import db
from wem.delivery.leasing import Lease
from wem.delivery.message import Features
from wem.delivery.models import Attempt, Batch, BatchState, Retry
from wem.delivery.pace_lanes import PaceKey
from wem.delivery.pace_models import CustomerTurn, ProviderState
from wem.delivery.pacing import Gate
from wem.delivery.parcels import Hold, Parcel
from wem.mailbox.client import MailboxClient


@pytest.mark.both_databases
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


class Unlimited:
    """A pace that permits everything, over one connection; `refusal` is raised once instead."""

    refusal: Exception | None = None

    async def permit(self, key: PaceKey) -> None:
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal

    def connections(self, key: PaceKey) -> int:
        return 1

    async def release(self) -> None:
        pass


class Still(Parcel):
    """A parcel that is let through or put off, and comes no further."""

    def prepare(self, features: Features) -> None:
        raise AssertionError("no connection takes it")

    outcome = put_off = prepare

    def intent(self) -> None:
        raise AssertionError("no connection takes it")


class Way:
    """A gate with what came through it and what was put off."""

    def __init__(self) -> None:
        self.pace = Unlimited()
        self.through: list[Parcel] = []
        self.put_off: list[Parcel] = []
        self.gate = Gate(self.pace, 10, self.through.append, lambda parcel, until: self.put_off.append(parcel))  # type: ignore[arg-type]

    def parcels(self, number: int) -> list[Parcel]:
        """Return parcels of a hold of their own, all of one key."""
        hold = Hold(Lease(1, 1, 1, 0, 1, "", 0.0, 0.0))
        found = [Still(hold) for _ in range(number)]
        for parcel in found:
            parcel.pace_key = PaceKey(1, "mail.wem.example", "docomo")
        return found


def test_what_was_stopped_takes_nobodys_turn() -> None:
    async def go() -> None:
        way = Way()
        stopped, others = way.parcels(5), way.parcels(1)
        way.gate.bring(stopped)
        await asyncio.sleep(0.01)
        assert way.through == stopped[:1]
        way.gate.leave_out(stopped[0].hold)
        way.gate.bring(others)
        way.gate.done_with(stopped[0])
        await asyncio.sleep(0.01)
        assert way.through == [stopped[0], *others]
        assert way.gate.waiting == 0

    asyncio.run(go())


def test_a_pace_that_cannot_be_read_puts_off_and_holds_up_nobody() -> None:
    async def go() -> None:
        way = Way()
        way.pace.refusal = sa.exc.OperationalError("", {}, Exception("database is locked"))
        first, second = way.parcels(3), way.parcels(1)
        way.gate.bring(first)
        await asyncio.sleep(0.01)
        assert (way.put_off, way.gate.waiting) == (first, 0)
        way.gate.bring(second)
        await asyncio.sleep(0.01)
        assert way.through == second

    asyncio.run(go())
