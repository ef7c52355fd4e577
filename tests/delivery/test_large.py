"""A mailing to very many: each batch is read by itself, and a sender keeps little of the database in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests import factories
from wem import clock
from wem.db import db, keep_memory_small, look_at_sizes
from wem.delivery.leasing import Lease, finish
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchState
from wem.delivery.recipients import recipients_of

BATCH_INDEX = "ix_delivery_dispatch_id_batch"


def make_deliveries(customer_id: int, number: int) -> int:
    """Return a dispatch with so many deliveries in batches of 20."""
    dispatch = Dispatch(
        customer_id=customer_id,
        mailing_id=1,
        state=DispatchState.sending,
        content={},
        total=number,
        expires_at=clock.now() + timedelta(days=2),
    )
    db.session.add(dispatch)
    db.session.flush()
    row = {"dispatch_id": dispatch.id, "customer_id": customer_id, "address_hash": b"", "provider": "other"}
    row |= {"state": DeliveryState.pending, "attempts": 0}
    rows = [row | {"seq": seq, "subscriber_id": seq, "batch": 1 + seq // 20} for seq in range(number)]
    db.session.execute(sa.insert(Delivery), rows)
    db.session.commit()
    return dispatch.id


def plans_of(act: Callable[[], Any]) -> list[str]:
    """Return how SQLite reads deliveries in what an act asks of it."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    driver = db.session.connection().connection.driver_connection
    assert driver is not None
    steps = [
        step[3]
        for statement, parameters in asked
        if "delivery" in statement
        for step in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]
    return [step for step in steps if " delivery" in step]


@pytest.mark.parametrize("seen", ["never", "when it was small"])
def test_a_batch_is_read_by_its_own_index(world: factories.World, seen: str) -> None:
    customer_id = world.ours.customer.id
    make_deliveries(customer_id, 20)
    if seen != "never":
        look_at_sizes("delivery")
    dispatch_id = make_deliveries(customer_id, 4000)
    if seen != "never":
        look_at_sizes("delivery")
    lease = Lease(dispatch_id, 100, customer_id, 0, 1, "worker", 0.0, 0.0)
    for act in (lambda: recipients_of(dispatch_id, 100, [1]), lambda: finish(lease)):
        plans = plans_of(act)
        assert plans
        assert all(BATCH_INDEX in plan for plan in plans), plans


def test_recipients_come_in_the_order_of_their_numbers(world: factories.World) -> None:
    dispatch_id = make_deliveries(world.ours.customer.id, 40)
    assert [each.seq for each in recipients_of(dispatch_id, 2, [1])] == list(range(20, 40))


def test_all_connections_of_a_sender_share_little_memory(world: factories.World) -> None:
    keep_memory_small()
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.execute("PRAGMA soft_heap_limit").fetchone() == (16 * 1024 * 1024,)
