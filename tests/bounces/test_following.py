"""Refusals at SMTP time and mails given up are recorded behind the sending, each once, also those that show late."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.bounces.mails import arrived, bounces, make_readers, report, return_path, sent_mailing
from tests.delivery.dispatches import counters, delivery_to
from tests.factories import World
from wem import clock
from wem.arriving import Fate
from wem.bounces import following, jobs
from wem.bounces.models import Alarm, FollowedTo, Source
from wem.bounces.states import Reason, Severity
from wem.bounces.taking import take
from wem.db import db
from wem.delivery.models import Attempt, DeliveryState, Dispatch, Stage
from wem.delivery.recording import count
from wem.lists.subscription_models import Subscriber

pytestmark = pytest.mark.both_databases
UNKNOWN = (550, "5.1.1", "5.1.1 <…>: Recipient address rejected: User unknown in local recipient table")


def refuse(
    dispatch: Dispatch,
    reader: Subscriber,
    answer: tuple[int | None, str | None, str] = UNKNOWN,
    stage: Stage = Stage.rcpt,
    outcome: DeliveryState = DeliveryState.bounced,
    at: datetime | None = None,
    number: int | None = None,
) -> None:
    """Write down a final answer as the sender does."""
    row = delivery_to(dispatch, reader.id)
    before, row.state = row.state, outcome
    code, enhanced, text = answer
    db.session.add(
        Attempt(
            id=number,
            at=at or clock.now(),
            dispatch_id=dispatch.id,
            seq=row.seq,
            number=1,
            worker="w",
            fence=1,
            host="mx.example.com",
            stage=stage,
            code=code,
            enhanced=enhanced,
            reply=text,
            outcome=outcome,
        )
    )
    db.session.flush()
    count(dispatch.id, Counter({outcome: 1, before: -1}))
    db.session.commit()


def test_a_refusal_becomes_a_bounce_once_and_changes_no_counter(world: World) -> None:
    first, second, _ = world.ours.readers
    dispatch = sent_mailing(world.ours.mailing_list)
    refuse(dispatch, first)
    refuse(dispatch, second, (452, "4.2.2", "4.2.2 Mailbox full"), outcome=DeliveryState.expired)
    before = counters(dispatch)
    for _ in range(3):
        jobs.follow_refusals()
    assert counters(dispatch) == before == {"accepted": 1, "bounced": 1, "expired": 1}
    found = [(row.source, row.severity, row.reason, row.counts) for row in bounces()]
    assert found == [
        (Source.smtp, Severity.hard, Reason.userunknown, True),
        (Source.smtp, Severity.soft, Reason.mailboxfull, True),
    ]


def test_a_mail_that_comes_back_after_its_refusal_is_the_same_failure(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    refuse(dispatch, reader)
    assert take(arrived(return_path(dispatch, reader)), report()) is Fate.taken
    db.session.commit()
    jobs.follow_refusals()
    assert [row.source for row in bounces()] == [Source.mail]
    assert counters(dispatch) == {"accepted": 2, "bounced": 1}


def test_a_number_that_shows_late_is_found_when_it_is_old(world: World) -> None:
    """On PostgreSQL a transaction with a lower number may end after one with a higher number."""
    first, second, _ = world.ours.readers
    dispatch = sent_mailing(world.ours.mailing_list)
    refuse(dispatch, first, number=1_000)
    jobs.follow_refusals()
    refuse(dispatch, second, number=999)
    jobs.follow_refusals()
    assert [row.subscriber_id for row in bounces()] == [first.id]
    db.session.execute(sa.update(Attempt).values(at=clock.now() - following.OLD))
    db.session.commit()
    jobs.follow_refusals()
    assert [row.subscriber_id for row in bounces()] == [first.id, second.id]


def test_tries_that_go_on_are_passed_over(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    refuse(dispatch, reader, (451, "4.7.1", "4.7.1 greylisted"), outcome=DeliveryState.deferred)
    jobs.follow_refusals()
    assert bounces() == []
    last = db.session.scalar(sa.select(sa.func.max(Attempt.id)))
    position = sa.select(FollowedTo.attempt_id).where(FollowedTo.name == following.FIRST)
    assert db.session.scalar(position) == last


def test_a_refusal_that_an_acceptance_followed_is_none(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    refuse(dispatch, reader)
    delivery_to(dispatch, reader.id).state = DeliveryState.accepted
    db.session.commit()
    jobs.follow_refusals()
    assert bounces() == []


def test_many_are_read_in_portions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 4)
    readers = make_readers(world.ours.mailing_list, 10)
    dispatch = sent_mailing(world.ours.mailing_list)
    for reader in readers:
        refuse(dispatch, reader)
    jobs.follow_refusals()
    assert len(bounces()) == 10


@pytest.mark.parametrize(
    ("answer", "stage", "outcome", "reason"),
    [
        ((None, None, "HeaderRefused: …"), Stage.local, DeliveryState.bounced, Reason.systemerror),
        ((None, None, ""), Stage.connect, DeliveryState.expired, Reason.networkerror),
        ((452, None, "4.3.1 Insufficient system storage"), Stage.mail, DeliveryState.expired, Reason.networkerror),
        ((451, None, "please come again"), Stage.rcpt, DeliveryState.expired, Reason.expired),
        (UNKNOWN, Stage.rcpt, DeliveryState.bounced, Reason.userunknown),
    ],
)
def test_what_an_answer_means(
    answer: tuple[int | None, str | None, str], stage: Stage, outcome: DeliveryState, reason: Reason
) -> None:
    code, enhanced, text = answer
    assert following.judged(stage, code, enhanced, text, "mx.example.com", outcome)[1] is reason


BLOCKED = (550, "5.7.1", "5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org")


def test_a_provider_that_refuses_us_raises_one_alarm(world: World) -> None:
    readers = make_readers(world.ours.mailing_list, 12)
    dispatch = sent_mailing(world.ours.mailing_list)
    for reader in readers[:4]:
        refuse(dispatch, reader, BLOCKED)
    jobs.follow_refusals()
    assert {row.reason for row in bounces()} <= {Reason.blocked, Reason.badreputation}
    assert not db.session.scalar(sa.select(sa.func.count()).select_from(Alarm))
    for reader in readers[4:]:
        refuse(dispatch, reader, BLOCKED)
    jobs.follow_refusals()
    alarm = db.session.scalars(sa.select(Alarm)).one()
    # Sent from the service's own domain: it concerns all of us.
    assert (alarm.customer_id, alarm.domain, alarm.provider) == (None, "", "other")
    assert alarm.number == 8
    assert not any(row.counts for row in bounces())
    assert timedelta() <= clock.now() - alarm.last_at < timedelta(minutes=1)


def test_a_customers_own_domain_gets_an_alarm_of_its_own(world: World) -> None:
    readers = make_readers(world.ours.mailing_list, 6)
    sender = {"sender": "news@shop.example.jp"}
    dispatch = sent_mailing(world.ours.mailing_list, content=sender)
    for reader in readers:
        refuse(dispatch, reader, BLOCKED)
    jobs.follow_refusals()
    alarm = db.session.scalars(sa.select(Alarm)).one()
    assert (alarm.customer_id, alarm.domain) == (world.ours.customer.id, "shop.example.jp")
