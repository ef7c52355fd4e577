"""Workers killed in the middle, as real processes: nothing is lost, little is doubled, and it is the same mail."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests import factories
from tests.delivery.dispatches import counters, lose_leases, make_dispatch, send_all, states
from wem import clock
from wem.db import db
from wem.delivery import draining, recovering
from wem.delivery.models import Batch, BatchState, DispatchState
from wem.hashing import address_hasher
from wem.lists.models import MailingList
from wem.lists.states import SubscriptionState, Way
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailbox.client import MailboxClient
from wem.outbox import OutboxMail, OutboxState
from wem.settings import ROOT, Settings

pytestmark = pytest.mark.both_databases

READERS = 2000
BATCH = 50
# So that a worker cannot be done before it is killed.
SLOWLY = {"pattern": "*", "stage": "after_data", "action": "delay", "seconds": 0.05}
PATIENCE = 300.0  # seconds, on a machine with much else to do
WORKER = """
import time
from wem import create_worker_app
from wem.delivery import draining, sending
from wem.sequences import following, sending as claiming
with create_worker_app().app_context():
    print("ready", flush=True)
    {call}(time.monotonic() + {patience})
"""


def worker(settings: Settings, call: str) -> subprocess.Popen[bytes]:
    """Return a process that sends, begun already."""
    db.session.commit()  # on SQLite an open transaction of ours would keep it waiting
    environment = {field.name: str(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER.format(call=call, patience=PATIENCE)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def kill(process: subprocess.Popen[bytes], when: Callable[[], bool]) -> None:
    """Kill the process as soon as something is true; it must not have ended by itself before."""
    deadline = time.monotonic() + PATIENCE
    while not when():
        assert time.monotonic() < deadline
        assert process.poll() is None, "the worker was done before it could be killed"
        time.sleep(0.01)  # who asks all the time takes the processor from what is waited for
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def add_many(mailing_list: MailingList, number: int) -> None:
    """Put this many readers on the list. Commits."""
    hashed = address_hasher()
    addresses = [f"r{n}@many.example.com" for n in range(number)]
    customer_id = mailing_list.customer_id
    db.session.execute(
        sa.insert(Subscriber),
        [
            {
                "customer_id": customer_id,
                "address": address,
                "address_key": address,
                "address_hash": hashed(address),
                "fields": {"氏名": f"読者{address[1:5]}"},
                "active_count": 1,
            }
            for address in addresses
        ],
    )
    db.session.execute(
        sa.insert(Subscription).from_select(
            ["customer_id", "list_id", "subscriber_id", "state", "way", "created_at"],
            sa.select(
                sa.literal(customer_id),
                sa.literal(mailing_list.id),
                Subscriber.id,
                sa.literal(SubscriptionState.active.value),
                sa.literal(Way.form.value),
                sa.literal(clock.now()),
            ).where(Subscriber.address.like("%@many.example.com")),
        )
    )
    db.session.commit()


def test_two_workers_killed_in_the_middle(app: Flask, world: factories.World, mailbox: MailboxClient) -> None:
    add_many(world.ours.mailing_list, READERS)
    dispatch = make_dispatch(world.ours.mailing_list, batch_size=BATCH)
    mailbox.set_behaviours([SLOWLY])
    workers = [worker(app.config["WEM"], "sending.send_until") for _ in range(2)]
    for number, process in enumerate(workers, start=1):
        kill(process, lambda number=number: mailbox.count() >= 300 * number)  # type: ignore[misc]
    assert db.session.scalar(sa.select(sa.func.count()).where(Batch.state == BatchState.leased)) > 0
    lose_leases()
    deadline = time.monotonic() + PATIENCE
    while dispatch.state is not DispatchState.done:
        assert time.monotonic() < deadline, counters(dispatch)
        recovering.sweep()
        send_all()
        db.session.refresh(dispatch)
        db.session.commit()
    assert states(dispatch) == counters(dispatch) == {"accepted": READERS + 3}
    copies: dict[str, list[str]] = {}
    for mail in mailbox.recipients():
        copies.setdefault(mail["recipient"], []).append(mail["message_id"])
    assert len(copies) == READERS + 3
    assert all(len(set(message_ids)) == 1 for message_ids in copies.values())
    connections = int(app.config["WEM"].SMTP_CONNECTIONS)
    assert sum(len(message_ids) - 1 for message_ids in copies.values()) <= connections * len(workers)


def test_two_workers_at_once_send_everything_once(app: Flask, world: factories.World, mailbox: MailboxClient) -> None:
    add_many(world.ours.mailing_list, 600)
    dispatch = make_dispatch(world.ours.mailing_list, batch_size=20)
    workers = [worker(app.config["WEM"], "sending.send_until") for _ in range(2)]
    for process in workers:
        assert process.wait(timeout=PATIENCE) == 0
        assert process.stdout is not None
        process.stdout.close()
    assert states(dispatch) == counters(dispatch) == {"accepted": 603}
    assert dispatch.state is DispatchState.done
    assert Counter(mail["recipient"] for mail in mailbox.recipients()).most_common(1)[0][1] == 1


def test_the_outbox_worker_killed_in_the_middle(app: Flask, mailbox: MailboxClient) -> None:
    at = clock.now()
    row = {"kind": "test", "subject": "確認", "text": "x", "sender_name": "x", "headers": {}, "state": 0, "attempts": 0}
    times = {"created_at": at, "not_before": at, "expires_at": at.replace(year=at.year + 1), "fence": 0}
    number = 600
    rows = [row | times | {"recipient": f"r{n}@many.example.com"} for n in range(number)]
    db.session.execute(sa.insert(OutboxMail), rows)
    db.session.commit()
    kill(worker(app.config["WEM"], "draining.drain_until"), lambda: mailbox.count() >= 100)
    waiting = sa.select(sa.func.count()).where(OutboxMail.state != OutboxState.accepted)
    assert db.session.scalar(waiting) > 0
    # As long after its death, when the sweep has asked for a sign of life.
    lost = {"owner": None, "lease_until": clock.now() - timedelta(seconds=1)}
    db.session.execute(sa.update(OutboxMail).where(OutboxMail.state == OutboxState.leased).values(lost))
    db.session.commit()
    deadline = time.monotonic() + PATIENCE
    while db.session.scalar(waiting):
        db.session.commit()
        assert time.monotonic() < deadline
        draining.drain_until(time.monotonic() + 20)
    copies = Counter((mail["recipient"], mail["message_id"]) for mail in mailbox.recipients())
    assert len(copies) == number
    assert sum(copies.values()) - number <= draining.CONNECTIONS
