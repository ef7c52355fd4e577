"""Mails that providers put off: one is nothing, many that meet it twice are an alarm."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.bounces.mails import sent_mailing
from tests.delivery.dispatches import delivery_to
from tests.factories import World, make_subscriber
from wem import clock
from wem.bounces import alarms, jobs
from wem.bounces.models import Alarm, AlarmKind, PostponedTally
from wem.bounces.reply_rules import classify_reply
from wem.bounces.states import Reason
from wem.bounces.trouble_rules import Trouble, is_wide, temporary_trouble_of
from wem.db import db
from wem.delivery.models import Attempt, DeliveryState, Dispatch, Stage
from wem.lists.subscription_models import Subscriber

pytestmark = pytest.mark.both_databases
BUSY = (451, "4.3.2", "4.3.2 Please try again later")


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "trouble"),
    [
        (*BUSY, Trouble.later),
        (450, None, "450 try again later", Trouble.later),
        (421, "4.7.28", "4.7.28 Our system has detected an unusual rate of unsolicited mail", Trouble.rate),
        (421, "4.7.0", "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", None),
        (451, "4.7.26", "4.7.26 This mail is unauthenticated: SPF and DKIM did not pass", Trouble.authentication),
        (452, "4.2.2", "4.2.2 The email account that you tried to reach is over quota", None),
        (450, "4.2.1", "4.2.1 The user you are trying to contact is receiving mail too quickly", None),
    ],
)
def test_what_come_again_later_is_a_sign_of(
    code: int, enhanced: str | None, text: str, trouble: Trouble | None
) -> None:
    reason = classify_reply(code, enhanced, text, "RCPT", "mx.example.com")[1]
    found = temporary_trouble_of(reason)
    if trouble is None and enhanced in ("4.7.0", "4.2.1"):
        assert found in (None, Trouble.reputation, Trouble.blocked, Trouble.rate, Trouble.later)
    else:
        assert found is trouble, reason


def test_how_many_are_wide() -> None:
    assert not is_wide(19, 20)
    assert is_wide(20, 20)
    assert is_wide(20, 2_000)
    assert not is_wide(20, 2_001)
    assert is_wide(1_000, 100_000)


def put_off(dispatch: Dispatch, readers: list[Subscriber], number: int, answer: tuple[int, str, str] = BUSY) -> None:
    """Write tries that are to be made again, as the sender does."""
    code, enhanced, text = answer
    for reader in readers:
        row = delivery_to(dispatch, reader.id)
        row.state, row.provider = DeliveryState.deferred, "docomo"
        db.session.add(
            Attempt(
                at=clock.now(),
                dispatch_id=dispatch.id,
                seq=row.seq,
                number=number,
                worker="w",
                fence=1,
                host="mx.example.com",
                stage=Stage.rcpt,
                code=code,
                enhanced=enhanced,
                reply=f"{text} <{reader.address}>",
                outcome=DeliveryState.deferred,
            )
        )
    db.session.commit()


def readers_of(world: World, number: int) -> list[Subscriber]:
    made = [make_subscriber(world.ours.mailing_list, f"reader{n}@docomo.ne.jp") for n in range(number)]
    db.session.commit()
    return made


def found() -> list[Alarm]:
    return list(db.session.scalars(sa.select(Alarm).order_by(Alarm.id).execution_options(populate_existing=True)))


def test_a_domain_that_many_mails_are_put_off_of_raises_one_alarm(world: World) -> None:
    readers = readers_of(world, 30)
    dispatch = sent_mailing(world.ours.mailing_list, content={"sender": "news@shop.example.jp"})
    put_off(dispatch, readers, 1)
    jobs.watch_postponed()
    assert found() == [], "a first try is greylisting's"
    put_off(dispatch, readers[:12], 2)
    jobs.watch_postponed()
    assert found() == [], "few"
    put_off(dispatch, readers[12:25], 2)
    jobs.watch_postponed()
    put_off(dispatch, readers[25:], 2)
    put_off(dispatch, readers, 3)  # the same mails again
    for _ in range(2):
        jobs.watch_postponed()
    (alarm,) = found()
    assert (alarm.kind, alarm.customer_id, alarm.domain, alarm.provider, alarm.trouble, alarm.number) == (
        AlarmKind.postponed, world.ours.customer.id, "shop.example.jp", "docomo", "later", 18,
    )  # fmt: skip
    assert "try again later" in alarm.sample and "reader" not in alarm.sample
    assert db.session.scalars(sa.select(PostponedTally.number)).all() == [30]
    assert alarms.of_domains(world.ours.customer.id) == [alarm]


def test_the_services_own_domain_concerns_all_of_us(world: World) -> None:
    readers = readers_of(world, 25)
    put_off(sent_mailing(world.ours.mailing_list), readers, 2)
    jobs.watch_postponed()
    (alarm,) = found()
    assert (alarm.customer_id, alarm.domain, alarm.number) == (None, "", 25)


def test_full_mailboxes_are_no_trouble_of_ours(world: World) -> None:
    readers = readers_of(world, 25)
    put_off(sent_mailing(world.ours.mailing_list), readers, 2, (452, "4.2.2", "4.2.2 Mailbox full"))
    jobs.watch_postponed()
    assert found() == [] and temporary_trouble_of(Reason.mailboxfull) is None
