"""Whose batch is next: simulated lease by lease, in an order that is always the same."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from wem import clock
from wem.db import db
from wem.delivery import fairness
from wem.delivery.leasing import Lease, finish, give_back, lease_next
from wem.delivery.models import Batch, BatchState, Dispatch, DispatchState
from wem.delivery.pace_models import CustomerTurn

pytestmark = pytest.mark.both_databases

START = datetime(2026, 6, 1, 9, 0, tzinfo=clock.JAPAN)


def make_mailing(customer_id: int, recipients: int, *, size: int = 200, minute: int = 0, priority: int = 3) -> int:
    """Return a dispatch with its batches ready, started at a minute. Commits."""
    dispatch = Dispatch(
        customer_id=customer_id,
        mailing_id=1,
        state=DispatchState.sending,
        priority=priority,
        content={},
        total=recipients,
        expires_at=clock.now() + timedelta(days=2),
        started_at=START + timedelta(minutes=minute),
    )
    db.session.add(dispatch)
    db.session.flush()
    number = -(-recipients // size)
    sizes = [size] * (number - 1) + [recipients - (number - 1) * size]
    rows = [
        {
            "dispatch_id": dispatch.id,
            "number": place + 1,
            "customer_id": customer_id,
            "provider": ("gmail", "docomo")[place % 2],
            "state": BatchState.ready,
            "not_before": START,
            "size": held,
            "open": held,
            "fence": 0,
            "priority": priority,
        }
        for place, held in enumerate(sizes)
    ]
    db.session.execute(sa.insert(Batch), rows)
    db.session.commit()
    return dispatch.id


def serve(times: int) -> list[int]:
    """Take and send so many batches one after the other; return the dispatches that they were of."""
    served = []
    for _ in range(times):
        lease = take()
        served.append(lease.dispatch_id)
        send(lease)
    return served


def take() -> Lease:
    lease = lease_next("worker")
    assert lease is not None
    return lease


def send(lease: Lease) -> None:
    size = db.session.scalars(
        sa.select(Batch.open).where(Batch.dispatch_id == lease.dispatch_id, Batch.number == lease.number)
    ).one()
    db.session.execute(
        sa.update(Dispatch).where(Dispatch.id == lease.dispatch_id).values(accepted=Dispatch.accepted + size)
    )
    assert finish(lease)


def test_a_small_mailing_is_done_beside_a_huge_one_within_twice_its_batches(world: factories.World) -> None:
    make_mailing(world.ours.customer.id, 1_000_000)
    serve(20)
    small = make_mailing(world.theirs.customer.id, 1_000, minute=5)
    assert serve(10).count(small) == 5
    assert small not in serve(5)


def test_the_small_customer_need_not_have_been_there_before(world: factories.World) -> None:
    """Nor does it get what it did not use while it stood still."""
    theirs = make_mailing(world.theirs.customer.id, 200)
    serve(1)
    ours = make_mailing(world.ours.customer.id, 100_000)
    serve(50)
    theirs = make_mailing(world.theirs.customer.id, 100_000, minute=9)
    counted = Counter(serve(20))
    assert 10 <= counted[theirs] <= 11
    assert counted[ours] == 20 - counted[theirs]


def test_turns_go_by_recipients_and_not_by_batches(world: factories.World) -> None:
    ours = make_mailing(world.ours.customer.id, 10_000, size=200)
    theirs = make_mailing(world.theirs.customer.id, 10_000, size=50)
    counted = Counter(serve(50))
    assert counted[ours] * 200 == pytest.approx(counted[theirs] * 50, abs=200)


def test_weights_share(world: factories.World) -> None:
    ours = make_mailing(world.ours.customer.id, 100_000)
    theirs = make_mailing(world.theirs.customer.id, 100_000)
    db.session.add(CustomerTurn(customer_id=world.ours.customer.id, weight=3.0))
    db.session.commit()
    counted = Counter(serve(40))
    assert counted[ours] == pytest.approx(30, abs=1)
    assert counted[theirs] == pytest.approx(10, abs=1)


def test_a_customers_small_mailing_goes_before_its_large_one_once_enough_was_saved(world: factories.World) -> None:
    large = make_mailing(world.ours.customer.id, 100_000)
    small = make_mailing(world.ours.customer.id, 400, minute=5)
    # Five batches save one: two are needed.
    assert serve(13) == [large] * 10 + [small] * 2 + [large]


def test_small_mailings_delay_the_large_one_by_a_quarter_at_most(world: factories.World) -> None:
    large = make_mailing(world.ours.customer.id, 8_000)
    for minute in range(60):
        make_mailing(world.ours.customer.id, 200, minute=minute + 1)
    order = serve(60)
    last = max(place for place, dispatch_id in enumerate(order) if dispatch_id == large)
    assert order.count(large) == 40
    assert 40 < last + 1 <= 40 * 5 / 4


def test_several_large_ones_of_one_customer_go_one_after_the_other(world: factories.World) -> None:
    first = make_mailing(world.ours.customer.id, 2_000)
    second = make_mailing(world.ours.customer.id, 2_400, minute=1)
    assert serve(22) == [first] * 10 + [second] * 12


def test_what_matters_more_goes_first(world: factories.World) -> None:
    make_mailing(world.ours.customer.id, 2_000)
    test_copy = make_mailing(world.theirs.customer.id, 400, minute=1, priority=1)
    assert serve(2) == [test_copy] * 2


def test_what_goes_back_unsent_is_not_charged(world: factories.World) -> None:
    ours = make_mailing(world.ours.customer.id, 10_000)
    theirs = make_mailing(world.theirs.customer.id, 10_000, minute=1)
    for _ in range(2):
        give_back(take())
    counted = Counter(serve(10))
    assert counted[ours] == counted[theirs] == 5


def test_batches_to_a_provider_can_be_put_off(world: factories.World) -> None:
    ours = make_mailing(world.ours.customer.id, 1_000)
    fairness.put_off(ours, "gmail", clock.now() + timedelta(hours=1))
    db.session.commit()
    assert serve(2) == [ours] * 2
    assert lease_next("worker") is None


@pytest.mark.parametrize(
    ("most", "rate", "size"), [(200, None, 200), (200, 50, 100), (200, 1000, 200), (200, 1, 10), (5, 1, 5)]
)
def test_a_batch_is_two_seconds_of_work(most: int, rate: float | None, size: int) -> None:
    assert fairness.batch_size(most, rate) == size
