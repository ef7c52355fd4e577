"""Contracts for staff: search, switch, details, new customers, and which role may what."""

from datetime import date

import pytest
import sqlalchemy as sa

from tests.contracts.stepping import send
from tests.factories import make_account, make_contract, make_customer, make_mailing
from wem.accounts.models import Customer, Invitation
from wem.accounts.rules import Role, StaffRole
from wem.audit import AuditEvent
from wem.contracts.models import Contract, Course
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.mailings.states import MailingState
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind
from wem.outbox import OutboxMail

NEW = {
    "name": "株式会社しんき",
    "kana": "かぶしきがいしゃしんき",
    "slug": "Shinki",
    "course": "standard",
    "start_date": "2026-12-01",
    "postal_code": "1900012",
    "postal_address": "東京都立川市曙町3-3-3",
    "contact": "info@shinki.example.jp",
    "notice_email": "info@shinki.example.jp",
    "owner_name": "新木 三郎",
    "owner_email": "owner@shinki.example.jp",
}


def staff(role):
    account = make_account(f"{role.value} 担当", staff_role=role)
    db.session.commit()
    return account


def contract_of(side):
    return db.session.get(Contract, side.contract.id)


# -- looking


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("髙橋", True),
        ("タカハシ", True),
        ("たかはし", True),
        ("ﾀｶﾊｼ", True),
        ("takahashi", True),
        ("%", False),
        ("山田", False),
    ],
)
def test_search(world, browser_for, words, found):
    page = browser_for(world.admin).get("/staff/contracts", query_string={"q": words})
    assert page.status == 200
    world.theirs.customer.kana = "ヤマダハナテン"
    assert (world.ours.contract.number in page.text) is found


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "words",
    [
        "高橋商店",  # 髙 and 高 are typed for one another
        "株式会社 髙橋",
        "株式会社　高橋商店",
        "ﾀｶﾊｼ ｼｮｳﾃﾝ",
        "タカハシショウテン",
        "ABC倉庫",  # written in wide letters
        "w26-12",
        "Ｗ２６－１２",
        "W26ー12",
        "W26−12",
        "042-555-1234",
        "０４２（５５５）１２３４",
        "042 555 1234",
        "0425551234",
        "５５５ー１２３４",
        "notice@shop.example.jp",
        "NOTICE@SHOP",
        "owner@takahashi.example.jp",
    ],
)
def test_search_in_whatever_width_and_with_whatever_hyphens(world, browser_for, words):
    contract = world.ours.contract
    contract.number, contract.phone = "W26-123456", "042-555-1234"
    contract.customer.name, contract.customer.kana = "株式会社髙橋商店 ＡＢＣ倉庫", "タカハシ ショウテン"
    world.theirs.customer.kana = "ヤマダ ハナテン"
    world.theirs.contract.notice_email = "hana@flowers.example.net"
    db.session.commit()
    page = browser_for(world.admin).get("/staff/contracts", query_string={"q": words})
    assert contract.number in page.text, words
    assert world.theirs.contract.number not in page.text, words


def test_search_by_number(world, browser_for):
    page = browser_for(world.admin).get("/staff/contracts", query_string={"q": world.ours.contract.number.lower()})
    assert world.ours.customer.name in page.text
    assert world.theirs.customer.name not in page.text


def test_paging_by_key(world, browser_for):
    for number in range(55):
        make_contract(make_customer(f"お客様{number}番"))
    db.session.commit()
    browser = browser_for(world.admin)
    page = browser.get("/staff/contracts")
    assert "お客様54番" in page.text and "お客様4番" not in page.text
    second = browser.get(page.soup.find("a", rel="next")["href"])
    assert "お客様4番" in second.text and world.ours.customer.name in second.text
    assert second.soup.find("a", rel="prev")


def test_one_contract_shows_people_and_its_own_trail(world, browser_for):
    send(browser_for(world.theirs.owner), "/contract/details", {"contact": "042-999-9999"})
    send(browser_for(world.ours.owner), "/contract/details", {"contact": "042-111-1111"})
    page = browser_for(world.admin).get(f"/staff/contracts/{world.ours.contract.id}")
    assert page.status == 200
    assert "owner@takahashi.example.jp" in page.text and "042-111-1111" in page.text
    assert "042-999-9999" not in page.html
    for reader in world.ours.readers:
        assert reader.address not in page.html
    assert browser_for(world.admin).get("/staff/contracts/999999").status == 404


# -- who may


@pytest.mark.parametrize("role", list(StaffRole))
def test_roles(world, browser_for, role):
    browser = browser_for(staff(role))
    may = role in (StaffRole.admin, StaffRole.contracts)
    path = f"/staff/contracts/{world.ours.contract.id}"
    assert browser.get("/staff/contracts").status == 200
    page = browser.get(path)
    assert page.status == 200
    assert (f"{path}/suspend" in page.html) is may
    for write in ("suspend", "details"):
        assert browser.get(f"{path}/{write}").status == (200 if may else 403)
    assert browser.get("/staff/contracts/new").status == (200 if may else 403)
    if not may:
        assert browser.post(f"{path}/suspend", {"ground": "nonpayment", "note": "x"}).status == 403
        assert browser.post(f"{path}/attested-uploads", {"on": "1"}).status == 403
        assert not contract_of(world.ours).suspended


def test_customers_and_partners_see_none_of_it(world, browser_for):
    for account in (world.ours.owner, world.partner):
        browser = browser_for(account)
        for path in ("/staff/contracts", f"/staff/contracts/{world.ours.contract.id}", "/staff/contracts/new"):
            assert browser.get(path).status == 404


# -- 停止 and 再開


def test_suspend_and_resume(world, browser_for):
    scheduled = make_mailing(world.ours.mailing_list, state=MailingState.scheduled)
    make_mailing(world.theirs.mailing_list, state=MailingState.scheduled)
    db.session.commit()
    person = staff(StaffRole.contracts)
    browser = browser_for(person)
    path = f"/staff/contracts/{world.ours.contract.id}"
    page = browser.get(f"{path}/suspend")
    assert "予約中のメール：1件" in page.text and "受付中の登録ページ：1件" in page.text
    customer = browser_for(world.ours.owner)
    assert customer.get("/lists").status == 200

    page = browser.submit(f"{path}/suspend", {"ground": "danger", "note": "3月分が未払い"})
    assert (page.status, page.location) == (303, path)
    contract = contract_of(world.ours)
    assert contract.suspended and contract.suspension_ground == "danger"
    assert db.session.scalars(sa.select(Stop.customer_id)).all() == [world.ours.customer.id]
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contract.suspend")).one()
    assert (event.account_id, event.details) == (person.id, {"ground": "danger", "note": "3月分が未払い"})
    assert customer.get("/lists").status == 403
    assert customer.get("/mailings").status == 403
    assert customer.get("/contract").status == 200
    assert customer.get("/dashboard").status == 200
    assert "利用停止中" in browser.get(path).text
    assert world.ours.customer.name in browser.get("/staff/").text

    page = browser.submit(f"{path}/resume", {"note": "入金を確認"})
    assert page.location == path
    assert not contract_of(world.ours).suspended
    assert db.session.scalar(sa.select(AuditEvent.id).where(AuditEvent.action == "contract.resume"))
    assert customer.get("/lists").status == 200
    assert scheduled.id


@pytest.mark.parametrize(
    "given", [{"note": "理由"}, {"ground": "nonpayment", "note": " "}, {"ground": "weather", "note": "x"}]
)
def test_suspension_needs_ground_and_note(world, browser_for, given):
    browser = browser_for(world.admin)
    page = browser.submit(f"/staff/contracts/{world.ours.contract.id}/suspend", given)
    assert page.status == 422
    errors = [error.get_text() for error in page.soup.select(".field-error")]
    assert errors and all(len(error) > len("エラー: ") for error in errors), errors  # said beside the field too
    assert not contract_of(world.ours).suspended


def test_suspending_twice_keeps_the_first(world, browser_for):
    browser = browser_for(world.admin)
    path = f"/staff/contracts/{world.ours.contract.id}/suspend"
    values = {**browser.get(path).form(), "ground": "danger", "note": "1回目"}
    browser.post(path, values)
    assert browser.post(path, {**values, "ground": "nonpayment", "note": "2回目"}).status == 303
    assert contract_of(world.ours).suspension_note == "1回目"


def test_attested_uploads_switch(world, browser_for):
    browser = browser_for(world.admin)
    path = f"/staff/contracts/{world.ours.contract.id}"
    for on in (True, False):
        page = browser.submit(path, action="attested-uploads")
        assert page.location == path
        assert contract_of(world.ours).attested_uploads is on
    assert not contract_of(world.theirs).attested_uploads
    events = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contract.attested_uploads")).all()
    assert [event.details["on"] for event in events] == [True, False]


def test_staff_change_the_sender_name(world, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}"
    page = browser_for(world.admin).submit(f"{path}/details", {"sender_name": "株式会社髙橋本店"})
    assert page.location == path
    assert contract_of(world.ours).sender_name == "株式会社髙橋本店"
    assert contract_of(world.theirs).sender_name == "有限会社山田花店"
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.details_mended)).one()
    assert "株式会社髙橋本店" in told.text and told.customer_id == world.ours.customer.id


# -- a new customer


@pytest.mark.both_databases
def test_new_customer(world, browser_for):
    page = browser_for(world.admin).submit("/staff/contracts/new", NEW)
    assert page.status == 303, page.text
    customer = db.session.scalars(sa.select(Customer).where(Customer.slug == "shinki")).one()
    contract = db.session.scalars(sa.select(Contract).where(Contract.customer_id == customer.id)).one()
    assert page.location == f"/staff/contracts/{contract.id}"
    assert customer.kana == "カブシキガイシャシンキ"
    assert contract.number.startswith("W") and contract.number.endswith(f"{contract.id:06}")
    assert (contract.sender_name, contract.postal_code) == ("株式会社しんき", "190-0012")
    assert contract.start_date == date(2026, 12, 1) and not contract.missing_legal_items
    assert contract.course.code == "standard" and contract.tiers
    invitation = db.session.scalars(sa.select(Invitation).where(Invitation.customer_id == customer.id)).one()
    assert (invitation.email, invitation.role) == ("owner@shinki.example.jp", Role.owner)
    assert db.session.scalar(sa.select(OutboxMail.recipient)) == "owner@shinki.example.jp"


def test_two_new_customers_share_the_sample_course(world, browser_for):
    browser = browser_for(world.admin)
    browser.submit("/staff/contracts/new", NEW)
    browser.submit("/staff/contracts/new", {**NEW, "slug": "shinki2"})
    courses = sa.select(sa.func.count()).select_from(Course).where(Course.code == "standard")
    assert db.session.scalar(courses) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slug", "takahashi"),
        ("slug", "postmaster"),
        ("slug", "a"),
        ("kana", "新木"),
        ("course", "none"),
        ("start_date", ""),
        ("owner_email", "nobody"),
        ("postal_code", "1"),
    ],
)
def test_bad_input_makes_nothing(world, browser_for, name, value):
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Customer))
    page = browser_for(world.admin).submit("/staff/contracts/new", {**NEW, name: value})
    assert page.status == 422
    assert page.soup.select(f'[name="{name}"][aria-invalid="true"]')
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Customer)) == before
