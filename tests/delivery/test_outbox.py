"""The product's own mails on their way out: once, in time, forgotten afterwards."""

from __future__ import annotations

import dataclasses
import io
import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests import factories
from wem import clock, outbox, storage
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.delivery import draining
from wem.delivery.identity import Purpose, identity_keys, read_message_id
from wem.delivery.models import Stage
from wem.delivery.smtp import Answer
from wem.mailbox.client import MailboxClient
from wem.outbox import OutboxMail, OutboxState, SystemMail

pytestmark = pytest.mark.both_databases

READER = "reader@readers.example.com"


def post(**values: Any) -> OutboxMail:
    """Return a committed mail in the outbox."""
    about, customer_id = values.pop("about", None), values.pop("customer_id", None)
    details: dict[str, Any] = {"kind": "reader_confirmation", "recipient": READER, "subject": "登録の確認"}
    details |= {"text": "こちらからご登録ください。\n", "html": "<p>こちら</p>", "sender_name": "株式会社髙橋商店"}
    row = outbox.post(SystemMail(**(details | values)), customer_id=customer_id, about=about)
    db.session.commit()
    return row


def drain() -> bool:
    return draining.drain_until(time.monotonic() + 20)


def make_due() -> None:
    db.session.execute(sa.update(OutboxMail).values(not_before=clock.now() - timedelta(seconds=1)))
    db.session.commit()


def assert_forgotten(row: OutboxMail) -> None:
    db.session.refresh(row)
    assert (row.recipient, row.subject, row.text, row.html, row.reply_to) == (None,) * 5
    assert row.headers == {}
    assert row.finished_at is not None


def test_a_mail_leaves_as_it_should(app: Flask, mailbox: MailboxClient) -> None:
    key, _ = storage.keep("inquiries", io.BytesIO(b"%PDF-1.7"), 100)
    row = post(reply_to="info@shop.example.jp", headers={"X-Test": "yes"}, files=((key, "手順書.pdf"),))
    assert not drain()
    [mail] = mailbox.mails()
    read = mailbox.mail(mail["id"])
    headers = dict(read["headers"])
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Test"] == "yes"
    assert "no-reply@mail.wem.example" in headers["From"]
    assert read["subject"] == "登録の確認"
    assert "こちらからご登録ください。" in read["text"]
    keys = identity_keys(app.config["WEM"].SECRET_KEY)
    assert read_message_id(mail["message_id"], keys, Purpose.system_message) == (row.id, 0)
    assert mail["sender"].startswith("s.")
    assert mail["sender"].endswith("@bounce.mail.wem.example")
    [file] = read["attachments"]
    assert file["name"] == "手順書.pdf" and mailbox.attachment(mail["id"], file["number"]) == b"%PDF-1.7"
    assert_forgotten(row)
    assert row.files is None
    assert (row.state, row.attempts, row.code) == (OutboxState.accepted, 1, 250)


def test_many_leave_once_each(app: Flask, mailbox: MailboxClient) -> None:
    for number in range(35):
        post(recipient=f"r{number}@readers.example.com")
    drain()
    drain()
    assert len({mail["recipient"] for mail in mailbox.mails(limit=100)}) == mailbox.count() == 35


def test_soft_fails_are_tried_again_with_the_same_message_id(app: Flask, mailbox: MailboxClient) -> None:
    mailbox.set_behaviours([{"pattern": "*", "stage": "after_data", "action": "reply", "code": 451, "times": 2}])
    row = post()
    for tries, minutes in ((1, 1), (2, 3)):
        began = clock.now()
        drain()
        db.session.refresh(row)
        assert (row.state, row.attempts, row.code) == (OutboxState.waiting, tries, 451)
        assert timedelta(minutes=minutes * 0.8) <= row.not_before - began <= timedelta(minutes=minutes * 1.3)
        assert not drain()
        make_due()
    drain()
    assert mailbox.count() == 1
    assert_forgotten(row)
    assert row.state is OutboxState.accepted


def test_an_unseen_end_is_sent_again_at_once(app: Flask, mailbox: MailboxClient) -> None:
    mailbox.set_behaviours([{"pattern": "*", "stage": "after_data", "action": "drop", "times": 1}])
    row = post()
    drain()
    db.session.refresh(row)
    assert row.state is OutboxState.accepted
    first, second = mailbox.mails()
    assert first["message_id"] == second["message_id"]


def test_an_end_that_is_never_seen_is_not_sent_for_ever(app: Flask, mailbox: MailboxClient) -> None:
    mailbox.set_behaviours([{"pattern": "*", "stage": "after_data", "action": "drop"}])
    row = post()
    drain()
    db.session.refresh(row)
    assert (row.state, row.attempts) == (OutboxState.waiting, 2)
    assert row.not_before > clock.now() + timedelta(minutes=2)
    assert mailbox.count() == 2


def test_a_final_no_is_final(app: Flask, mailbox: MailboxClient) -> None:
    refusal = {"stage": "rcpt", "action": "reply", "code": 550, "text": f"5.1.1 <{READER}> unknown"}
    mailbox.set_behaviours([{"pattern": "*", **refusal}])
    row = post()
    drain()
    assert_forgotten(row)
    assert (row.state, row.code) == (OutboxState.failed, 550)
    assert READER not in (row.reply or "")


def test_what_is_too_late_is_not_sent(app: Flask, mailbox: MailboxClient) -> None:
    row = post(lifetime=timedelta(0))
    mailbox.set_behaviours([{"pattern": "slow@*", "stage": "rcpt", "action": "reply", "code": 451}])
    soon_over = post(recipient="slow@readers.example.com", lifetime=timedelta(seconds=30))
    drain()
    assert mailbox.count() == 0
    for each in (row, soon_over):
        assert_forgotten(each)
        assert each.state is OutboxState.expired


def test_a_mail_that_cannot_be_made_harms_no_other(app: Flask, mailbox: MailboxClient) -> None:
    bad = post(subject="two\r\nBcc: evil@example.com")
    post()
    drain()
    assert_forgotten(bad)
    assert bad.state is OutboxState.failed
    assert mailbox.count() == 1


def test_a_silent_server_costs_nothing(app: Flask, mailbox: MailboxClient) -> None:
    row = post()
    right = app.config["WEM"]
    app.config["WEM"] = dataclasses.replace(right, SMTP_PORT="1")
    assert not drain()
    db.session.refresh(row)
    assert (row.state, row.attempts) == (OutboxState.waiting, 0)
    app.config["WEM"] = right
    drain()
    assert mailbox.count() == 1


def test_confirmations_of_a_suspended_customer_wait_and_others_leave(
    world: factories.World, mailbox: MailboxClient
) -> None:
    ours, theirs = world.ours.customer.id, world.theirs.customer.id
    asked = post(customer_id=ours, about="subscription 12")
    test_copy = post(customer_id=ours, about="mailing 1", kind="test_copy")
    farewell = post(customer_id=ours, about="subscriber 12", kind="reader_stopped")
    other = post(customer_id=theirs, about="subscription 13")
    world.ours.contract.suspend(SuspensionGround.danger, "", by=None)
    db.session.commit()
    drain()
    for row in (farewell, other):
        assert_forgotten(row)
        assert row.state is OutboxState.accepted
    for row in (asked, test_copy):
        db.session.refresh(row)
        assert (row.state, row.attempts) == (OutboxState.waiting, 0)
    assert mailbox.count() == 2
    world.ours.contract.resume("", by=None)
    db.session.commit()
    make_due()
    drain()
    assert mailbox.count() == 4


def test_what_is_taken_back_does_not_leave(app: Flask, mailbox: MailboxClient) -> None:
    post(about="subscription 12")
    outbox.take_back("subscription 12")
    db.session.commit()
    drain()
    assert mailbox.count() == 0


def test_a_dead_workers_mails_are_taken_over(app: Flask, mailbox: MailboxClient) -> None:
    row = post()
    draining._lease("somebody who died")
    assert not drain()
    assert mailbox.count() == 0
    # Its lease is over: first it is doubted, then it is lost.
    for _ in range(2):
        assert mailbox.count() == 0
        db.session.execute(sa.update(OutboxMail).values(lease_until=clock.now() - timedelta(seconds=1)))
        db.session.commit()
        drain()
    assert mailbox.count() == 1
    assert_forgotten(row)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_takes_no_mail_from_who_lives(app: Flask, mailbox: MailboxClient, hours: int) -> None:
    """T8, for the outbox."""
    post()
    desk = draining.OutboxDesk(app.config["WEM"])
    parcels = desk.fetch()
    assert parcels is not None and len(parcels) == 1
    hold = parcels[0].hold
    with time_machine.travel(clock.now() + timedelta(hours=hours)):
        for _ in range(3):
            drain()
            hold.lease.renewed -= 3600
            desk.round([], [hold])
            assert not hold.stopped
        assert mailbox.count() == 0
        desk.close(hold, unreachable=False)
        drain()
    assert mailbox.count() == 1


def test_what_is_done_does_not_stop_the_others_when_the_lease_is_prolonged(app: Flask) -> None:
    post()
    post(recipient="other@readers.example.com")
    desk = draining.OutboxDesk(app.config["WEM"])
    parcels = desk.fetch()
    assert parcels is not None and len(parcels) == 2
    hold = parcels[0].hold
    hold.lease.renewed -= 3600
    desk.round([(parcels[0], parcels[0].outcome(Answer(Stage.after_data, 250, "2.0.0 ok")))], [hold])
    assert not hold.lease.stale
    assert not hold.stopped
    desk.close(hold, unreachable=False)
