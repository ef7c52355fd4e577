"""What sending promises, by counting: lost none, doubled at most one per connection and fault, nothing after a stop."""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections import Counter

import pytest
import sqlalchemy as sa
from flask import Flask

from tests import factories
from tests.delivery.dispatches import counters, lose_leases, make_dispatch, send_all, states
from tests.delivery.scripted_peer import DROP, Peer
from tests.delivery.test_killing import PATIENCE, SLOWLY, add_many, kill, worker
from tests.delivery.test_smtp_peers import sending_to, without
from wem import clock
from wem.db import db
from wem.delivery import controlling, recovering
from wem.delivery.models import Attempt, Batch, Delivery, DeliveryState, Dispatch, DispatchState, Retry, UncertainPolicy
from wem.delivery.pace_models import ProviderState
from wem.mailbox.client import MailboxClient

CONNECTIONS = 20


def send_to_the_end(dispatch: Dispatch) -> None:
    """Send and sweep until the dispatch is over; what is to be tried again is due at once, and no caution lasts."""
    deadline = time.monotonic() + PATIENCE
    db.session.refresh(dispatch)
    while not dispatch.finished:
        assert time.monotonic() < deadline, counters(dispatch)
        db.session.execute(sa.delete(ProviderState))
        db.session.execute(sa.update(Retry).values(due=clock.now()))
        db.session.execute(sa.update(Batch).where(Batch.state == "ready").values(not_before=clock.now()))
        db.session.commit()
        recovering.sweep()
        send_all()
        db.session.refresh(dispatch)
        db.session.commit()


@pytest.mark.both_databases
@pytest.mark.parametrize("run", range(3))
def test_a_killed_worker_doubles_at_most_one_mail_per_connection(
    app: Flask, world: factories.World, mailbox: MailboxClient, run: int
) -> None:
    """T1: SIGKILL at any moment; nobody is left out, and no more get it twice than there are connections."""
    app.config["WEM"] = dataclasses.replace(app.config["WEM"], SMTP_CONNECTIONS=str(CONNECTIONS))
    add_many(world.ours.mailing_list, 1997)
    dispatch = make_dispatch(world.ours.mailing_list, batch_size=100)
    moment = random.randrange(100, 1500)
    mailbox.set_behaviours([SLOWLY])
    kill(worker(app.config["WEM"], "sending.send_until"), lambda: mailbox.count() >= moment)
    lose_leases()
    send_to_the_end(dispatch)
    copies = Counter((mail["recipient"], mail["message_id"]) for mail in mailbox.recipients())
    assert states(dispatch) == counters(dispatch) == {"accepted": 2000}
    assert len(copies) == len({recipient for recipient, _ in copies}) == 2000
    assert sum(copies.values()) - 2000 <= CONNECTIONS, moment


@pytest.mark.both_databases
@pytest.mark.parametrize("policy", list(UncertainPolicy))
def test_a_lost_answer_is_uncertain(app: Flask, world: factories.World, policy: UncertainPolicy) -> None:
    """T5: the server takes one mail in a hundred and breaks off without an answer."""
    add_many(world.ours.mailing_list, 997)
    dispatch = make_dispatch(world.ours.mailing_list, batch_size=100, uncertain_policy=policy)
    unlucky = {f"r{number}@many.example.com" for number in random.sample(range(997), 10)}
    dropped: list[str] = []

    def script(command: str, recipient: str) -> str | None:
        if command == "." and recipient in unlucky and recipient not in dropped:
            dropped.append(recipient)
            return DROP
        return None

    with sending_to(app, Peer(script=script), SMTP_CONNECTIONS=str(CONNECTIONS)) as peer:
        send_to_the_end(dispatch)
    copies = Counter(peer.recipients)
    assert len(copies) == 1000
    doubled = {recipient for recipient, number in copies.items() if number > 1}
    if policy is UncertainPolicy.resend:
        assert doubled == unlucky
        assert max(copies.values()) == 2
        assert states(dispatch) == counters(dispatch) == {"accepted": 1000}
    else:
        assert not doubled
        assert states(dispatch) == counters(dispatch) == {"accepted": 990, "uncertain": 10}


@pytest.mark.both_databases
def test_everybody_comes_to_one_end_on_a_bad_server(app: Flask, world: factories.World) -> None:
    """T6: refusals of every kind, 421, breaks; a server without PIPELINING and 8BITMIME."""
    add_many(world.ours.mailing_list, 397)
    dispatch = make_dispatch(world.ours.mailing_list, batch_size=50)
    dice, gone = random.Random(7), set(range(0, 397, 20))
    closed: list[str] = []

    def script(command: str, recipient: str) -> str | None:
        if command == "RCPT":
            if recipient.partition("@")[0][1:] in map(str, gone):
                return "550 5.1.1 unknown"
            if dice.random() < 0.1:
                return "451 4.2.1 later"
            # Few: more would slow us down to a mail a minute, as they should.
            if dice.random() < 0.02 and len(closed) < 2:
                closed.append(recipient)
                return "421 4.3.2 closing"
        return DROP if command in ("MAIL", "DATA") and dice.random() < 0.01 else None

    peer = Peer(script=script, offers=without("PIPELINING", "8BITMIME"))
    with sending_to(app, peer, SMTP_CONNECTIONS="10"):
        send_to_the_end(dispatch)
    assert states(dispatch) == counters(dispatch) == {"accepted": 400 - len(gone), "bounced": len(gone)}
    assert len(peer.mails) == len(set(peer.recipients)) == 400 - len(gone)
    tries = dict(
        db.session.execute(
            sa.select(Attempt.seq, sa.func.count()).where(Attempt.dispatch_id == dispatch.id).group_by(Attempt.seq)
        ).all()
    )
    for delivery in db.session.scalars(sa.select(Delivery).where(Delivery.dispatch_id == dispatch.id)):
        assert delivery.attempts == tries.get(delivery.seq, 0) + (delivery.state is DeliveryState.accepted)


@pytest.mark.both_databases
@pytest.mark.parametrize("run", range(5))
def test_nothing_leaves_after_paused(app: Flask, world: factories.World, run: int) -> None:
    """T7: pause, resume and cancel at any moment; no mail after "paused", and every recipient counted once."""
    add_many(world.ours.mailing_list, 497)
    dispatch = make_dispatch(world.ours.mailing_list, batch_size=50)
    dispatch_id, reached = dispatch.id, threading.Event()
    moment = random.randrange(1, 300)

    def script(command: str, recipient: str) -> str | None:
        if len(peer.mails) >= moment:
            reached.set()
        return None

    def pause() -> None:
        assert reached.wait(PATIENCE)
        with app.app_context():
            controlling.pause(dispatch_id)
            db.session.commit()
            while controlling.settle(dispatch_id) is DispatchState.pausing:
                assert time.monotonic() < began + PATIENCE
            at_rest.append(len(peer.mails))

    at_rest: list[int] = []
    with sending_to(app, Peer(script=script), SMTP_CONNECTIONS=str(CONNECTIONS)) as peer:
        began = time.monotonic()
        other = threading.Thread(target=pause)
        other.start()
        send_all()
        other.join()
        assert at_rest == [len(peer.mails)]
        assert counters(dispatch) == {"accepted": at_rest[0], "pending": 500 - at_rest[0]}
        assert moment <= at_rest[0] < 500
        if run % 2:
            controlling.cancel(dispatch_id)
            db.session.commit()
            controlling.settle(dispatch_id)
            assert states(dispatch) == counters(dispatch) == {"accepted": at_rest[0], "cancelled": 500 - at_rest[0]}
        else:
            controlling.resume(dispatch_id)
            db.session.commit()
            send_to_the_end(dispatch)
            assert states(dispatch) == counters(dispatch) == {"accepted": 500}
        assert len(peer.mails) == len(set(peer.recipients))


@pytest.mark.both_databases
def test_a_worker_that_died_with_intents_leaves_doubt_and_no_double(app: Flask, world: factories.World) -> None:
    """Policy hold: what a lost worker was about to send is uncertain, and nobody gets it a second time."""
    dispatch = make_dispatch(world.ours.mailing_list, uncertain_policy=UncertainPolicy.hold)
    db.session.execute(sa.update(Delivery).where(Delivery.seq == 2).values(state=DeliveryState.intent))
    db.session.execute(
        sa.update(Batch).values(state="leased", owner=None, fence=1, lease_until=clock.now().replace(year=2025))
    )
    db.session.commit()
    with sending_to(app, Peer()) as peer:
        send_to_the_end(dispatch)
    assert states(dispatch) == counters(dispatch) == {"accepted": 2, "uncertain": 1}
    assert len(peer.mails) == 2
