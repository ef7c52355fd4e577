"""Sequences over simulated days: each reader gets each step once, whatever happens in between."""

from datetime import time

import pytest
import sqlalchemy as sa

from tests import factories
from tests.delivery.dispatches import lose_leases
from tests.sequences.simulating import again, at, been_there, day, got, look, make_sequence, sign_up, work
from wem import clock
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.delivery import leasing
from wem.delivery.models import Dispatch, DispatchState
from wem.delivery.no_send_models import NoSendSetting
from wem.lists import leaving as lists_leaving
from wem.lists import registering
from wem.lists.states import FieldKind, SubscriptionState, Way
from wem.lists.subscription_models import Subscriber
from wem.mailings import jobs as mailings_jobs
from wem.mailings import review_jobs, reviewing
from wem.mailings.chosen_models import ChosenReader
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.review_models import MailingReview, ReviewPolicy
from wem.mailings.states import HeldReason, MailingState
from wem.outbox import OutboxMail
from wem.segments import keeping as segments_keeping
from wem.segments.keeping_rules import read
from wem.sequences import controlling, counting, keeping, reporting
from wem.sequences.models import ReaderState, SequenceReader, SequenceRun
from wem.sequences.rules import SequenceState
from wem.tracking.models import ANY_LINK, FirstHit

both_databases = pytest.mark.both_databases


def numbers(sequence):
    """Return (waiting, sent, left, left out) of each step."""
    found = counting.stands(again(sequence))
    return [(each.waiting, each.sent, each.left, each.left_out) for each in found]


@both_databases
def test_each_reader_gets_each_step_once_through_an_outage_and_a_kill(world, mailbox):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (3, 10), (7, 10), tolerance=3, late_an_hour=5_000)
    early = [row.address for row in sign_up(world.ours.mailing_list, "2026-12-01T12:00", 5)]
    day("2026-12-01T12:01")
    late = [row.address for row in sign_up(world.ours.mailing_list, "2026-12-03T23:59", 2)]
    # Another's reader, and those who were there before, are none of this sequence's.
    sign_up(world.theirs.mailing_list, "2026-12-01T12:00")
    # Nobody looks for three days: from the evening of the 3rd to the 6th.
    look("2026-12-06T10:00")
    # The worker that was to write down who gets it died, and the one that had leased it.
    with at("2026-12-06T10:01"):
        for number in db.session.scalars(sa.select(Dispatch.id).where(Dispatch.state == DispatchState.preparing)).all():
            mailings_jobs.expand(number)
        assert leasing.lease_next("a worker that dies") is not None
        lose_leases()
    look("2026-12-06T10:02")
    work("2026-12-06T10:03")
    assert {row["recipient"] for row in mailbox.mails()} == {*early, *late}
    # On the 6th the third step was late for the early ones, and the first for the late ones.
    assert got(mailbox)[early[0]] == ["0日目のお知らせ", "3日目のお知らせ"]
    assert db.session.scalars(sa.select(SequenceRun.late).order_by(SequenceRun.mailing_id)).all() == [
        False, True, True,
    ]  # fmt: skip
    # The late ones' third day was the 6th too: never two on one day.
    assert got(mailbox)[late[0]] == ["0日目のお知らせ"]
    for text in ("2026-12-07T10:00", "2026-12-08T10:00", "2026-12-10T10:00"):
        day(text)
    assert numbers(sequence) == [(0, 7, 0, 0), (0, 7, 0, 0), (0, 7, 0, 0)]
    assert {address: len(subjects) for address, subjects in got(mailbox).items() if subjects} == dict.fromkeys(
        [*early, *late], 3
    )
    assert counting.numbers(again(sequence)) == counting.Numbers(7, 0, 7)
    results = reporting.results(again(sequence)).values()
    assert [(each.total, each.accepted) for each in results] == [(7, 7)] * 3
    assert {row.state for row in db.session.scalars(sa.select(Mailing).where(Mailing.step_id.is_not(None)))} == {
        MailingState.done
    }
    # Nobody is told of each sending, and none is a mailing that the customer counts.
    assert not db.session.scalars(sa.select(OutboxMail)).all()
    assert len(db.session.scalars(sa.select(ChosenReader)).all()) == 21


def test_what_is_long_over_is_left_out_and_the_rest_goes_bit_by_bit(world):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (1, 10), (2, 10), tolerance=1, late_an_hour=100)
    # In the evening nothing leaves: a mail of the evening is one of the next day.
    db.session.add(NoSendSetting(customer_id=world.ours.customer.id, begins=time(22), ends=time(7)))
    sign_up(world.ours.mailing_list, "2026-12-01T12:00", 20)
    look("2026-12-01T12:01")
    look("2026-12-03T12:00")
    # Day 1 was on the 2nd, a day late: 9 of them in five minutes. Day 2 is today.
    assert numbers(sequence) == [(0, 20, 0, 0), (11, 9, 0, 0), (9, 0, 0, 0)]
    look("2026-12-03T12:04")
    assert numbers(sequence)[1] == (11, 9, 0, 0)
    look("2026-12-03T12:06")
    assert numbers(sequence)[1] == (2, 18, 0, 0)
    # A day later the first step is over by more than one day, and the second goes to all.
    look("2026-12-04T09:00")
    assert numbers(sequence) == [(0, 20, 0, 0), (0, 18, 0, 2), (11, 9, 0, 0)]
    sign_up(world.ours.mailing_list, "2026-12-05T22:30")
    look("2026-12-05T22:31")
    look("2026-12-06T10:00")
    assert numbers(sequence)[1][0] == 1, "the day after the sign-up has had its mail"
    sizes = db.session.execute(sa.select(SequenceRun.size, SequenceRun.late).order_by(SequenceRun.mailing_id)).all()
    # Who had the first step late on the very day of the second has a day longer for that one.
    assert [tuple(each) for each in sizes] == [
        (20, False), (9, True), (9, True), (9, True), (1, False), (9, True),
    ]  # fmt: skip


def test_the_step_after_no_send_hours_is_not_left_out_though_nothing_may_be_late(world):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (1, 10), (2, 10), tolerance=0)
    db.session.add(NoSendSetting(customer_id=world.ours.customer.id, begins=time(22), ends=time(7)))
    sign_up(world.ours.mailing_list, "2026-12-05T22:30")
    # The mail of the evening leaves in the morning; each that follows waits a day for the one before.
    for text in ("2026-12-05T22:31", "2026-12-06T10:00", "2026-12-07T08:00", "2026-12-07T10:00"):
        look(text)
    assert numbers(sequence) == [(0, 1, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0)]
    look("2026-12-08T10:00")
    assert numbers(sequence)[2] == (0, 1, 0, 0)
    # Who was simply forgotten for a day has it left out, as chosen.
    sign_up(world.ours.mailing_list, "2026-12-10T12:00")
    look("2026-12-10T12:01")
    look("2026-12-12T10:00")
    assert numbers(sequence)[1] == (0, 1, 0, 1)


def segment_of(world, value):
    named = world.ours.field
    about = {"topic": "text", "op": "contains", "values": [value], "field": named.id, "key": named.key}
    data = {"version": 1, "match": "all", "groups": [{"match": "all", "conditions": [about]}]}
    return segments_keeping.create(world.ours.customer.id, value, read(data), by=world.ours.owner.id)


@both_databases
def test_who_leaves_gets_no_more(world):
    been_there(world, "2026-11-01T10:00")
    segment = segment_of(world, "購入済み")
    sequence = make_sequence(world, (0, 0), (3, 10), leave_on_click=True, leave_segment=segment)
    mine = world.ours.mailing_list
    stays, bought = sign_up(mine, "2026-12-01T10:00", 氏名="田中"), sign_up(mine, "2026-12-01T10:00", 氏名="購入済み")
    [clicks], [goes], [moves] = (sign_up(mine, "2026-12-01T10:00") for _ in range(3))
    look("2026-12-01T10:01")
    assert numbers(sequence) == [(0, 4, 1, 0), (4, 0, 0, 0)]
    dispatch = db.session.scalars(sa.select(Dispatch)).one()
    db.session.add(FirstHit(dispatch_id=dispatch.id, seq=1, number=ANY_LINK, at=clock.now(), subscriber_id=clicks.id))
    lists_leaving.leave(goes, [mine.id])
    # On another list still, so the reader stays, without this one.
    other = factories.make_list(world.ours.customer, "別のリスト")
    held = registering.hold(moves.id)
    held.put(other.id, SubscriptionState.active, Way.form)
    held.settle()
    lists_leaving.leave(moves, [mine.id])
    db.session.commit()
    look("2026-12-04T10:00")
    assert numbers(sequence) == [(0, 4, 1, 0), (0, 1, 3, 0)]
    second = db.session.scalars(sa.select(ChosenReader.subscriber_id).order_by(ChosenReader.mailing_id.desc())).first()
    assert second == stays[0].id
    left = db.session.scalars(sa.select(SequenceReader.subscriber_id).where(SequenceReader.state == ReaderState.left))
    assert set(left) == {bought[0].id, clicks.id, moves.id}
    # Coming back begins nothing anew: the row of who left is there.
    held = registering.hold(moves.id)
    with at("2026-12-05T10:00"):
        held.put(mine.id, SubscriptionState.active, Way.form)
    held.settle()
    db.session.commit()
    look("2026-12-05T10:05")
    assert again(sequence).entered == 5
    # Without its segment it would go to more than meant: it waits.
    db.session.delete(segment)
    db.session.commit()
    look("2026-12-06T10:00")
    assert (again(sequence).state, sequence.held_reason) == (SequenceState.held, HeldReason.segment.value)
    assert [mail.kind for mail in db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind.like("seq%")))] == [
        "sequence_held"
    ] * 2


def test_a_suspended_contract_holds_it_and_the_customer_decides(world):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (3, 10), with_present=True)
    look("2026-12-01T10:00")
    assert numbers(sequence) == [(0, 3, 0, 0), (3, 0, 0, 0)]
    with at("2026-12-02T10:00"):
        world.ours.contract.suspend(SuspensionGround.danger, "", by=world.admin.id)
        db.session.commit()
    day("2026-12-04T10:00")
    assert (again(sequence).state, sequence.held_reason) == (SequenceState.held, HeldReason.contract.value)
    with at("2026-12-05T10:00"):
        with pytest.raises(Exception, match="contract"):
            controlling.resume(sequence, by=world.ours.owner.id)
        db.session.rollback()
        world.ours.contract.resume("", by=world.admin.id)
        db.session.commit()
        assert counting.outlook(again(sequence), clock.now()) == counting.Outlook(0, 3, 0)
        controlling.resume(sequence, by=world.ours.owner.id)
        db.session.commit()
    look("2026-12-05T10:01")
    assert numbers(sequence)[1] == (0, 3, 0, 0)
    # What was on its way stands still with it.
    with at("2026-12-05T10:02"):
        controlling.pause(again(sequence), by=world.ours.owner.id)
        db.session.commit()
        states = db.session.scalars(sa.select(Mailing.state).where(Mailing.step_id.is_not(None))).all()
        assert set(states) == {MailingState.held, MailingState.paused} or set(states) == {MailingState.paused}
        controlling.end(again(sequence), by=world.ours.owner.id)
        db.session.commit()
    assert not controlling.underway(again(sequence), MailingState.sending, MailingState.paused)


@both_databases
def test_birthdays_come_each_year_and_a_changed_date_counts_anew(world):
    been_there(world, "2026-11-01T10:00")
    born = factories.make_field(world.ours.customer, "誕生日", FieldKind.date)
    sequence = make_sequence(world, (-7, 9), (0, 9), field=born, every_year=True)
    mine = world.ours.mailing_list
    [leap] = sign_up(mine, "2026-11-01T10:00", 誕生日="1988-02-29")
    [soon] = sign_up(mine, "2026-11-01T10:00", 誕生日="1990-12-12")
    sign_up(mine, "2026-11-01T10:00", 2)
    look("2026-12-01T10:00")
    assert numbers(sequence) == [(1, 0, 0, 0), (0, 0, 0, 0)]
    look("2026-12-05T09:00")
    assert numbers(sequence) == [(0, 1, 0, 0), (1, 0, 0, 0)]
    reader = db.session.get_one(Subscriber, soon.id)
    reader.fields = {"誕生日": "1990-12-20"}
    db.session.commit()
    look("2026-12-12T09:00")
    assert numbers(sequence) == [(0, 1, 0, 0), (0, 0, 1, 0)], "the mail of a date that is none any more does not go"
    # The same year is one round: nobody has two birthdays in it.
    look("2026-12-20T09:00")
    assert again(sequence).entered == 1
    look("2027-02-21T09:00")
    assert numbers(sequence)[0] == (0, 2, 0, 0)
    look("2027-02-28T09:00")
    assert numbers(sequence)[1] == (0, 1, 1, 0)
    look("2027-12-13T09:00")
    assert numbers(sequence)[0] == (0, 3, 0, 0)
    rounds = db.session.scalars(sa.select(ChosenReader.round).where(ChosenReader.subscriber_id == soon.id)).all()
    assert sorted(rounds) == [2026, 2027]
    assert leap.id in set(db.session.scalars(sa.select(ChosenReader.subscriber_id)))


@both_databases
def test_steps_change_while_it_runs(world):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (3, 10), (7, 10))
    mine, by = world.ours.mailing_list, world.ours.owner.id
    first = sign_up(mine, "2026-12-01T10:00", 2)
    look("2026-12-01T10:01")
    look("2026-12-04T10:00")
    sign_up(mine, "2026-12-04T10:00", 3)
    look("2026-12-04T10:01")
    assert numbers(sequence) == [(0, 5, 0, 0), (3, 2, 0, 0), (2, 0, 0, 0)]
    with at("2026-12-04T11:00"):
        middle = again(sequence).steps[1]
        # Who had it does not get it again on its new day; who waits for it gets it then.
        keeping.move_step(middle, 5, 10, by=by)
        middle.mailing.subject, middle.mailing.version = "新しい件名", 2
        db.session.commit()
        assert again(sequence).steps[1].changed
        keeping.add_step(again(sequence), 2, 10, BodyKind.text, "途中", by=by)
        db.session.commit()
    assert numbers(sequence) == [(0, 5, 0, 0), (0, 0, 0, 0), (3, 2, 0, 0), (2, 0, 0, 0)]
    with at("2026-12-04T12:00"):
        added = again(sequence).steps[1]
        added.mailing.subject, added.mailing.text = "2日目のお知らせ", "本文"
        assert controlling.put_to_use(added, by=by) and controlling.put_to_use(again(sequence).steps[2], by=by)
        db.session.commit()
    # The new one comes for those whose second day is still to come.
    assert numbers(sequence) == [(0, 5, 0, 0), (3, 0, 0, 0), (0, 2, 0, 0), (2, 0, 0, 0)]
    for text in ("2026-12-06T10:00", "2026-12-08T10:00", "2026-12-09T10:00", "2026-12-11T10:00"):
        look(text)
    assert numbers(sequence) == [(0, 5, 0, 0), (0, 3, 0, 0), (0, 5, 0, 0), (0, 5, 0, 0)]
    subjects = db.session.scalars(
        sa.select(Mailing.subject)
        .join(ChosenReader, ChosenReader.mailing_id == Mailing.id)
        .where(ChosenReader.subscriber_id == first[0].id)
        .order_by(Mailing.id)
    ).all()
    assert subjects == ["0日目のお知らせ", "3日目のお知らせ", "7日目のお知らせ"]
    assert "新しい件名" in db.session.scalars(sa.select(Mailing.subject).where(Mailing.step_id.is_not(None))).all()
    with at("2026-12-12T10:00"):
        keeping.remove_step(again(sequence).steps[1], by=by)
        db.session.commit()
    assert [each.step.removed_at is None for each in counting.stands(again(sequence))] == [True, False, True, True]


def test_our_staff_look_at_its_mails_first(world):
    been_there(world, "2026-11-01T10:00")
    db.session.add(ReviewPolicy(first_mailing=False, large_audience=False, words="お知らせ"))
    db.session.commit()
    sequence = make_sequence(world, (0, 0), (3, 10))
    assert again(sequence).state is SequenceState.waiting
    look("2026-12-01T09:10")
    reviews = db.session.scalars(sa.select(MailingReview).order_by(MailingReview.id)).all()
    reviewing.approve(reviews[0], by=world.admin.id)
    db.session.commit()
    review_jobs.go_on_reviewed(reviews[0].mailing_id)
    look("2026-12-01T09:20")
    assert again(sequence).state is SequenceState.waiting
    reviewing.approve(db.session.get_one(MailingReview, reviews[1].id), by=world.admin.id)
    db.session.commit()
    review_jobs.follow_reviews()
    mailings_jobs.start_due()
    look("2026-12-01T09:30")
    assert again(sequence).state is SequenceState.running
    assert not db.session.scalars(sa.select(Dispatch)).all(), "the drafts themselves are never sent"
    sign_up(world.ours.mailing_list, "2026-12-01T09:31")
    look("2026-12-01T09:32")
    assert numbers(sequence)[0] == (0, 1, 0, 0)
