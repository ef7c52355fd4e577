"""A complaint opts out at once and is counted once; too many warn, and hold the customer's mailings for staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.bounces.mails import arrived, feedback, make_readers, message_id, return_path, sent_mailing
from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from wem import clock
from wem.arriving import Fate
from wem.audit import AuditEvent
from wem.bounces import complaining, jobs
from wem.bounces.models import Alarm, BounceTally, Complaint, Unmatched, UnmatchedReport
from wem.bounces.reading import read_mail
from wem.bounces.states import Kind, Reason
from wem.bounces.taking import take
from wem.db import db
from wem.delivery.models import Dispatch
from wem.lists import leaving
from wem.lists.states import SuppressionReason
from wem.lists.subscription_models import Subscriber, Suppression
from wem.mailings import controlling, holding, starting
from wem.mailings.models import Mailing, held_by_staff
from wem.mailings.starting import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState
from wem.outbox import OutboxMail

pytestmark = pytest.mark.both_databases
FBL = "fbl@mail.wem.example"
REPORT = """From: fbl@provider.example
Subject: abuse report
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

A reader complains.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1
Original-Mail-From: <SENT_AS>
Removal-Recipient: removed
--b--
"""


def complain(dispatch: Dispatch, reader: Subscriber, feedback_type: str | None = "abuse") -> Fate:
    fate = take(arrived(FBL), feedback(message_id(dispatch, reader), feedback_type))
    db.session.commit()
    return fate


def told() -> list[str]:
    kinds = sa.select(OutboxMail.kind).where(OutboxMail.kind.like("complaints_%")).order_by(OutboxMail.id)
    return list(db.session.scalars(kinds))


def test_it_opts_out_at_once_and_counts_once(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    number, hashed, mail = reader.id, reader.address_hash, arrived(FBL)
    report = feedback(message_id(dispatch, reader))
    assert [take(mail, report), take(mail, report)] == [Fate.taken, Fate.ignored]
    db.session.commit()
    assert db.session.get(Subscriber, number) is None
    no = db.session.scalars(sa.select(Suppression).where(Suppression.address_hash == hashed, Suppression.list_id == 0))
    assert no.one().reason is SuppressionReason.complaint
    complaint = db.session.scalars(sa.select(Complaint)).one()
    assert (complaint.mailing_id, complaint.customer_id) == (dispatch.mailing_id, world.ours.customer.id)
    tallies = db.session.execute(sa.select(BounceTally.list_id, BounceTally.reason, BounceTally.number))
    assert [tuple(row) for row in tallies] == [
        (0, Reason.feedback, 1),
        (world.ours.mailing_list.id, Reason.feedback, 1),
    ]
    assert dispatch.bounced == 0, "a mail that somebody read did not come back"
    assert_counts_are_exact()


def test_who_has_left_already_is_kept_from_every_list(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    named, hashed = message_id(dispatch, reader), reader.address_hash
    leaving.leave(reader, [world.ours.mailing_list.id])
    db.session.commit()
    assert take(arrived(FBL), feedback(named)) is Fate.taken
    db.session.commit()
    whole = sa.select(Suppression.reason).where(Suppression.address_hash == hashed, Suppression.list_id == 0)
    assert db.session.scalar(whole) is SuppressionReason.complaint


def test_an_opt_out_is_no_complaint_and_not_spam_is_nothing(world: World) -> None:
    first, second, _ = world.ours.readers
    dispatch = sent_mailing(world.ours.mailing_list)
    numbers = first.id, second.id
    assert complain(dispatch, first, "opt-out") is Fate.taken
    assert complain(dispatch, second, "not-spam") is Fate.ignored
    assert db.session.get(Subscriber, numbers[0]) is None
    assert db.session.get(Subscriber, numbers[1]) is not None
    assert not db.session.scalar(sa.select(sa.func.count()).select_from(BounceTally))
    assert complaining.complained_about() == []


def test_what_it_was_sent_as_names_a_mail(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    number, sent_as = reader.id, return_path(dispatch, reader)
    text = REPORT.replace("SENT_AS", sent_as)
    reading = read_mail(text.encode())
    assert (reading.kind, reading.message_id, reading.return_path) == (Kind.feedback, None, sent_as)
    assert take(arrived(FBL), reading) is Fate.taken
    assert db.session.get(Subscriber, number) is None
    forged = read_mail(text.replace(sent_as, f"{sent_as[:9]}x{sent_as[10:]}").encode())
    assert take(arrived(FBL), forged) is Fate.taken
    assert [row.why for row in db.session.scalars(sa.select(UnmatchedReport))] == [Unmatched.unnamed]


@pytest.mark.parametrize("named", [None, "<abcdefghijklmnopqrstuvwxyz234567abcdefg@mail.wem.example>"])
def test_what_names_no_mail_of_ours_is_listed(world: World, named: str | None) -> None:
    sent_mailing(world.ours.mailing_list)
    assert take(arrived(FBL), feedback(named)) is Fate.taken
    assert [row.why for row in db.session.scalars(sa.select(UnmatchedReport))] == [Unmatched.unnamed]
    assert len(world.ours.readers) == 3


def test_the_second_of_few_warns_once_and_the_warning_ends_by_itself(world: World) -> None:
    customer, listed = world.ours.customer, world.ours.mailing_list
    readers = make_readers(listed, 6)
    dispatch = sent_mailing(listed)
    complain(dispatch, readers[0])
    jobs.judge_complaints(customer.id)
    assert told() == []
    complain(dispatch, readers[1])
    for _ in range(2):
        jobs.judge_all_complaints()
    assert told() == ["complaints_warning"] * 2  # owner and editor, each once
    alarm = db.session.scalars(sa.select(Alarm)).one()
    assert (alarm.customer_id, alarm.number, alarm.closed_at) == (customer.id, 2, None)
    assert not held_by_staff(customer.id)
    dispatch.started_at = clock.now() - timedelta(days=8)
    db.session.commit()
    jobs.judge_complaints(customer.id)
    assert db.session.scalars(sa.select(Alarm.closed_at)).one() is not None


def test_too_many_hold_everything_until_staff_release_it(world: World) -> None:
    customer, listed = world.ours.customer, world.ours.mailing_list
    readers = make_readers(listed, 8)
    dispatch = sent_mailing(listed)
    sending = db.session.get_one(Mailing, dispatch.mailing_id)
    scheduled = factories.make_mailing(listed)
    scheduled.schedule(clock.now() + timedelta(hours=1), by=None)
    db.session.commit()
    for reader in readers[:4]:
        complain(dispatch, reader)
    jobs.judge_complaints(customer.id)
    assert held_by_staff(customer.id) and not held_by_staff(world.theirs.customer.id)
    assert told() == ["complaints_hold"] * 2
    for mailing in (sending, scheduled):
        db.session.refresh(mailing)
        assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.complaints.value)
    # Neither what is held nor anything new goes out by the customer's own hand.
    with pytest.raises(CannotStart) as refused:
        controlling.resume(sending, by=world.ours.owner.id)
    assert refused.value.problems == [Problem.complaints]
    with pytest.raises(CannotStart) as refused:
        starting.start(factories.make_mailing(listed), by=world.ours.owner.id)
    assert Problem.complaints in refused.value.problems
    db.session.rollback()
    assert holding.release_customer(customer.id, "配信元を確認済み", by=world.admin.id)
    db.session.commit()
    assert not held_by_staff(customer.id)
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "mailings.release")).one()
    assert (event.account_id, event.details["note"]) == (world.admin.id, "配信元を確認済み")
    # What was judged already does not hold them again.
    jobs.judge_all_complaints()
    assert not held_by_staff(customer.id)
    assert told() == ["complaints_hold"] * 2


def test_holding_goes_on_after_a_crash_in_between(world: World) -> None:
    """The customer is held, its mailings not yet: the next look finds them."""
    customer, listed = world.ours.customer, world.ours.mailing_list
    readers = make_readers(listed, 8)
    dispatch = sent_mailing(listed)
    for reader in readers[:4]:
        complain(dispatch, reader)
    assert holding.hold_customer(customer.id)
    db.session.commit()
    jobs.judge_all_complaints()
    mailing = db.session.get_one(Mailing, dispatch.mailing_id, populate_existing=True)
    assert mailing.state is MailingState.held
