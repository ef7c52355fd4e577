"""What customers ask for on their screens, what staff answer, and what comes of it on its day."""

import io
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.stepping import confirm, send
from tests.factories import (
    make_account,
    make_campaign,
    make_contract,
    make_course,
    make_customer,
    make_option,
    make_receivable,
)
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.clock import JAPAN
from wem.contracts import costing, jobs, requesting, withdrawing
from wem.contracts.agreed import fee_of_month
from wem.contracts.mandate_models import of_request
from wem.contracts.models import Contract
from wem.contracts.request_models import Channel, ContractRequest, RequestKind
from wem.contracts.requesting import Way
from wem.contracts.rules import ContractState, EndReason, Use
from wem.contracts.state_rules import Illegal, MandateState, RequestState
from wem.db import db
from wem.lists.count_models import MonthPeak
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind
from wem.outbox import OutboxMail


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def contract_of(side):
    return db.session.get(Contract, side.contract.id, populate_existing=True)


def only_request():
    return db.session.scalars(sa.select(ContractRequest).order_by(ContractRequest.id.desc())).first()


def audited(action):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


# -- cancellation


def test_the_page_says_what_cancelling_today_would_mean(world, browser_for):
    with at("2026-07-20T12:00"):
        page = browser_for(world.ours.viewer).get("/contract")
    outlook = page.soup.select_one("#outlook").get_text()
    assert "2026年8月1日（土）" in outlook and "2026年7月31日（金）" in outlook and "なし" in outlook
    assert "/contract/cancel" not in page.html  # the owner's
    with at("2026-03-10T12:00"):
        page = browser_for(world.ours.owner).get("/contract")
    outlook = page.soup.select_one("#outlook").get_text()
    # April to July at 3,300 yen.
    assert "4か月分" in outlook and "13,200円" in outlook
    assert "早くて2026年8月1日（土）からです。最低利用期間が2026年7月31日（金）まで" in outlook
    assert "/contract/cancel" in page.html


def test_months_that_a_campaign_frees_cost_nothing_and_the_first_is_that_of_the_lowest_tier(world):
    contract = make_contract(
        make_customer("春の店"),
        start_date=date(2026, 1, 15),
        course=make_course("段", [[1_000, 3_000], [3_000, 6_000]]),
        campaign=make_campaign("春", date(2026, 1, 1), free_months=3),
    )
    db.session.flush()
    months = [date(2026, month, 1) for month in (1, 2, 3, 4)]
    assert [fee_of_month(contract, 2_000, month) for month in months] == [0, 0, 0, 6_000]
    outlook = costing.leaving_today(contract, datetime(2026, 1, 20, 12, tzinfo=JAPAN), 2_000)
    assert outlook.fees == [0, 0, *[6_000] * (len(outlook.fees) - 2)] and len(outlook.fees) > 3
    contract.campaign = None
    assert [fee_of_month(contract, 2_000, month) for month in months] == [3_000, 6_000, 6_000, 6_000]
    assert fee_of_month(contract, 5_000, months[1]) is None


def test_what_leaving_costs_knows_the_change_that_is_asked_for(world, browser_for):
    other, lesson = make_course("プレミアム", [[1000, 8000]]), make_option("講習", 1000)
    db.session.commit()
    with at("2026-03-09T12:00"):
        owner, staff = browser_for(world.ours.owner), browser_for(world.admin)

        def outlook():
            return dict(costing.leaving_today(contract_of(world.ours), clock.now(), 0).costs())

        def asks(path, given):
            send(owner, path, given)
            return only_request()

        # April to July: 3,300 yen each, then 8,800 from May.
        assert list(outlook().values()) == ["4か月分、現在の月内最大数で13,200円（税込）"]
        row = asks("/contract/course", {"course": other.code, "wanted": "2026-05-01"})
        assert "承諾された場合" in list(outlook())[1]
        now, then = outlook().values()
        assert "13,200円" in now and "29,700円" in then
        assert "29,700円" in owner.get("/contract").soup.select_one("#outlook").get_text()
        staff.submit(f"/staff/requests/{row.id}", action="/accept")
        assert ["29,700円" in text for text in outlook().values()] == [True]
        row = asks("/contract/options", {"options": [lesson.code], "wanted": "2026-06-01"})
        staff.submit(f"/staff/requests/{row.id}", action="/accept")
        # 1,100 yen more in June and July.
        assert ["31,900円" in text for text in outlook().values()] == [True]


def test_cancel_in_three_steps_then_the_end_by_its_day(world, browser_for):
    with at("2026-07-20T12:00"):
        browser = browser_for(world.ours.owner)
        page = confirm(browser, "/contract/cancel", {})
        assert "2026年8月1日（土）" in page.text and "まだ送信していません" in page.text
        assert contract_of(world.ours).state is ContractState.active
        values = {**page.form(""), "step": "done"}
        page = browser.post("/contract/cancel", values)
        # Pressed twice it is one request.
        assert browser.post("/contract/cancel", values).location == page.location
        assert "取り下げる" in browser.get(page.location).text
        again = browser.get("/contract/cancel")
        assert "お手続きいただけません" in again.text
    contract, row = contract_of(world.ours), only_request()
    assert (contract.state, contract.leaves_on) == (ContractState.leaving, date(2026, 8, 1))
    assert (row.state, row.effective_on) == (RequestState.waiting, date(2026, 8, 1))
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "notice")).one()
    assert mail.recipient == "notice@shop.example.jp" and "解約を受け付けました" in mail.subject
    assert "2026年7月31日（金）" in mail.text
    assert contract.permits(Use.send, date(2026, 7, 31)) and not contract.permits(Use.send, date(2026, 8, 1))
    with at("2026-08-03T00:05"):  # late, and twice
        assert jobs.apply_due() == 2  # theirs is renewed
        assert jobs.apply_due() == 0
    contract, row = contract_of(world.ours), only_request()
    assert (contract.state, contract.ended_on, contract.end_reason) == (
        ContractState.ended,
        date(2026, 8, 1),
        EndReason.cancelled,
    )
    assert row.state is RequestState.applied
    assert contract_of(world.theirs).state is ContractState.active


@pytest.mark.parametrize(
    ("on", "status"), [("2026-07-31T23:59:59", RequestState.withdrawn), ("2026-08-01T00:00:00", RequestState.waiting)]
)
def test_a_cancellation_is_withdrawn_until_it_holds(world, browser_for, on, status):
    with at("2026-07-20T12:00"):
        browser = browser_for(world.ours.owner)
        page = send(browser, "/contract/cancel", {})
    with at(on):
        browser.sign_in(world.ours.owner)
        browser.post(f"{page.location}/withdraw")
        if status is RequestState.withdrawn:
            shown = browser.get(page.location)
            assert "取り下げ" in shown.text and "控えを" not in shown.text and not shown.soup.select(".steps")
    assert only_request().state is status
    expected = ContractState.active if status is RequestState.withdrawn else ContractState.leaving
    assert contract_of(world.ours).state is expected


def test_a_later_month_is_honoured(world, browser_for):
    with at("2026-07-20T12:00"):
        send(browser_for(world.ours.owner), "/contract/cancel", {"wanted": "2026-10-01"})
        for who, page in ((world.ours.owner, "/contract"), (world.admin, f"/staff/contracts/{world.ours.contract.id}")):
            assert "解約予定" in browser_for(who).get(page).text
    assert contract_of(world.ours).leaves_on == date(2026, 10, 1)


# -- course and options


@pytest.mark.parametrize(
    ("on", "effective"), [("2026-03-10T23:59:59", date(2026, 4, 1)), ("2026-03-11T00:00:00", date(2026, 5, 1))]
)
def test_change_of_course_by_the_10th(world, browser_for, on, effective):
    other = make_course("プレミアム", [[1000, 8000]])
    person = make_account("契約 担当", staff_role=StaffRole.contracts)
    db.session.commit()
    with at(on):
        browser = browser_for(world.ours.owner)
        assert "月額8,800円（税込）から（1,000件まで）" in browser.get("/contract/course").text
        page = confirm(browser, "/contract/course", {"course": other.code})
        for words in ("3,300円", "8,800円", "プレミアム", "同意します", "1,000件まで8,800円"):
            assert words in page.text
        page = browser.post("/contract/course", {**page.form(""), "step": "done"})
        assert page.status == 303
    row = only_request()
    assert (row.state, row.effective_on) == (RequestState.received, effective)
    assert "8,800円" in row.agreed and "同意します" in row.agreed
    assert f"{effective.year}年{effective.month}月1日" in row.agreed
    with at("2026-03-12T10:00"):
        staff = browser_for(person)
        assert "/staff/requests/" in staff.get("/staff/").html
        assert "承諾する" in staff.get(f"/staff/requests/{row.id}").text
        page = staff.submit(f"/staff/requests/{row.id}", action="accept")
        assert page.status == 303
    assert only_request().state is RequestState.waiting
    with at(f"{effective - timedelta(days=1)}T23:59:59"):
        jobs.apply_due()
        assert contract_of(world.ours).course.name == "スタンダード"
    with at(f"{effective}T00:00:00"):
        jobs.apply_due()
        jobs.apply_due()
    assert contract_of(world.ours).course.name == "プレミアム"
    assert only_request().state is RequestState.applied
    assert len(audited("request.apply")) == 1


def test_debts_come_first(world, browser_for):
    other = make_course("プレミアム", [[1000, 8000]])
    make_receivable(world.ours.contract, date(2026, 3, 4))
    db.session.commit()
    with at("2026-03-05T12:00"):
        browser = browser_for(world.ours.owner)
        assert "3,300円が未払いです" in browser.get("/contract/course").text
        page = send(browser, "/contract/course", {"course": other.code})
        assert page.status == 422 and "清算してください" in page.text
    assert only_request() is None
    assert [event.details["denied"] for event in audited("request.denied")] == ["overdue"]
    # What is due today is not overdue.
    with at("2026-03-04T12:00"):
        browser.sign_in(world.ours.owner)
        assert send(browser, "/contract/course", {"course": other.code}).status == 303


def test_staff_refuse_with_a_reason(world, browser_for):
    other = make_course("プレミアム", [[1000, 8000]])
    db.session.commit()
    with at("2026-03-05T12:00"):
        send(browser_for(world.ours.owner), "/contract/course", {"course": other.code})
        row = only_request()
        staff = browser_for(world.admin)
        assert staff.submit(f"/staff/requests/{row.id}", action="refuse").status == 422
        staff.submit(f"/staff/requests/{row.id}", {"reason": "設備の都合"}, action="refuse")
    row = only_request()
    assert (row.state, row.reason, row.decided_by) == (RequestState.refused, "設備の都合", world.admin.id)
    mails = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id)).all()
    assert "設備の都合" in mails[-1].text and "不承諾" in mails[-1].subject
    with at("2026-03-05T12:20"):
        staff.post(f"/staff/requests/{row.id}/accept", {"effective": "2026-04-01"})
    assert only_request().state is RequestState.refused
    assert audited("request.denied_accept")


def test_options_are_added_and_removed_on_their_day(world, browser_for):
    paper, lesson = make_option("紙の請求書", 500), make_option("講習", 8000)
    db.session.commit()
    with at("2026-03-05T12:00"):
        send(browser_for(world.ours.owner), "/contract/options", {"options": [paper.code, lesson.code]})
        browser_for(world.admin).submit(f"/staff/requests/{only_request().id}", action="accept")
    with at("2026-04-01T00:01"):
        jobs.apply_due()
    contract = contract_of(world.ours)
    assert {option.name for option in contract.options_on(date(2026, 4, 1))} == {"紙の請求書", "講習"}
    assert contract.options_on(date(2026, 3, 31)) == []
    with at("2026-04-11T12:00"):
        browser = browser_for(world.ours.owner)
        assert "紙の請求書" in browser.get("/contract").text
        send(browser, "/contract/options", {"options": [lesson.code]})
        browser_for(world.admin).submit(f"/staff/requests/{only_request().id}", action="accept")
    with at("2026-06-01T00:01"):
        jobs.apply_due()
    contract = contract_of(world.ours)
    assert [option.name for option in contract.options_on(date(2026, 5, 31))] == ["紙の請求書", "講習"]
    assert [option.name for option in contract.options_on(date(2026, 6, 1))] == ["講習"]


def test_a_month_that_closed_while_the_page_stood_open_says_the_first_that_is_possible(world, browser_for):
    other = make_course("プレミアム", [[1000, 8000]])
    db.session.commit()
    with at("2026-03-10T23:59"):
        owner = browser_for(world.ours.owner)
        filled = confirm(owner, "/contract/course", {"course": other.code, "wanted": "2026-04-01"}).form("")
    with at("2026-03-11T00:01"):
        page = owner.post("/contract/course", {**filled, "step": "done"})
        assert page.status == 422 and only_request() is None
        assert "2026年4月は、受付が終わりました。今から選べる最初は2026年5月です" in page.text
        page = owner.post("/contract/course", {**filled, "wanted": "1999-13-99", "step": "done"})
        assert page.status == 422 and "一覧から選んでください" in page.text


# -- filing


def test_what_was_filed_on_paper_by_mistake_is_taken_back_before_its_day(world):
    contract = world.ours.contract
    with at("2026-03-20T12:00"):
        way = Way(world.admin.id, clock.now(), channel=Channel.letter)
        row = requesting.change_details(contract, {"contact": "042-111-2222"}, date(2026, 4, 1), way)
        withdrawing.undo(row, "別のお客様の書面でした", by=world.admin.id)
        assert row.state is RequestState.withdrawn and told().kind is NoticeKind.request_undone
        assert "誤って入力した" in told().text and "042-111-2222" in told().text
        db.session.commit()
    with at("2026-04-01T00:05"):
        jobs.apply_due()
        assert contract_of(world.ours).contact == "info@shop.example.jp"
        # What holds already stands.
        held = requesting.change_details(contract, {"contact": "042-111-3333"}, date(2026, 4, 1), way)
        with pytest.raises(Illegal):
            withdrawing.undo(held, "誤り", by=world.admin.id)
    assert held.state is RequestState.applied


def test_details_wait_for_their_day_and_late_ones_are_marked(world, browser_for):
    with at("2026-03-20T12:00"):
        browser = browser_for(world.ours.owner)
        send(browser, "/contract/details", {"contact": "042-111-2222", "planned": "2026-04-01"})
        assert contract_of(world.ours).contact == "info@shop.example.jp"
    with at("2026-04-01T00:01"):
        jobs.apply_due()
    assert contract_of(world.ours).contact == "042-111-2222"
    assert not only_request().late
    with at("2026-04-12T00:00"):
        browser.sign_in(world.ours.owner)
        send(browser, "/contract/details", {"phone": "０４２ー１２３ー４５６７", "planned": "2026-04-01"})
        row = only_request()
        assert row.late and row.wish["details"]["phone"] == ["", "042-123-4567"]
        assert contract_of(world.ours).phone == "042-123-4567"
        send(browser, "/contract/details", {"person": "髙橋", "planned": "2026-01-01", "correction": "y"})
        assert not only_request().late
        page = browser_for(world.admin).get("/staff/contracts", query_string={"q": "0421234567"})
        assert world.ours.customer.name in page.text and world.theirs.customer.name not in page.text


def test_a_new_name_is_staffs_to_accept(world, browser_for):
    with at("2026-03-20T12:00"):
        new = {"name": "株式会社髙橋本店", "kana": "たかはしほんてん", "evidence": "登記事項証明書"}
        send(browser_for(world.ours.owner), "/contract/name", new)
        assert contract_of(world.ours).customer.name == "株式会社髙橋商店"
        browser_for(world.admin).submit(f"/staff/requests/{only_request().id}", action="accept")
    contract = contract_of(world.ours)
    assert (contract.customer.name, contract.customer.kana) == ("株式会社髙橋本店", "タカハシホンテン")
    assert contract.sender_name == "株式会社髙橋本店"
    assert only_request().state is RequestState.applied


# -- on paper


def test_staff_enter_what_came_by_letter_and_receipt_decides(world, browser_for):
    with at("2026-08-03T09:00"):
        browser = browser_for(world.admin)
        path = f"/staff/contracts/{world.ours.contract.id}/entry"
        given = {"kind": "cancel", "channel": "letter", "received": "2026-07-31T17:00"}
        assert browser.submit(path, {**given, "received": "2026-08-03T10:00"}).status == 422
        assert browser.submit(path, given).status == 303
    row = only_request()
    assert (row.channel, row.effective_on) == (Channel.letter, date(2026, 8, 1))
    with at("2026-08-03T09:10"):
        jobs.apply_due()
    assert contract_of(world.ours).ended_on == date(2026, 8, 1)


def test_a_mail_sent_on_the_10th_may_be_accepted_so(world, browser_for):
    other = make_course("プレミアム", [[1000, 8000]])
    db.session.commit()
    with at("2026-03-11T09:00"):
        browser = browser_for(world.admin)
        given = {
            "kind": "course",
            "channel": "mail",
            "received": "2026-03-11T00:02",
            "sent": "2026-03-10T23:58",
            "note": "プレミアムに",
        }
        browser.submit(f"/staff/contracts/{world.ours.contract.id}/entry", {**given, "course": other.code})
        row = only_request()
        assert row.effective_on == date(2026, 5, 1)
        page = browser.get(f"/staff/requests/{row.id}")
        assert "2026年4月1日（水）から適用できます" in page.text
        browser.submit(f"/staff/requests/{row.id}", {"effective": "2026-04-01"}, action="accept")
    assert (only_request().state, only_request().effective_on) == (RequestState.waiting, date(2026, 4, 1))


def test_of_a_letter_its_scan_is_kept_and_no_sentence_that_nobody_saw(world, browser_for):
    paper = make_option("紙の請求書", 500)
    db.session.commit()
    with at("2026-03-05T12:00"):
        staff, path = browser_for(world.admin), f"/staff/contracts/{world.ours.contract.id}/entry"
        given = {"kind": "options", "channel": "letter", "received": "2026-03-05T10:00", "options": [paper.code]}
        assert staff.submit(path, given).status == 422
        assert staff.submit(path, {**given, "scan": (io.BytesIO(b"%PDF-1.7 signed"), "a.pdf")}).status == 303
        row = only_request()
        assert (row.agreed, row.wish["add"]) == ("", [paper.code])
        page = staff.get(f"/staff/requests/{row.id}")
        assert "お申し出の内容（書面など）が根拠" in page.text and "同意した内容" not in page.text
        scan = page.soup.find("a", string=f"request-{row.id}.pdf")["href"]
        assert staff.get(scan).response.get_data() == b"%PDF-1.7 signed"


def test_a_wrong_entry_is_taken_back_by_staff_and_a_customers_own_is_not(world, browser_for):
    with at("2026-07-20T12:00"):
        staff, path = browser_for(world.admin), f"/staff/contracts/{world.ours.contract.id}/entry"
        staff.submit(path, {"kind": "cancel", "channel": "letter", "received": "2026-07-20T10:00"})
        by_phone = {"kind": "cancel", "channel": "phone", "received": "2026-07-20T10:00"}
        assert "お電話された方" in staff.submit(path, by_phone).text
        row, contract = only_request(), contract_of(world.ours)
        assert contract.state is ContractState.leaving
        page = staff.get(f"/staff/requests/{row.id}")
        assert "受付済み（適用待ち）" in page.text and "承諾" not in page.soup.select_one("main").get_text()
        assert staff.submit(f"/staff/requests/{row.id}", {"undo-reason": " "}, action="/undo").status == 422
        staff.submit(f"/staff/requests/{row.id}", {"undo-reason": "別のお客様の書面でした"}, action="/undo")
        row = only_request()
        assert (row.state, contract_of(world.ours).state) == (RequestState.withdrawn, ContractState.active)
        assert told().kind is NoticeKind.request_undone
        assert "誤入力の取消し" in staff.get(f"/staff/requests/{row.id}").text
        assert "これまでどおり継続" in told().text and "最終日" not in told().text
        assert "誤って入力した" in told().text and "別のお客様の書面でした" in told().text
        assert [event.details["note"] for event in audited("request.undo")] == ["別のお客様の書面でした"]
        # What the customer sent is theirs to withdraw; and what holds already stands.
        owner = browser_for(world.ours.owner)
        send(owner, "/contract/cancel", {})
        own = only_request()
        assert "/undo" not in staff.get(f"/staff/requests/{own.id}").html
        staff.post(f"/staff/requests/{own.id}/undo", {"undo-reason": "x"})
        staff.post(f"/staff/requests/{row.id}/undo", {"undo-reason": "x"})
    assert contract_of(world.ours).state is ContractState.leaving
    assert len(audited("request.denied_undo")) == 2


def test_nothing_is_accepted_from_a_day_on_which_the_contract_is_over(world, browser_for):
    other = make_course("プレミアム", [[1000, 8000]])
    db.session.commit()
    with at("2026-03-09T12:00"):
        owner, staff = browser_for(world.ours.owner), browser_for(world.admin)
        send(owner, "/contract/course", {"course": other.code})
        change = only_request()
        send(owner, "/contract/cancel", {})
        staff.submit(f"/staff/requests/{change.id}", {"effective": "2026-08-01"}, action="accept")
        assert db.session.get(ContractRequest, change.id, populate_existing=True).state is RequestState.received
        staff.submit(f"/staff/requests/{change.id}", {"effective": "2026-07-01"}, action="accept")
        assert db.session.get(ContractRequest, change.id, populate_existing=True).state is RequestState.waiting


def on_paper(world, kind):
    return f"/staff/contracts/{world.ours.contract.id}/entry/{kind}"


POSTED = {"channel": "letter", "received": "2026-04-13T10:00"}


def told():
    return db.session.scalars(sa.select(Notice).order_by(Notice.id.desc())).first()


def test_details_on_paper_have_their_receipt_and_lateness(world, browser_for):
    world.ours.contract.notice_email = ""
    db.session.commit()
    with at("2026-04-14T09:00"):
        browser = browser_for(world.admin)
        assert on_paper(world, "details") in browser.get(f"/staff/contracts/{world.ours.contract.id}/entry").html
        # Notices go by letter: no mail address is asked for.
        values = {**POSTED, "postal_address": "東京都立川市緑町1-1", "planned": "2026-04-01"}
        assert browser.submit(on_paper(world, "details"), {**values, "received": "2026-04-14T10:00"}).status == 422
        page = browser.submit(on_paper(world, "details"), values)
        row = only_request()
        assert page.location == f"/staff/requests/{row.id}"
        assert (row.kind, row.channel, row.state, row.late) == (
            RequestKind.details,
            Channel.letter,
            RequestState.applied,
            True,
        )
        receipt = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.details_changed)).one()
        assert receipt.channel.value == "letter" and "2026年4月13日（月）" in str(receipt.words)
        assert contract_of(world.ours).postal_address == "東京都立川市緑町1-1"
        # The same again changes nothing; an error of the customer's is never late.
        assert browser.submit(on_paper(world, "details"), values).location.endswith(f"/{world.ours.contract.id}")
        browser.submit(on_paper(world, "details"), {**values, "person": "髙橋", "correction": "y"})
        assert (only_request().kind, only_request().late) == (RequestKind.correction, False)
        # So does the customer file it by themselves.
        assert send(browser_for(world.ours.owner), "/contract/details", {"person": "髙橋 花子"}).status == 303


def test_a_mail_address_is_needed_where_notices_go_by_mail(world, browser_for):
    with at("2026-04-14T09:00"):
        page = browser_for(world.admin).submit(
            on_paper(world, "details"), {**POSTED, "notice_email": "", "planned": "2026-04-01"}
        )
    assert page.status == 422 and contract_of(world.ours).notice_email


def test_a_name_on_paper_waits_for_an_answer(world, browser_for):
    new = {"name": "株式会社髙橋本店", "kana": "たかはしほんてん", "evidence": "登記 old@readers.example.com"}
    with at("2026-04-14T09:00"):
        browser = browser_for(world.admin)
        browser.submit(on_paper(world, "name"), {**POSTED, **new, "planned": "2026-04-10"})
        row = only_request()
        assert (row.kind, row.state, row.late) == (RequestKind.name, RequestState.received, False)
        assert "old@" not in str(told().words) and "old@" in browser.get(f"/staff/requests/{row.id}").text
        assert "o****@readers.example.com" in browser_for(world.ours.owner).get(f"/contract/requests/{row.id}").text
        page = browser.submit(on_paper(world, "name"), {**POSTED, **new, "name": "別", "planned": "2026-04-10"})
        assert page.status == 422, "one at a time"


@pytest.mark.parametrize("sealed", [True, False])
def test_an_account_on_paper_brings_its_form_or_waits_for_it(world, browser_for, sealed):
    values = {"bank": "0001", "branch": "001", "account_number": "1234567", "account_holder": "タカハシ"}
    values |= {"sealed": "y"} if sealed else {}
    with at("2026-04-14T09:00"):
        page = browser_for(world.admin).submit(on_paper(world, "bank"), {**POSTED, **values, "planned": "2026-04-10"})
        assert page.status == 303, page.text
    row = only_request()
    mandate = of_request(row.id)
    assert (row.kind, row.channel, row.late) == (RequestKind.bank, Channel.letter, False)
    if sealed:
        assert (row.state, mandate.state, mandate.received_on) == (
            RequestState.checking,
            MandateState.received,
            date(2026, 4, 13),
        )
    else:
        assert (row.state, mandate.state) == (RequestState.received, MandateState.missing)
    assert ("受け取りました" in str(told().words["after"])) is sealed


def test_only_who_changes_contracts_enters_filings(world, browser_for):
    support = make_account("窓口 花子", staff_role=StaffRole.support)
    db.session.commit()
    for kind in ("details", "name", "bank"):
        assert browser_for(support).get(on_paper(world, kind)).status == 403


# -- another's


def test_anothers_requests_are_not_there(world, browser_for):
    with at("2026-03-20T12:00"):
        page = send(browser_for(world.theirs.owner), "/contract/details", {"contact": "042-111-2222"})
        for who in (world.ours.owner, world.partner, world.admin):
            assert browser_for(who).get(page.location).status == 404
            assert browser_for(who).post(f"{page.location}/withdraw").status == 404
    editor = browser_for(world.ours.editor)
    for path in ("cancel", "course", "options", "details", "name", "bank", "resume"):
        assert editor.get(f"/contract/{path}").status == 403
        assert editor.post(f"/contract/{path}", {"step": "done"}).status == 403
    assert clock.today()


# -- what cannot be


def test_a_change_that_the_end_comes_before_is_refused(world, browser_for):
    other = make_course("プレミアム", [[1000, 8000]])
    db.session.commit()
    with at("2026-07-20T12:00"):
        browser = browser_for(world.ours.owner)
        open_page = confirm(browser, "/contract/course", {"course": other.code})
        send(browser, "/contract/cancel", {})  # out on 1 August
        assert "お手続きいただけません" in browser.get("/contract/course").text
        page = browser.post("/contract/course", {**open_page.form(""), "step": "done"})
    assert page.status == 422 and "適用される前に契約が終了します" in page.text
    assert [event.details["denied"] for event in audited("request.denied")] == ["ends before"]
    assert only_request().effective_on == date(2026, 8, 1)


def test_nobody_asks_before_there_is_a_contract(world, browser_for):
    with at("2026-03-10T09:00"):
        given = {"kind": "cancel", "channel": "letter", "received": "2025-12-31T10:00"}
        page = browser_for(world.admin).submit(f"/staff/contracts/{world.ours.contract.id}/entry", given)
        assert page.status == 422 and "受付日時が契約より前" in page.text
        given |= {"received": "2026-03-09T10:00", "sent": "2026-03-09T10:01"}
        page = browser_for(world.admin).submit(f"/staff/contracts/{world.ours.contract.id}/entry", given)
        assert page.status == 422 and "発信日時が受付日時より後" in page.text
    assert only_request() is None


def test_words_that_have_changed_are_read_again(world, browser_for):
    other = make_course("プレミアム", [[1000, 8000], [5000, 12000]])
    db.session.commit()
    with at("2026-03-05T12:00"):
        browser = browser_for(world.ours.owner)
        page = confirm(browser, "/contract/course", {"course": other.code})
        assert "8,800円" in page.text
        # An upload goes through while the page is open.
        month = date(2026, 3, 1)
        peak = db.session.get(MonthPeak, (world.ours.customer.id, month)) or MonthPeak(
            customer_id=world.ours.customer.id, month=month, opening=3
        )
        peak.peak, peak.reached_at = 1200, clock.now()
        db.session.add(peak)
        again = browser.post("/contract/course", {**page.form(""), "step": "done"})
        assert again.status == 409 and "13,200円" in again.text and "内容が変わりました" in again.text
        assert only_request() is None
        # Nobody agrees by hand to what was never shown.
        assert browser.post("/contract/course", {**again.form(""), "agreed": "", "step": "done"}).status == 409
        assert browser.post("/contract/course", {**again.form(""), "step": "done"}).status == 303
    assert "13,200円" in only_request().agreed


def test_what_fell_due_before_the_end_is_done_before_it(world, browser_for):
    with at("2026-07-20T12:00"):
        browser = browser_for(world.ours.owner)
        send(browser, "/contract/cancel", {})
        send(browser, "/contract/details", {"planned": "2026-07-30", "person": "後任 花子"})
    with at("2026-08-03T03:00"):  # three days late
        jobs.apply_due()
        jobs.apply_due()
    contract = contract_of(world.ours)
    assert (contract.person, contract.ended_on) == ("後任 花子", date(2026, 8, 1))
    states = db.session.scalars(sa.select(ContractRequest.state).order_by(ContractRequest.id)).all()
    assert states == [RequestState.applied, RequestState.applied]
