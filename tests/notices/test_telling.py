"""Telling customers: the record, the mail, what comes back, and the letter that follows."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.documents.test_documents import words as words_of
from wem import clock, storage
from wem.audit import AuditEvent
from wem.bounces import jobs as bounce_jobs
from wem.contracts import addressing, reaching
from wem.db import db
from wem.documents import Document
from wem.notices import jobs, letters, telling
from wem.notices.models import Notice, came_back
from wem.notices.rules import Channel, IllegalMove, NoticeKind, NoticeState, Words
from wem.outbox import OutboxMail, OutboxState

WORDS = Words("更新拒絶の通知", ["契約を更新しません。"], [("終了日", "2026年7月31日")], ["以上"])


def told(world, **changed):
    kind = changed.pop("kind", NoticeKind.non_renewal)
    given = {"customer_id": world.ours.customer.id, "about": "contract 1", "terms_version": 1, **changed}
    notice = telling.tell(addressing.addressee(world.ours.contract), WORDS, kind, **given)
    db.session.commit()
    return notice


def outcome(notice, state):
    row = db.session.get(OutboxMail, notice.outbox_id)
    row.state, row.finished_at = state, clock.now()
    db.session.commit()
    jobs.follow_mails()
    db.session.refresh(notice)
    return notice


@pytest.mark.both_databases
def test_a_mail_is_a_record_with_the_text_as_sent(world):
    notice = told(world)
    mail = db.session.get(OutboxMail, notice.outbox_id)
    assert (mail.about, mail.recipient) == (f"notice {notice.id}", "notice@shop.example.jp")
    assert mail.text == notice.text
    for each in ("株式会社髙橋商店 御中", "契約を更新しません。", "2026年7月31日", notice.number, "第1版", "立川支部"):
        assert each in notice.text, each
        assert each in mail.html
    assert "\n\n\n" not in notice.text
    assert (notice.state, notice.counts_since) == (NoticeState.waiting, None)
    outcome(notice, OutboxState.accepted)
    assert notice.state is NoticeState.sent
    assert notice.counts_since == notice.sent_at is not None


@pytest.mark.both_databases
@pytest.mark.parametrize("state", [OutboxState.failed, OutboxState.expired])
def test_a_refused_mail_counts_for_nothing_and_staff_decide(world, state):
    notice = outcome(told(world, kind=NoticeKind.general), state)
    assert (notice.state, notice.counts_since) == (NoticeState.failed, None)
    assert db.session.scalar(sa.select(AuditEvent).where(AuditEvent.action == "notice.failed")) is not None
    assert letters.waiting() == []
    assert came_back() == [notice]
    letter = reaching.again_by_letter(notice, by=world.admin.id)
    assert reaching.again_by_letter(notice, by=world.admin.id) is letter
    assert (letter.channel, letter.instead_of_id, letter.text[:9]) == (Channel.letter, notice.id, notice.text[:9])
    assert came_back() == []
    with pytest.raises(IllegalMove):
        telling.leave(notice, by=world.admin.id)


@pytest.mark.both_databases
def test_what_came_back_may_be_left_at_that(world):
    notice = outcome(told(world, kind=NoticeKind.general), OutboxState.failed)
    telling.leave(notice, by=world.admin.id)
    assert came_back() == [] and notice.left_by == world.admin.id
    with pytest.raises(IllegalMove):
        telling.leave(told(world), by=world.admin.id)


@pytest.mark.both_databases
def test_one_that_must_be_there_is_followed_by_a_letter_due_today(world):
    with time_machine.travel("2026-06-20 10:00 +0900", tick=False):
        notice = told(world, deadline=clock.now() + timedelta(days=10))
        outcome(notice, OutboxState.accepted)
    with time_machine.travel("2026-06-23 08:00 +0900", tick=False):
        letter = telling.mark_not_arrived(notice.outbox_id, clock.now())
        db.session.commit()
        assert (letter.channel, letter.due_on) == (Channel.letter, date(2026, 6, 23))
        assert (letter.instead_of_id, letter.title) == (notice.id, notice.title)
        assert notice.counts_since is None
        # The same mail reported again changes nothing.
        assert telling.mark_not_arrived(notice.outbox_id, clock.now()) is None
        assert letters.waiting() == [letter]


@pytest.mark.both_databases
def test_after_the_deadline_no_letter_follows(world):
    with time_machine.travel("2026-06-30 23:59 +0900", tick=False):
        notice = told(world, deadline=clock.now())
    with time_machine.travel("2026-07-01 00:00 +0900", tick=False):
        assert telling.mark_not_arrived(notice.outbox_id, clock.now()) is None


@pytest.mark.both_databases
def test_the_third_in_a_row_flags_the_contract_and_switches_to_letters(world):
    contract = world.ours.contract
    with time_machine.travel("2026-06-01 10:00 +0900", tick=False) as time:
        for state in (OutboxState.failed, OutboxState.accepted, OutboxState.failed, OutboxState.failed):
            outcome(told(world, kind=NoticeKind.general), state)
            bounce_jobs.follow_refusals()
            time.shift(timedelta(days=4))
        db.session.refresh(contract)
        assert contract.notice_fails_since is None and letters.waiting() == []
        third = outcome(told(world, kind=NoticeKind.general), OutboxState.failed)
        bounce_jobs.follow_refusals()
        db.session.refresh(contract)
        assert contract.notice_fails_since is not None
        [letter] = letters.waiting()
        assert letter.instead_of_id == third.id, "the third goes out again by letter"
        assert told(world).channel is Channel.letter
        time.shift(timedelta(hours=1))
        reaching.arrives_again(contract, by=world.admin.id)
        assert told(world).channel is Channel.mail
        outcome(told(world, kind=NoticeKind.general), OutboxState.failed)
        bounce_jobs.follow_refusals()
        db.session.refresh(contract)
        assert contract.notice_fails_since is None, "what failed before counts no more"


@pytest.mark.parametrize("email", ["taro@docomo.ne.jp", "Taro@EZWEB.ne.jp", "taro@i.softbank.jp", ""])
def test_to_a_phone_carriers_address_we_write_letters(world, email):
    world.ours.contract.notice_email = email
    assert told(world).channel is Channel.letter


@pytest.mark.both_databases
def test_the_document_of_a_mail_is_kept_as_sent(world):
    notice = told(world)
    jobs.keep_documents()
    jobs.keep_document(notice.id)
    notice = db.session.get_one(Notice, notice.id, populate_existing=True)
    kept = words_of(notice.document.content())
    for each in (
        "更新拒絶通知書",
        "件名",
        "契約を更新しません。",
        "2026年7月31日",
        notice.number,
        "第1版",
        "日本法",
        "立川支部",
    ):
        assert each in kept, each
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Document)) == 1
    letter = told(world, by_letter=True)
    jobs.keep_documents()
    assert db.session.get_one(Notice, letter.id, populate_existing=True).document_id is None, "when it is printed"


@pytest.mark.both_databases
def test_other_mails_are_left_alone(world):
    assert telling.mark_not_arrived(987_654, clock.now()) is None


@pytest.mark.both_databases
def test_a_letter_from_printing_to_there(world):
    notice, me = told(world, by_letter=True), world.admin.id
    assert notice.outbox_id is None and notice.due_on == clock.today()
    with pytest.raises(IllegalMove):
        letters.mark_posted(notice, clock.today(), by=me)
    letters.mark_printed([notice], by=me)
    kept = notice.document.content()
    assert "契約を更新しません。" in words_of(kept) and notice.number in words_of(kept)
    letters.mark_posted(notice, date(2026, 6, 24), by=me)
    assert notice.counts_since is None
    letters.mark_reached(notice, date(2026, 6, 26), by=me)
    assert notice.counts_since.date() == date(2026, 6, 26)
    with pytest.raises(IllegalMove):
        letters.mark_returned(notice, date(2026, 6, 27), by=me)


def test_a_document_that_was_changed_is_not_handed_out(world):
    notice = told(world, by_letter=True)
    letters.mark_printed([notice], by=world.admin.id)
    storage.path_of(notice.document.storage_key).write_bytes(b"%PDF another")
    with pytest.raises(ValueError, match="not what was kept"):
        notice.document.content()


def test_what_people_are_called_is_no_markup(world):
    world.ours.customer.name = "<b>太郎</b> & {{ 7*7 }}"
    notice = told(world)
    assert "<b>太郎</b> & {{ 7*7 }}" in notice.text
    assert "&lt;b&gt;太郎&lt;/b&gt; &amp; {{ 7*7 }}" in db.session.get(OutboxMail, notice.outbox_id).html


def test_notices_to_applicants_have_no_customer(world):
    notice = told(world, customer_id=None, about="application 1", kind=NoticeKind.initial_fee)
    outcome(notice, OutboxState.failed)
    assert db.session.scalars(sa.select(Notice).where(Notice.customer_id.is_(None))).all() == [notice]
