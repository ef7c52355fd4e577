"""Deletion of a customer's data by us: by two people, portion by portion, hashes stay."""

import pytest
import sqlalchemy as sa

from tests.cases.test_cases import denied, open_case
from tests.factories import made_of_blocks, make_account, make_list, make_mailing, make_subscriber
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.cases import deleting, jobs
from wem.cases.models import Deletion
from wem.cases.rules import DeletionAction, DeletionGround, DeletionState, Part
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.hashing import address_hash
from wem.lists import counting, subscribing
from wem.lists.models import MailingList
from wem.lists.states import ConsentKind, SuppressionReason, UploadKind, UploadState
from wem.lists.subscription_models import ConsentEvent, Subscriber, Subscription, Suppression
from wem.lists.upload_models import Upload
from wem.mailings import back_numbers, block_editing, design_keeping, reviewing, starting
from wem.mailings import jobs as mailings_jobs
from wem.mailings.block_models import BlockRevision
from wem.mailings.design_models import Design
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.neutral import Neutral
from wem.mailings.review_models import AlreadyDecided
from wem.mailings.states import MailingState
from wem.notices.models import Notice
from wem.sequences import controlling as sequences
from wem.sequences import keeping
from wem.sequences.models import Sequence
from wem.sequences.rules import SequenceState
from wem.tracking.models import Link


def second_person():
    account = make_account("第二 次郎", staff_role=StaffRole.contracts)
    db.session.commit()
    return account


def proposed(world, parts, lists=()):
    case = open_case(world.ours, world.admin)
    row = deleting.propose(case, DeletionGround.breach, parts, lists, "承諾のない登録", by=world.admin.id)
    db.session.commit()
    return row


def approved(world, parts, lists=()):
    row = proposed(world, parts, lists)
    deleting.decide(row, DeletionAction.approve, "確認", by=second_person().id)
    db.session.commit()
    return row


def readers(customer):
    return db.session.scalar(sa.select(sa.func.count()).where(Subscriber.customer_id == customer.id))


@pytest.mark.both_databases
def test_readers_of_one_list(world, monkeypatch):
    monkeypatch.setattr(deleting, "READERS_AT_ONCE", 2)
    ours, other = world.ours, make_list(world.ours.customer, "別のリスト")
    kept = make_subscriber(other, "kept@readers.example.com")
    both = ours.readers[0]
    db.session.add(
        Subscription(
            customer_id=ours.customer.id, list_id=other.id, subscriber_id=both.id, state="active", way="form",
            confirmed_at=clock.now(),
        )
    )  # fmt: skip
    both.active_count += 1
    other.active_count += 1
    db.session.commit()
    row = approved(world, [Part.readers], [ours.mailing_list.id])
    assert row.found == {"readers": 3}
    # Cut short after the first portion, as by a killed worker.
    assert deleting.step(row) == 2
    db.session.commit()
    jobs.sweep()
    jobs.delete(row.id)
    row = db.session.get(Deletion, row.id, populate_existing=True)
    assert (row.state, row.done) == (DeletionState.done, {"readers": 3})
    left = set(db.session.scalars(sa.select(Subscriber.address).where(Subscriber.customer_id == ours.customer.id)))
    # Who is on another list too stays there.
    assert left == {kept.address, "tanaka@readers.example.com"}
    lists = {each.id: each.active_count for each in db.session.scalars(sa.select(MailingList))}
    assert (lists[ours.mailing_list.id], lists[other.id]) == (0, 2)
    assert counting.registered(ours.customer.id) == counting.recount(ours.customer.id) == 2
    hashes = db.session.execute(sa.select(Suppression.address_hash, Suppression.list_id, Suppression.reason)).all()
    assert (address_hash("suzuki@readers.example.com"), ours.mailing_list.id, SuppressionReason.staff) in hashes
    assert len(hashes) == 3
    proof = sa.select(sa.func.count()).where(ConsentEvent.kind == ConsentKind.removed)
    assert db.session.scalar(proof) == 3
    # The other customer's are all there.
    assert readers(world.theirs.customer) == 3
    jobs.delete(row.id)
    assert db.session.get(Deletion, row.id, populate_existing=True).done == {"readers": 3}


@pytest.mark.both_databases
def test_everything_of_a_customer(world):
    ours = world.ours
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Suppression))
    mailing = make_mailing(ours.mailing_list, html='<p><a href="https://shop.example.jp/">店</a></p>')
    db.session.commit()
    dispatch = starting.start(mailing, by=None)
    db.session.commit()
    mailings_jobs.expand(dispatch.id)
    sequence = keeping.create(ours.mailing_list, keeping.Settings("ようこそ"), by=ours.owner.id)
    step = keeping.add_step(sequence, 3, 10, BodyKind.text, "3日目", by=ours.owner.id)
    step.mailing.subject, step.mailing.text = "お知らせ", "本文です。"
    sequences.start(sequence, with_present=True, by=ours.owner.id)
    upload = Upload(
        customer_id=ours.customer.id, list_id=ours.mailing_list.id, kind=UploadKind.invitation, filename="a.csv",
        state=UploadState.checked,
    )  # fmt: skip
    db.session.add(upload)
    db.session.commit()
    design_keeping.keep(mailing, "雛形", by=ours.owner.id)
    design_keeping.keep(world.theirs.mailing, "雛形", by=world.theirs.owner.id)
    db.session.commit()
    row = approved(world, list(Part))
    assert row.found == {"mailings": 4, "replies": 0, "uploads": 1, "readers": 3}
    jobs.delete(row.id)
    # What is being sent is called off first, and waited for until it has come to rest.
    dispatch = db.session.get(Dispatch, dispatch.id, populate_existing=True)
    if dispatch.state is not DispatchState.cancelled:
        assert db.session.get(Deletion, row.id, populate_existing=True).state is DeletionState.running
        dispatch.state = DispatchState.cancelled
        db.session.commit()
        jobs.delete(row.id)
    row = db.session.get(Deletion, row.id, populate_existing=True)
    assert row.state is DeletionState.done, row.done
    assert row.done == {"mailings": 4, "uploads": 1, "readers": 3}
    for each in db.session.scalars(sa.select(Mailing).where(Mailing.customer_id == ours.customer.id)):
        assert (each.subject, each.html, each.text) == ("", "", "")
    assert db.session.scalars(sa.select(Design.customer_id)).all() == [world.theirs.customer.id]
    # Nor is it kept, or sent, as what a step had in use.
    db.session.refresh(step)
    assert (step.live, db.session.get(Sequence, sequence.id, populate_existing=True).state) == ({}, SequenceState.ended)
    assert db.session.get(Mailing, mailing.id, populate_existing=True).state is MailingState.cancelled
    dispatch = db.session.get(Dispatch, dispatch.id, populate_existing=True)
    assert (dispatch.content["text"], dispatch.content["html"], dispatch.total) == ("", None, 3)
    assert db.session.scalar(sa.select(Link.number).where(Link.dispatch_id == dispatch.id)) is None
    assert db.session.get(Upload, upload.id, populate_existing=True).state is UploadState.discarded
    assert readers(ours.customer) == 0 and counting.registered(ours.customer.id) == 0
    assert counting.month_peak(ours.customer.id) == 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Suppression)) == before + 3
    theirs = db.session.get(Mailing, world.theirs.mailing.id, populate_existing=True)
    assert theirs.subject and readers(world.theirs.customer) == 3
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "deletion.finish")).one()
    assert event.details == {"deleted": 8}


def test_nothing_of_a_mailing_is_shown_or_kept_for_undo(world):
    ours = world.ours
    shown, blocks = make_mailing(ours.mailing_list), make_mailing(ours.mailing_list, body_kind=BodyKind.blocks)
    block_editing.begin(blocks, made_of_blocks(), by=ours.editor.id)
    shown.state, shown.started_at = MailingState.done, clock.now()
    number = back_numbers.publish(shown, Neutral("秋の便り", "本文です。", None), by=ours.owner.id)
    db.session.commit()
    assert back_numbers.is_in_sight(number)
    row = approved(world, [Part.mailings])
    jobs.delete(row.id)
    db.session.refresh(number)
    assert db.session.get(Deletion, row.id, populate_existing=True).state is DeletionState.done
    assert not back_numbers.is_in_sight(number) and not (number.subject or number.text or number.html)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(BlockRevision)) == 0


def test_a_step_that_waits_for_our_look_is_deleted_and_nobody_can_let_it_go(world):
    sequence = keeping.create(world.ours.mailing_list, keeping.Settings("ようこそ"), by=world.ours.owner.id)
    step = keeping.add_step(sequence, 3, 10, BodyKind.text, "3日目", by=world.ours.owner.id)
    step.mailing.subject, step.mailing.text = "お知らせ", "本文です。"
    review = reviewing.ask(step.mailing, None, by=world.ours.owner.id)
    db.session.commit()
    row = approved(world, [Part.mailings])
    jobs.delete(row.id)
    assert db.session.get(Deletion, row.id, populate_existing=True).state is DeletionState.done
    with pytest.raises(AlreadyDecided):
        reviewing.approve(review, by=world.admin.id)


def test_what_comes_after_the_approval_stays(world):
    row = approved(world, [Part.readers])
    late = make_subscriber(world.ours.mailing_list, "late@readers.example.com")
    db.session.commit()
    jobs.delete(row.id)
    left = db.session.scalars(
        sa.select(Subscriber.address).where(Subscriber.customer_id == world.ours.customer.id)
    ).all()
    assert left == [late.address]


def test_own_will_comes_back(world):
    from wem.lists.rules import read_address
    from wem.lists.states import Way

    row = approved(world, [Part.readers])
    jobs.delete(row.id)
    address = read_address("suzuki@readers.example.com")
    invited = subscribing.invite(world.ours.mailing_list, address, {}, by=None)
    assert invited is subscribing.Asked.opted_out
    asked = subscribing.request(world.ours.mailing_list, address, way=Way.form, fields={})
    assert asked is subscribing.Asked.confirmation


def test_numbers_first_then_two_people(world, browser_for):
    other, case = second_person(), open_case(world.ours, world.admin)
    browser, path = browser_for(world.admin), f"/staff/cases/{case.id}/deletion"
    values = {"ground": "breach", "parts": ["readers"], "lists": [str(world.ours.mailing_list.id)], "reason": "違反"}
    assert "次のものが削除されます" not in browser.get(path).text
    page = browser.submit(path, {**values, "act": "look"})
    assert page.status == 200 and "リストの読者: 3" in page.text
    assert db.session.scalar(sa.select(Deletion.id)) is None
    assert browser.submit(path, {**values, "parts": [], "act": "ask"}).status == 422
    # Another customer's list is no choice.
    crossed = {**values, "lists": [str(world.theirs.mailing_list.id)], "act": "ask"}
    assert browser.submit(path, crossed).status == 422
    page = browser.submit(path, {**values, "act": "ask"})
    row = db.session.scalars(sa.select(Deletion)).one()
    assert page.location == f"/staff/cases/deletions/{row.id}"
    assert "データの削除が承認を待っています" in browser.get("/staff/").text
    # A second one waits for the first.
    browser.submit(path, {**values, "act": "ask"})
    assert len(denied("deletion")) == 1
    # Nobody approves their own; that it was tried is on record.
    assert "approve" not in browser.get(page.location).html
    browser.post(page.location, {"note": "自分で", "decision": "approve"})
    db.session.refresh(row)
    assert row.state is DeletionState.proposed and len(denied("own_approval")) == 1
    approver = browser_for(other)
    approver.submit(page.location, {"note": "確認", "decision": "approve"})
    db.session.refresh(row)
    assert (row.state, row.decided_by) == (DeletionState.running, other.id)
    notice = db.session.scalars(sa.select(Notice).order_by(Notice.id.desc())).first()
    assert "お得情報" in notice.text and "元に戻すことはできません" in notice.text
    jobs.delete(row.id)
    assert "削除完了" in approver.get(page.location).text
    approver.post(page.location, {"note": "もう一度", "decision": "approve"})
    assert len(denied("deletion")) == 2


def test_withdrawn_and_refused_delete_nothing(world, browser_for):
    row = proposed(world, [Part.readers])
    path = f"/staff/cases/deletions/{row.id}"
    browser_for(second_person()).post(path, {"note": "他人", "decision": "withdraw"})
    assert db.session.get(Deletion, row.id, populate_existing=True).state is DeletionState.proposed
    browser_for(world.admin).submit(path, {"note": "やめる", "decision": "withdraw"})
    jobs.delete(row.id)
    again = deleting.propose(row.case, DeletionGround.trouble, [Part.readers], [], "x", by=world.admin.id)
    db.session.commit()
    deleting.decide(again, DeletionAction.refuse, "不要", by=second_person().id)
    db.session.commit()
    jobs.delete(again.id)
    assert readers(world.ours.customer) == 3


def test_not_before_the_investigation(world):
    case = open_case(world.ours, world.admin, looked=False)
    with pytest.raises(Illegal):
        deleting.propose(case, DeletionGround.breach, [Part.readers], [], "x", by=world.admin.id)
