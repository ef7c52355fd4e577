"""Bounces on the screens: what people see of a mailing, a list, an address, and what staff do about it."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from tests import factories
from tests.bounces.mails import arrived, feedback, make_readers, message_id, report, return_path, sent_mailing
from tests.factories import World
from tests.page import Browser
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.bounces import jobs
from wem.bounces.models import Alarm, AlarmKind
from wem.bounces.states import Reason
from wem.bounces.taking import take
from wem.db import db
from wem.delivery.models import Dispatch
from wem.inbound import keeping
from wem.inbound.envelopes import Envelope
from wem.inbound.keeping import Arriving
from wem.inbound.models import InboundMail
from wem.inbound.states import Way
from wem.lists.subscription_models import Subscriber
from wem.mailings.models import held_by_staff

Make = Callable[..., Browser]


def come_back(dispatch: Dispatch, reader: Subscriber, reason: Reason = Reason.userunknown) -> None:
    take(arrived(return_path(dispatch, reader)), report(reader.address, reason))
    db.session.commit()


def test_the_bounces_of_a_mailing_say_why_and_what_to_do(world: World, browser_for: Make) -> None:
    first, second, third = world.ours.readers
    dispatch = sent_mailing(world.ours.mailing_list)
    come_back(dispatch, first)
    come_back(dispatch, second, Reason.spamdetected)
    take(arrived("fbl@mail.wem.example"), feedback(message_id(dispatch, third)))
    db.session.commit()
    browser = browser_for(world.ours.viewer)
    page = browser.get(f"/mailings/{dispatch.mailing_id}/bounces")
    for words in (
        "アドレスが存在しない",
        "迷惑メールやウイルスと判定された",
        "件名とリンクを見直してください",
        "迷惑メール報告への対応",
    ):
        assert words in page.text, words
    assert "tanaka" not in page.html
    result = browser.get(f"/mailings/{dispatch.mailing_id}/report")
    assert "アドレスが存在しない" in result.text and "迷惑メール報告" in result.text
    assert f"/mailings/{dispatch.mailing_id}/bounces" in result.html


def test_the_rate_of_complaints_stands_with_what_it_means(world: World, browser_for: Make) -> None:
    readers = make_readers(world.ours.mailing_list, 8)
    first, second = (sent_mailing(world.ours.mailing_list) for _ in range(2))
    for dispatch, some in ((first, readers[:2]), (second, readers[2:4])):
        for reader in some:
            take(arrived("fbl@mail.wem.example"), feedback(message_id(dispatch, reader)))
    first.accepted = second.accepted = 1_000
    db.session.commit()
    browser = browser_for(world.ours.viewer)
    for page in ("bounces", "report"):
        text = browser.get(f"/mailings/{first.mailing_id}/{page}").text
        for words in ("0.20%（受付1,000通のうち2件）", "注意：0.1%超", "0.20%（受付2,000通のうち4件）", "直近7日間"):
            assert words in text, (page, words)
        assert "1,000通に満たない" not in text
    first.accepted = 400
    db.session.commit()
    assert "1,000通に満たない" in browser.get(f"/mailings/{first.mailing_id}/report").text
    other = sent_mailing(world.ours.mailing_list)
    assert "迷惑メール報告の割合" not in browser.get(f"/mailings/{other.mailing_id}/report").text


def test_refusals_of_this_minute_are_said_to_be_read_yet(world: World, browser_for: Make) -> None:
    dispatch = sent_mailing(world.ours.mailing_list)
    dispatch.accepted, dispatch.bounced = 1, 2
    db.session.commit()
    come_back(dispatch, world.ours.readers[0])
    browser = browser_for(world.ours.owner)
    assert "理由を確認中" in browser.get(f"/mailings/{dispatch.mailing_id}/bounces").text
    assert "理由を確認中" in browser.get(f"/mailings/{dispatch.mailing_id}/report").text


def test_nothing_came_back_says_what_will_stand_there(world: World, browser_for: Make) -> None:
    dispatch = sent_mailing(world.ours.mailing_list)
    browser = browser_for(world.ours.owner)
    assert "不達はありません" in browser.get(f"/mailings/{dispatch.mailing_id}/bounces").text
    assert "不達はありません" in browser.get(f"/lists/{world.ours.mailing_list.id}/bounces").text


def test_the_bounces_of_a_list_over_time_and_by_reason(world: World, browser_for: Make) -> None:
    listed = world.ours.mailing_list
    dispatch = sent_mailing(listed)
    come_back(dispatch, world.ours.readers[0])
    come_back(dispatch, world.ours.readers[1], Reason.mailboxfull)
    browser = browser_for(world.ours.owner)
    page = browser.get(f"/lists/{listed.id}/bounces")
    assert "アドレスが存在しない" in page.text and "メールボックスがいっぱい" in page.text
    assert "不達（すべての理由）" in browser.get(f"/lists/{listed.id}/bounces?period=year").text
    of_one = browser.get(f"/lists/{listed.id}/bounces?cause=full").text
    assert "すべての理由" in of_one


def test_a_readers_page_shows_how_often_it_failed(world: World, browser_for: Make) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    for days in (14, 7):
        come_back(sent_mailing(listed, days), reader)
    page = browser_for(world.ours.owner).get(f"/lists/{listed.id}/subscribers/{reader.id}")
    assert "2回連続で不達" in page.text


def removed_reader(world: World) -> str:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    address = reader.address
    sent = [sent_mailing(listed, days) for days in (21, 14, 7)]
    for dispatch in sent:
        come_back(dispatch, reader)
    return address


def test_the_life_of_an_address_from_consent_to_removal(world: World, browser_for: Make) -> None:
    address = removed_reader(world)
    browser = browser_for(world.ours.owner)
    form = browser.get("/addresses/life").form("/addresses/life")
    page = browser.post("/addresses/life", {**form, "address": address})
    assert page.status == 200
    for words in (
        "自動削除（3回のメールが不達）",
        "不達：アドレスが存在しない",
        "登録なし",
        "t****@readers.example.com",
    ):
        assert words in page.text, words
    assert address not in page.html
    looked = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "subscriber.life")).one()
    assert (looked.account_id, looked.details["found"]) == (world.ours.owner.id, True)
    # Another customer knows nothing of it.
    other = browser_for(world.theirs.owner)
    form = other.get("/addresses/life").form("/addresses/life")
    assert "このアドレスの記録はありません" in other.post("/addresses/life", {**form, "address": address}).text


def test_staff_look_at_a_life_with_a_reason_only(world: World, browser_for: Make) -> None:
    address = removed_reader(world)
    browser = browser_for(world.admin)
    form = browser.get("/staff/bounces/life").form("/staff/bounces/life")
    assert browser.post("/staff/bounces/life", {**form, "address": address}).status == 422
    asked = {**form, "address": address, "reason": f"問合せ 12 {address}"}
    page = browser.post("/staff/bounces/life", asked)
    assert "自動削除" in page.text and world.ours.customer.name in page.text
    looked = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "subscriber.life")).one()
    assert (looked.customer_id, looked.account_id) == (world.ours.customer.id, world.admin.id)
    assert looked.details["note"] == "問合せ 12 <…>"


def test_staff_see_alarms_and_close_them(world: World, browser_for: Make) -> None:
    readers = make_readers(world.ours.mailing_list, 6)
    dispatch = sent_mailing(world.ours.mailing_list)
    for reader in readers:
        come_back(dispatch, reader, Reason.blocked)
    take(arrived("b.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@bounce.mail.wem.example"), report("someone@example.org"))
    db.session.commit()
    browser = browser_for(world.admin)
    page = browser.get("/staff/bounces")
    assert "弊社全体を拒否：受信拒否" in page.text
    assert "戻り先アドレスの偽造" in page.text and "s****@example.org" in page.text
    assert "警報" in browser.get("/staff/").text
    alarm = db.session.scalars(sa.select(Alarm)).one()
    url = f"/staff/bounces/alarms/{alarm.id}/close"
    form = page.form(url)
    assert browser.post(url, {**form, "note": ""}).status == 422
    browser.post(url, {**form, "note": "解除を申請した"})
    db.session.refresh(alarm)
    assert (alarm.closed_by, alarm.note) == (world.admin.id, "解除を申請した")
    assert "警報はありません" in browser.get("/staff/bounces").text


def test_a_report_of_nobody_leads_to_its_mail_as_long_as_that_is_kept(world: World, browser_for: Make) -> None:
    at = clock.now()
    envelope = Envelope(at, Way.lmtp, "", ("abuse@mail.wem.example",))
    keeping.keep([Arriving(envelope, b"From: m@mta.example\r\n\r\nx\r\n")])
    number = db.session.scalars(sa.select(InboundMail.id)).one()
    for each in (number, number + 1):
        take(arrived("fbl@mail.wem.example", each), feedback(None))
    alarm = {"kind": AlarmKind.postponed, "provider": "docomo", "trouble": "later", "domain": "shop.example.jp"}
    db.session.add(Alarm(key="later", number=30, first_at=at, last_at=at, customer_id=world.ours.customer.id, **alarm))
    dispatch = sent_mailing(world.ours.mailing_list)
    page = browser_for(world.admin).get("/staff/bounces")
    assert f'href="/staff/inbound/{number}"' in page.html and f"/staff/inbound/{number + 1}" not in page.html
    assert "docomo が shop.example.jp を一時的に拒否" in page.text.replace(
        "がshop.example.jpを", "が shop.example.jp を"
    )
    own = browser_for(world.ours.owner).get(f"/mailings/{dispatch.mailing_id}/bounces")
    assert "shop.example.jp からのメールを一時的に拒否しています" in own.text
    contracts = factories.make_account("契約 する子", "contracts@wem.example", staff_role=StaffRole.contracts)
    db.session.commit()
    assert "/staff/inbound/" not in browser_for(contracts).get("/staff/bounces").html, "may not open it"


def test_staff_release_a_held_customer_with_a_reason(world: World, browser_for: Make) -> None:
    readers = make_readers(world.ours.mailing_list, 8)
    dispatch = sent_mailing(world.ours.mailing_list)
    for reader in readers[:4]:
        take(arrived("fbl@mail.wem.example"), feedback(message_id(dispatch, reader)))
    db.session.commit()
    jobs.judge_complaints(world.ours.customer.id)
    browser = browser_for(world.admin)
    page = browser.get("/staff/bounces")
    assert "0.40%" in page.text and "0.3%超で保留" in page.text
    mailing = factories.make_mailing(world.ours.mailing_list)
    db.session.commit()
    check = browser_for(world.ours.owner).get(f"/mailings/{mailing.id}/check")
    assert "弊社の確認待ちです" in check.text
    url = f"/staff/bounces/holds/{world.ours.customer.id}/release"
    browser.post(url, {**page.form(url), "note": "読者の集め方を確認"})
    assert not held_by_staff(world.ours.customer.id)


def test_a_dead_notice_address_stands_on_the_work_list(world: World, browser_for: Make) -> None:
    world.ours.contract.notice_fails_since = clock.now()
    db.session.commit()
    browser = browser_for(world.admin)
    assert "お知らせメールの不着" in browser.get("/staff/").text
    url = f"/staff/bounces/notices/{world.ours.contract.id}/works"
    browser.post(url, browser.get("/staff/bounces").form(url))
    db.session.refresh(world.ours.contract)
    assert world.ours.contract.notice_fails_since is None
