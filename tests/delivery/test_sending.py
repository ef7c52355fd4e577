"""A batch on its way to the built-in mailbox: every answer of the server, and every reason to stop."""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests import factories
from tests.delivery.dispatches import counters, delivery_to, lose_leases, make_dispatch, send_all, states
from tests.delivery.scripted_peer import DROP, Peer, scripted_peer
from wem import clock
from wem.contracts import emergency
from wem.contracts.emergency_models import StopVia
from wem.contracts.rules import SuspensionGround
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.delivery import controlling, recovering, watching
from wem.delivery.holding import BatchDesk
from wem.delivery.leasing import Lease, give_back, lease_next, new_owner
from wem.delivery.message import Features, Mail
from wem.delivery.models import (
    Attempt,
    Batch,
    BatchState,
    DeliveryState,
    Dispatch,
    DispatchState,
    Retry,
    Stage,
    UncertainPolicy,
)
from wem.delivery.outcomes import Outcome
from wem.delivery.progress import failures, progress
from wem.delivery.recipients import Recipient
from wem.delivery.recording import Ledger
from wem.delivery.rendering import Letter
from wem.delivery.rules import Reason
from wem.delivery.smtp import Answer
from wem.lists.states import SubscriptionState, SuppressionReason
from wem.lists.subscription_models import Subscription, Suppression
from wem.mailbox.client import MailboxClient
from wem.settings import settings

pytestmark = pytest.mark.both_databases


def add_readers(world: factories.World, number: int, domain: str = "more.example.com") -> list[int]:
    """Return the ids of this many further readers of our list. Commits."""
    readers = [
        factories.make_subscriber(world.ours.mailing_list, f"r{n}@{domain}", fields={"氏名": f"読者{n}"})
        for n in range(number)
    ]
    db.session.commit()
    return [reader.id for reader in readers]


def retries(dispatch: Dispatch) -> list[Retry]:
    return list(db.session.scalars(sa.select(Retry).where(Retry.dispatch_id == dispatch.id).order_by(Retry.seq)))


def attempts(dispatch: Dispatch) -> list[Attempt]:
    return list(db.session.scalars(sa.select(Attempt).where(Attempt.dispatch_id == dispatch.id).order_by(Attempt.id)))


def make_due(dispatch: Dispatch) -> None:
    """Let the time of every retry have come. Commits."""
    db.session.execute(
        sa.update(Retry).where(Retry.dispatch_id == dispatch.id).values(due=clock.now() - timedelta(seconds=1))
    )
    db.session.commit()


def test_mails_that_are_out_are_not_kept(
    world: factories.World, mailbox: MailboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is held until its last mail is out: with the mails in it a process had 60 MB more."""
    seen: list[bool] = []
    close = BatchDesk.close

    def noting(desk: BatchDesk, held: Any, unreachable: bool) -> None:
        seen.extend(hasattr(parcel, "made") for parcel in held.parcels.values())
        close(desk, held, unreachable)

    monkeypatch.setattr(BatchDesk, "close", noting)
    add_readers(world, 20)
    make_dispatch(world.ours.mailing_list)
    send_all()
    assert seen == [False] * 23


def test_everybody_gets_one_mail_and_the_dispatch_ends(world: factories.World, mailbox: MailboxClient) -> None:
    add_readers(world, 47)
    dispatch = make_dispatch(world.ours.mailing_list)
    assert not send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": 50}
    assert dispatch.state is DispatchState.done
    assert dispatch.finished_at is not None
    assert mailbox.count() == 50
    assert len({mail["recipient"] for mail in mailbox.mails(limit=100)}) == 50
    assert len({mail["message_id"] for mail in mailbox.mails(limit=100)}) == 50
    batches = db.session.scalars(sa.select(Batch).order_by(Batch.number)).all()
    assert [(batch.size, batch.open, batch.state) for batch in batches] == [
        (20, 0, BatchState.done),
        (20, 0, BatchState.done),
        (10, 0, BatchState.done),
    ]
    assert delivery_to(dispatch, world.ours.readers[0].id).mta_reference is not None


def test_nobody_of_another_customer_gets_anything(world: factories.World, mailbox: MailboxClient) -> None:
    make_dispatch(world.ours.mailing_list)
    send_all()
    assert {mail["recipient"].partition("@")[2] for mail in mailbox.mails()} == {"readers.example.com"}


@pytest.mark.parametrize(
    ("behaviour", "state", "stage", "tried_again"),
    [
        ({"stage": "rcpt", "action": "reply", "code": 450}, "deferred", Stage.rcpt, True),
        ({"stage": "rcpt", "action": "reply", "code": 421}, "deferred", Stage.rcpt, True),
        ({"stage": "rcpt", "action": "reply", "code": 550}, "bounced", Stage.rcpt, False),
        ({"stage": "rcpt", "action": "drop"}, "deferred", Stage.rcpt, True),
        ({"stage": "data", "action": "reply", "code": 451}, "deferred", Stage.data, True),
        ({"stage": "data", "action": "reply", "code": 554}, "bounced", Stage.data, False),
        ({"stage": "data", "action": "drop"}, "deferred", Stage.data, True),
        ({"stage": "after_data", "action": "reply", "code": 452}, "deferred", Stage.after_data, True),
        ({"stage": "after_data", "action": "reply", "code": 550}, "bounced", Stage.after_data, False),
        ({"stage": "after_data", "action": "drop"}, "uncertain", Stage.after_data, True),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_every_answer_has_its_outcome(
    world: factories.World,
    mailbox: MailboxClient,
    behaviour: dict[str, Any],
    state: str,
    stage: Stage,
    tried_again: bool,
) -> None:
    mailbox.set_behaviours([{"pattern": "suzuki@*", **behaviour}])
    dispatch = make_dispatch(world.ours.mailing_list)
    began = clock.now()
    send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": 2, state: 1}
    delivery = delivery_to(dispatch, world.ours.readers[1].id)
    assert (delivery.state.name, delivery.attempts, delivery.code) == (state, 1, behaviour.get("code"))
    [attempt] = attempts(dispatch)
    assert (attempt.stage, attempt.code, attempt.outcome.name) == (stage, behaviour.get("code"), state)
    assert "@" not in attempt.reply
    if tried_again:
        [retry] = retries(dispatch)
        minutes = 15 if state == "uncertain" else 5
        assert timedelta(minutes=minutes * 0.8) <= retry.due - began <= timedelta(minutes=minutes * 1.3)
        assert dispatch.state is DispatchState.sending
    else:
        assert not retries(dispatch)
        assert dispatch.state is DispatchState.done


def test_a_deferred_mail_goes_out_later_with_the_same_message_id(
    world: factories.World, mailbox: MailboxClient
) -> None:
    mailbox.set_behaviours([{"pattern": "suzuki@*", "stage": "after_data", "action": "drop", "times": 1}])
    dispatch = make_dispatch(world.ours.mailing_list)
    send_all()
    recovering.sweep()
    assert counters(dispatch) == {"accepted": 2, "uncertain": 1}
    make_due(dispatch)
    recovering.sweep()
    assert counters(dispatch) == {"accepted": 2, "pending": 1}
    send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": 3}
    assert delivery_to(dispatch, world.ours.readers[1].id).attempts == 2
    assert dispatch.state is DispatchState.done
    twice = mailbox.mails(recipient="suzuki@readers.example.com")
    assert len(twice) == 2
    assert len({mail["message_id"] for mail in twice}) == 1


def test_an_uncertain_mail_is_sent_once_more_and_not_for_ever(world: factories.World, mailbox: MailboxClient) -> None:
    mailbox.set_behaviours([{"pattern": "suzuki@*", "stage": "after_data", "action": "drop"}])
    dispatch = make_dispatch(world.ours.mailing_list)
    for _ in range(3):
        send_all()
        make_due(dispatch)
        recovering.sweep()
    assert states(dispatch) == counters(dispatch) == {"accepted": 2, "uncertain": 1}
    assert dispatch.state is DispatchState.done
    assert mailbox.count(recipient="suzuki@*") == 2


def test_a_customer_may_choose_that_nobody_gets_it_twice(world: factories.World, mailbox: MailboxClient) -> None:
    mailbox.set_behaviours([{"pattern": "suzuki@*", "stage": "after_data", "action": "drop"}])
    dispatch = make_dispatch(world.ours.mailing_list, uncertain_policy=UncertainPolicy.hold)
    send_all()
    assert counters(dispatch) == {"accepted": 2, "uncertain": 1}
    assert not retries(dispatch)
    assert dispatch.state is DispatchState.done


def test_what_is_too_late_expires(world: factories.World, mailbox: MailboxClient) -> None:
    mailbox.set_behaviours([{"pattern": "suzuki@*", "stage": "rcpt", "action": "reply", "code": 451}])
    dispatch = make_dispatch(world.ours.mailing_list)
    dispatch.expires_at = clock.now() + timedelta(minutes=3)
    db.session.commit()
    send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": 2, "expired": 1}
    assert dispatch.state is DispatchState.done
    late = make_dispatch(world.ours.mailing_list)
    late.expires_at = clock.now() - timedelta(seconds=1)
    db.session.commit()
    send_all()
    assert counters(late) == {"expired": 3}


def test_a_server_that_does_not_answer_costs_nothing(
    app: Flask, world: factories.World, mailbox: MailboxClient
) -> None:
    dispatch = make_dispatch(world.ours.mailing_list)
    right = app.config["WEM"]
    app.config["WEM"] = dataclasses.replace(right, SMTP_PORT="1")
    assert not send_all()
    assert counters(dispatch) == {"pending": 3}
    [batch] = db.session.scalars(sa.select(Batch)).all()
    assert batch.state is BatchState.ready
    assert batch.not_before > clock.now() - timedelta(seconds=1)
    app.config["WEM"] = right
    batch.not_before = clock.now()
    db.session.commit()
    send_all()
    assert counters(dispatch) == {"accepted": 3}


@pytest.mark.parametrize("how", ["left", "removed", "suppressed", "erased"])
def test_who_is_gone_gets_nothing(world: factories.World, mailbox: MailboxClient, how: str) -> None:
    dispatch = make_dispatch(world.ours.mailing_list)
    reader = world.ours.readers[1]
    subscription = db.session.scalars(sa.select(Subscription).where(Subscription.subscriber_id == reader.id)).one()
    if how == "left":
        subscription.state = SubscriptionState.unsubscribed
    elif how == "removed":
        subscription.state = SubscriptionState.removed
    elif how == "suppressed":
        suppression = Suppression(
            customer_id=reader.customer_id,
            address_hash=reader.address_hash,
            list_id=0,
            reason=SuppressionReason.complaint,
            at=clock.now(),
        )
        db.session.add(suppression)
    else:
        db.session.delete(reader)
    db.session.commit()
    send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": 2, "suppressed": 1}
    assert mailbox.count(recipient="suzuki@*") == 0


def send_interrupted(app: Flask, before: int, act: Any, answers: dict[tuple[str, str], str] | None = None) -> int:
    """Send over one connection; do `act` as a second process would when `before` mails are out, before the answer.

    `answers` to (command, local part) are unlike the usual ones. Returns how many mails left.
    """

    def script(command: str, recipient: str) -> str | None:
        if command == "." and len(peer.mails) == before - 1:
            act()
        return (answers or {}).get((command, recipient.partition("@")[0]))

    with scripted_peer(Peer(script=script)) as peer:
        right = app.config["WEM"]
        app.config["WEM"] = dataclasses.replace(right, SMTP_PORT=str(peer.port), SMTP_CONNECTIONS="1")
        send_all()
        app.config["WEM"] = right
        return len(peer.mails)


def test_a_reader_who_leaves_in_the_middle_gets_nothing_any_more(app: Flask, world: factories.World) -> None:
    ids = add_readers(world, 12)
    dispatch = make_dispatch(world.ours.mailing_list)

    def leave() -> None:
        db.session.execute(
            sa.update(Subscription)
            .where(Subscription.subscriber_id.in_(ids[:5]))
            .values(state=SubscriptionState.unsubscribed)
        )
        at = clock.now()
        db.session.add_all(
            [Stop(at=at, customer_id=world.ours.customer.id, subscriber_id=reader_id) for reader_id in ids[:5]]
        )
        # One of another customer with the same number of reader changes nothing.
        db.session.add(Stop(at=at, customer_id=world.theirs.customer.id, subscriber_id=ids[7]))
        db.session.commit()

    assert send_interrupted(app, 3, leave) == 10
    assert states(dispatch) == counters(dispatch) == {"accepted": 10, "suppressed": 5}
    assert {delivery_to(dispatch, reader_id).state for reader_id in ids[:5]} == {DeliveryState.suppressed}


def test_a_suspended_contract_stops_it_within_one_mail(
    app: Flask, world: factories.World, mailbox: MailboxClient
) -> None:
    add_readers(world, 12)
    dispatch = make_dispatch(world.ours.mailing_list)

    def suspend() -> None:
        world.ours.contract.suspend(SuspensionGround.danger, "spam", by=world.admin.id)
        db.session.commit()

    assert send_interrupted(app, 4, suspend) == 4
    assert states(dispatch) == counters(dispatch) == {"accepted": 4, "pending": 11}
    assert dispatch.state is DispatchState.held
    # Lifting it does not send by itself.
    world.ours.contract.resume("", by=world.admin.id)
    db.session.commit()
    recovering.sweep()
    send_all()
    assert mailbox.count() == 0
    controlling.resume(dispatch.id)
    db.session.commit()
    send_all()
    assert counters(dispatch) == {"accepted": 15}
    assert mailbox.count() == 11


def test_an_emergency_stop_stops_it_within_one_mail(app: Flask, world: factories.World, mailbox: MailboxClient) -> None:
    """Whoever holds a stolen sign-in has started a mailing (8-3): it stands still from the stop until people go on."""
    add_readers(world, 12)
    dispatch = make_dispatch(world.ours.mailing_list)

    def stop() -> None:
        emergency.report(world.ours.contract, StopVia.owner, by=world.ours.owner.id)
        db.session.commit()

    assert send_interrupted(app, 4, stop) == 4
    assert states(dispatch) == counters(dispatch) == {"accepted": 4, "pending": 11}
    assert dispatch.state is DispatchState.held
    assert emergency.lift(world.ours.contract, "調べた", by=world.admin.id)
    db.session.commit()
    recovering.sweep()
    # Lifting it does not send by itself.
    send_all()
    db.session.refresh(dispatch)
    assert (mailbox.count(), dispatch.state) == (0, DispatchState.held)


def test_a_contract_that_is_suspended_already_holds_it(world: factories.World, mailbox: MailboxClient) -> None:
    dispatch = make_dispatch(world.ours.mailing_list)
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None)
    db.session.commit()
    send_all()
    assert mailbox.count() == 0
    db.session.refresh(dispatch)
    assert dispatch.state is DispatchState.held


def test_pausing_in_the_middle(app: Flask, world: factories.World, mailbox: MailboxClient) -> None:
    add_readers(world, 12)
    dispatch = make_dispatch(world.ours.mailing_list)
    seen = []

    def pause() -> None:
        seen.append(controlling.pause(dispatch.id).state)
        db.session.commit()

    assert send_interrupted(app, 4, pause) == 4
    assert seen == [DispatchState.pausing]
    assert counters(dispatch) == {"accepted": 4, "pending": 11}
    assert dispatch.state is DispatchState.paused
    send_all()
    assert mailbox.count() == 0
    controlling.resume(dispatch.id)
    db.session.commit()
    send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": 15}
    assert mailbox.count() == 11


def test_a_pause_with_nothing_in_hand_is_one_at_once(world: factories.World, mailbox: MailboxClient) -> None:
    dispatch = make_dispatch(world.ours.mailing_list)
    assert controlling.pause(dispatch.id).state is DispatchState.paused
    db.session.commit()
    with pytest.raises(controlling.CannotControl):
        controlling.pause(dispatch.id)


def test_a_pause_waits_for_a_worker_that_may_still_send(world: factories.World, mailbox: MailboxClient) -> None:
    dispatch = make_dispatch(world.ours.mailing_list)
    assert lease_next(new_owner()) is not None
    assert controlling.pause(dispatch.id).state is DispatchState.pausing
    db.session.commit()
    assert controlling.settle(dispatch.id) is DispatchState.pausing
    lose_leases()
    assert controlling.settle(dispatch.id) is DispatchState.paused


def test_cancelling_writes_the_rest_down(app: Flask, world: factories.World) -> None:
    add_readers(world, 12)
    answers = {("RCPT", "tanaka"): "451 4.2.1 later", (".", "suzuki"): DROP}
    dispatch = make_dispatch(world.ours.mailing_list)

    def cancel() -> None:
        controlling.cancel(dispatch.id)
        db.session.commit()

    assert send_interrupted(app, 5, cancel, answers) == 5
    assert states(dispatch) == counters(dispatch) == {"accepted": 4, "uncertain": 1, "cancelled": 10}
    assert dispatch.state is DispatchState.cancelled
    assert not retries(dispatch)
    with pytest.raises(controlling.CannotControl):
        controlling.cancel(dispatch.id)


def test_a_dead_workers_batch_is_taken_over(world: factories.World, mailbox: MailboxClient) -> None:
    dispatch = make_dispatch(world.ours.mailing_list)
    dead = lease_next(new_owner())
    assert dead is not None
    assert lease_next(new_owner()) is None
    assert recovering.take_over(clock.now()) == 0
    db.session.commit()
    lose_leases()
    recovering.sweep()
    send_all()
    assert counters(dispatch) == {"accepted": 3}
    # What it still knows counts only where it is a fact, and counts once.
    ok = Answer(Stage.after_data, 250, "2.0.0 ok")
    no = Answer(Stage.rcpt, 550, "5.1.1 no")
    late = [
        (dead, Outcome(1, DeliveryState.accepted, 1, clock.now(), ok)),
        (dead, Outcome(2, DeliveryState.bounced, 1, clock.now(), no)),
    ]
    write_down(late)
    assert dead.lost and dead.over
    assert states(dispatch) == counters(dispatch) == {"accepted": 3}


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_takes_nobodys_lease(world: factories.World, mailbox: MailboxClient, hours: int) -> None:
    """T8: who gives a sign of life keeps its batch, whatever the clocks say; who does not loses it within a lease."""
    make_dispatch(world.ours.mailing_list)
    living = lease_next(new_owner())
    assert living is not None
    dispatch = db.session.get_one(Dispatch, living.dispatch_id)
    with time_machine.travel(clock.now() + timedelta(hours=hours), tick=False) as now:
        for _ in range(10):
            recovering.sweep()
            assert controlling.in_hand(dispatch)
            Ledger("mail.example").commit([], [living])
            assert not living.lost
            now.shift(timedelta(seconds=settings().lease_seconds / 6))
        assert lease_next(new_owner()) is None
        # From here on it is dead.
        for _ in range(12):
            recovering.sweep()
            now.shift(timedelta(seconds=settings().lease_seconds / 6))
        assert not controlling.in_hand(dispatch)
        taken = lease_next(new_owner())
        assert taken is not None and taken.fence > living.fence + 1
    Ledger("mail.example").commit([], [living])
    assert living.lost


def test_a_clock_that_is_set_back_keeps_no_batch_waiting(world: factories.World, mailbox: MailboxClient) -> None:
    """T8: what was ready before is ready still; also what was given back, and what is tried again."""
    mailbox.set_behaviours([{"pattern": "suzuki*", "stage": "rcpt", "action": "reply", "code": 451}])
    dispatch = make_dispatch(world.ours.mailing_list)
    lease = lease_next(new_owner())
    assert lease is not None
    give_back(lease)
    with time_machine.travel(clock.now() - timedelta(hours=1)):
        send_all()
        assert counters(dispatch) == {"accepted": 2, "deferred": 1}
        mailbox.set_behaviours([])
        make_due(dispatch)
        recovering.sweep()
    with time_machine.travel(clock.now() - timedelta(hours=2)):
        send_all()
    assert counters(dispatch) == {"accepted": 3}


def write_down(entries: list[tuple[Lease, Outcome]]) -> None:
    with closing(Ledger("mail.example")) as ledger:
        ledger.commit(entries)


def test_an_accepted_mail_is_a_fact_even_without_the_lease(world: factories.World, mailbox: MailboxClient) -> None:
    mailbox.set_behaviours([{"pattern": "*", "stage": "rcpt", "action": "reply", "code": 451}])
    dispatch = make_dispatch(world.ours.mailing_list)
    slow = lease_next(new_owner())
    assert slow is not None
    lose_leases()
    recovering.take_over(clock.now())
    db.session.commit()
    send_all()
    assert counters(dispatch) == {"deferred": 3}
    late = Outcome(1, DeliveryState.accepted, 1, clock.now(), Answer(Stage.after_data, 250, "2.0.0 ok"))
    for _ in range(2):  # written twice, it counts once
        write_down([(slow, late)])
    assert states(dispatch) == counters(dispatch) == {"accepted": 1, "deferred": 2}
    assert [retry.seq for retry in retries(dispatch)] == [2, 3]


def test_a_worker_whose_lease_ran_out_sends_nothing_more(app: Flask, world: factories.World) -> None:
    add_readers(world, 12)
    app.config["WEM"] = dataclasses.replace(app.config["WEM"], LEASE_SECONDS="2")
    dispatch = make_dispatch(world.ours.mailing_list)

    def lose() -> None:
        lose_leases()
        recovering.take_over(clock.now())
        db.session.commit()
        assert lease_next("another worker") is not None
        # It learns of it when it next prolongs the lease, which it must do before the lease is over.
        deadline = time.monotonic() + 0.4
        while time.monotonic() < deadline:
            pass

    assert send_interrupted(app, 3, lose) == 3
    assert counters(dispatch) == {"accepted": 3, "pending": 12}


def test_a_worker_whose_batch_was_taken_stops_within_a_second(app: Flask, world: factories.World) -> None:
    """However long its own clock grants the lease still: another machine's clock may have run ahead."""
    add_readers(world, 12)
    dispatch = make_dispatch(world.ours.mailing_list)

    def lose() -> None:
        lose_leases()
        recovering.take_over(clock.now())
        db.session.commit()
        assert lease_next("another worker") is not None
        time.sleep(1.1)

    assert send_interrupted(app, 3, lose) == 3
    assert counters(dispatch) == {"accepted": 3, "pending": 12}


def test_what_was_accepted_after_all_is_not_cancelled(world: factories.World) -> None:
    """A worker that stood still tells what it sent after the rest was written down as cancelled."""
    dispatch = make_dispatch(world.ours.mailing_list)
    slow = lease_next(new_owner())
    assert slow is not None
    lose_leases()
    controlling.cancel(dispatch.id)
    db.session.commit()
    assert controlling.settle(dispatch.id) is DispatchState.cancelled
    assert counters(dispatch) == {"cancelled": 3}
    late = Outcome(1, DeliveryState.accepted, 1, clock.now(), Answer(Stage.after_data, 250, "2.0.0 ok"))
    for _ in range(2):
        write_down([(slow, late)])
    assert states(dispatch) == counters(dispatch) == {"accepted": 1, "cancelled": 2}
    assert slow.lost and slow.over


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Break off what takes longer."""

    def over(*_: object) -> None:
        raise AssertionError("it does not end")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_what_is_leased_while_a_run_ends_goes_back_at_once(
    world: factories.World, mailbox: MailboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch = make_dispatch(world.ours.mailing_list)
    fetch = BatchDesk.fetch

    def slowly(desk: BatchDesk) -> Any:
        parcels = fetch(desk)
        time.sleep(0.8)
        return parcels

    monkeypatch.setattr(BatchDesk, "fetch", slowly)
    with at_most(10):
        assert send_all(0.1)
    assert mailbox.count() == 0
    assert counters(dispatch) == {"pending": 3}
    assert db.session.scalars(sa.select(Batch.state)).all() == [BatchState.ready]


def test_a_slow_server_does_not_outlast_the_lease(app: Flask, world: factories.World, mailbox: MailboxClient) -> None:
    app.config["WEM"] = dataclasses.replace(app.config["WEM"], LEASE_SECONDS="12")
    mailbox.set_behaviours(
        [{"pattern": "suzuki@*", "stage": "after_data", "action": "delay", "seconds": 15, "times": 1}]
    )
    dispatch = make_dispatch(world.ours.mailing_list)
    send_all()
    assert counters(dispatch) == {"accepted": 2, "uncertain": 1}


def test_the_customer_who_waited_longest_comes_next(world: factories.World, mailbox: MailboxClient) -> None:
    for number in range(57):
        factories.make_subscriber(world.ours.mailing_list, f"r{number}@more.example.com")
    ours = make_dispatch(world.ours.mailing_list)
    theirs = make_dispatch(world.theirs.mailing_list)
    also_ours = make_dispatch(world.ours.mailing_list)
    order = []
    while lease := lease_next(new_owner()):
        order.append(lease.dispatch_id)
    assert order[:3].count(theirs.id) == 1
    assert len(order) == 7
    assert order.count(ours.id) == order.count(also_ours.id) == 3


def test_a_mail_that_cannot_be_made_harms_no_other(world: factories.World, mailbox: MailboxClient) -> None:
    world.ours.readers[1].address = "evil@readers.example.com> size=9"
    db.session.commit()
    dispatch = make_dispatch(world.ours.mailing_list)
    send_all()
    assert counters(dispatch) == {"accepted": 2, "bounced": 1}
    [failure] = failures(dispatch.id)
    assert failure.reason is Reason.own
    assert "evil" not in failure.reply


def test_a_fault_of_ours_in_one_mail_harms_no_other(
    world: factories.World, mailbox: MailboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, unlucky = Letter.mail, world.ours.readers[1].id

    def faulty(letter: Letter, recipient: Recipient, at: datetime, features: Features) -> Mail:
        if recipient.subscriber_id == unlucky:
            raise KeyError("nobody thought of this")
        return mail(letter, recipient, at, features)

    monkeypatch.setattr(Letter, "mail", faulty)
    dispatch = make_dispatch(world.ours.mailing_list)
    send_all()
    assert counters(dispatch) == {"accepted": 2, "deferred": 1}
    [failure] = failures(dispatch.id)
    assert (failure.reason, failure.reply) == (Reason.own, "KeyError")
    # Once it is mended the mail goes out.
    monkeypatch.undo()
    make_due(dispatch)
    recovering.sweep()
    send_all()
    assert counters(dispatch) == {"accepted": 3}


def test_a_key_that_does_not_open_keeps_only_its_own_mail_back(world: factories.World, mailbox: MailboxClient) -> None:
    domain = factories.make_domain(world.ours.customer)
    for key in domain.keys:
        key.sealed = b"\x01" + bytes(60)
    db.session.commit()
    ours = make_dispatch(world.ours.mailing_list, content={"sender_domain_id": domain.id})
    theirs = make_dispatch(world.theirs.mailing_list)
    began = clock.now()
    send_all()
    assert counters(theirs) == {"accepted": theirs.total}
    assert counters(ours) == {"pending": 3}
    batch = db.session.scalars(sa.select(Batch).where(Batch.dispatch_id == ours.id)).one()
    assert batch.state is BatchState.ready
    assert batch.not_before > began


def test_a_dispatch_that_cannot_be_swept_keeps_no_other_waiting(world: factories.World, mailbox: MailboxClient) -> None:
    mailbox.set_behaviours([{"pattern": "*", "stage": "rcpt", "action": "reply", "code": 451}])
    ours, theirs = make_dispatch(world.ours.mailing_list), make_dispatch(world.theirs.mailing_list)
    send_all()
    make_due(ours)
    make_due(theirs)
    ours.content = {"of": "another version"}
    db.session.commit()
    recovering.sweep()
    assert retries(ours)
    assert not retries(theirs)
    assert counters(theirs) == {"pending": theirs.total}


def test_a_content_that_is_no_template_fails_the_dispatch(world: factories.World, mailbox: MailboxClient) -> None:
    dispatch = make_dispatch(world.ours.mailing_list, content={"subject": "{{ nobody }}"})
    send_all()
    db.session.refresh(dispatch)
    assert dispatch.state is DispatchState.failed
    assert mailbox.count() == 0


def test_a_bell_that_breaks_has_rung_until_it_is_mended(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is away the thorough look says so, and is done again."""
    watch = watching.Watch()
    watch.begin()
    assert not watch.rung
    watch._bell.close()

    def away() -> None:
        raise watching.driver_error()("the database is away")

    with monkeypatch.context() as restarted:
        restarted.setattr(watching, "driver_connection", away)
        assert watch.rung
        assert watch.rung
    assert not watch.rung
    watch.close()


def test_progress_and_failures_for_the_screens(world: factories.World, mailbox: MailboxClient) -> None:
    add_readers(world, 6)
    reply = {"stage": "rcpt", "action": "reply"}
    mailbox.set_behaviours(
        [
            {"pattern": "/^r[0-3]@/", "code": 550, "text": "5.1.1 <r@more.example.com> unknown", **reply},
            {"pattern": "r4@*", "code": 452, "text": "4.2.2 full", **reply},
        ]
    )
    dispatch = make_dispatch(world.ours.mailing_list)
    before = progress(dispatch.mailing_id)
    assert before is not None
    assert (before.total, before.waiting, before.moving) == (9, 9, True)
    send_all()
    after = progress(dispatch.mailing_id)
    assert after is not None
    assert (after.accepted, after.failed, after.deferred, after.waiting, after.moving) == (4, 4, 1, 0, True)
    found = [(each.outcome.name, each.reason, each.enhanced, each.count) for each in failures(dispatch.id)]
    assert found == [
        ("bounced", Reason.unknown_address, "5.1.1", 4),
        ("deferred", Reason.mailbox_full, "4.2.2", 1),
    ]
    assert progress(987654321) is None
