"""The customer's contract, its details and the start page."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.contracts.stepping import send
from tests.factories import make_account, make_contract, make_customer, make_member
from wem import clock
from wem.audit import AuditEvent
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, SuspensionGround
from wem.db import db
from wem.lists.models import MailingList
from wem.mailings.models import Mailing

DETAILS = {
    "postal_code": "１９００００２",
    "postal_address": "東京都立川市幸町2-2-2",
    "contact": "042-000-0000",
    "notice_email": "Shop@Takahashi.example.jp",
}


def test_contract_shows_course_peak_and_the_five_items(world, browser_for):
    page = browser_for(world.ours.viewer).get("/contract")
    assert page.status == 200
    for words in (world.ours.contract.number, "スタンダード", "3,300円（税込）", "利用中", "株式会社髙橋商店"):
        assert words in page.text
    for words in ("〒190-0012 東京都立川市曙町1-1-1", "info@shop.example.jp", "配信停止の受付先", "配信を停止できる旨"):
        assert words in page.text
    assert world.theirs.contract.number not in page.html
    here = next(row for row in page.soup.select("#tiers tbody tr") if "月内最大数" in row.get_text())
    assert "1,000件まで" in here.get_text()


def test_owner_changes_details_but_not_the_sender(world, browser_for):
    browser = browser_for(world.ours.owner)
    page = browser.get("/contract/details")
    assert "sender_name" not in page.form("")
    page = send(browser, "/contract/details", {**DETAILS, "sender_name": "別の名前"})
    assert page.status == 303 and page.location.startswith("/contract/requests/")
    contract = db.session.get(Contract, world.ours.contract.id)
    assert (contract.postal_code, contract.contact) == ("190-0002", "042-000-0000")
    assert contract.notice_email == "shop@takahashi.example.jp"
    assert contract.sender_name == "株式会社髙橋商店"
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contract.details")).one()
    assert event.details["postal_code"] == ["190-0012", "190-0002"]
    assert (event.account_id, event.customer_id) == (world.ours.owner.id, world.ours.customer.id)


def test_the_same_details_again_are_no_change(world, browser_for):
    browser = browser_for(world.ours.owner)
    assert send(browser, "/contract/details", {}).location == "/contract"
    assert db.session.scalar(sa.select(AuditEvent.id).where(AuditEvent.action == "contract.details")) is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("postal_code", "19000", "郵便番号を7桁で"),
        ("postal_address", " ", "入力してください"),
        ("contact", "店頭まで", "電話番号、メールアドレス"),
        ("notice_email", "nobody", "メールアドレスを正しい形式"),
    ],
)
def test_bad_details_are_named(world, browser_for, name, value, message):
    page = browser_for(world.ours.owner).submit("/contract/details", {**DETAILS, name: value, "step": "confirm"})
    assert page.status == 422
    assert message in page.text


@pytest.mark.parametrize("who", ["editor", "viewer"])
def test_details_are_the_owners(world, browser_for, who):
    browser = browser_for(getattr(world.ours, who))
    assert browser.get("/contract/details").status == 403
    assert "/contract/details" not in browser.get("/contract").html
    assert browser.post("/contract/details", DETAILS).status == 403


def test_strangers_sign_in_first(world, browser_for):
    browser = browser_for()
    for path in ("/contract", "/contract/details", "/dashboard"):
        assert browser.get(path).location.startswith("/login")
    assert browser_for(world.admin).get("/contract").status == 404
    assert browser_for(world.partner).get("/dashboard").status == 404


def test_missing_items_are_told(world, browser_for):
    world.ours.contract.contact = ""
    db.session.commit()
    page = browser_for(world.ours.owner).get("/contract")
    assert "まだメールを送信できません" in page.text
    assert "苦情・お問い合わせの受付先が不足" in page.text


# -- the start page


def test_dashboard_shows_ours_only(world, browser_for):
    world.theirs.mailing.subject = "花だより"
    db.session.commit()
    page = browser_for(world.ours.owner).get("/dashboard")
    assert page.status == 200
    assert "秋の新商品のお知らせ" in page.text
    assert "花だより" not in page.html
    assert f'href="/lists/{world.ours.mailing_list.id}"' in page.html
    for reader in world.ours.readers:
        assert reader.address not in page.html


def test_a_newcomer_is_led_until_the_first_mailing(world, browser_for):
    customer = make_customer("合同会社はじめ", "hajime")
    make_contract(customer, contact="")
    owner = make_member(customer)
    db.session.commit()
    browser = browser_for(owner)
    page = browser.get("/dashboard")
    assert _open_step(page) == ("メールに表示する内容を確認する", "/contract/details")
    contract = db.session.scalar(sa.select(Contract).where(Contract.customer_id == customer.id))
    contract.contact = "042-000-0000"
    db.session.commit()
    assert _open_step(browser.get("/dashboard")) == ("最初のリストを作る", "/lists/new")
    row = MailingList(customer_id=customer.id, name="たより", slug="tayori")
    db.session.add(row)
    db.session.commit()
    assert _open_step(browser.get("/dashboard"))[1] == f"/lists/{row.id}/imports"


def _open_step(page):
    link = page.soup.select_one("#next-steps .actions a")
    return link.get_text(strip=True), link["href"]


def test_the_way_is_gone_once_something_was_sent(world, browser_for):
    browser = browser_for(world.ours.editor)
    assert browser.get("/dashboard").soup.select_one("#next-steps")
    assert not browser_for(world.ours.viewer).get("/dashboard").soup.select_one("#next-steps")
    db.session.get(Mailing, world.ours.mailing.id).started_at = clock.now()
    db.session.commit()
    assert not browser.get("/dashboard").soup.select_one("#next-steps")


# -- standing still


def test_suspended_closes_lists_and_mailings_and_leaves_the_contract_open(world, browser_for):
    browser = browser_for(world.ours.owner)
    assert browser.get("/lists").status == 200
    contract = db.session.get(Contract, world.ours.contract.id)
    contract.suspend(SuspensionGround.nonpayment, "内部のメモ", by=world.admin.id)
    db.session.commit()
    for path in ("/lists", f"/lists/{world.ours.mailing_list.id}", "/mailings", f"/mailings/{world.ours.mailing.id}"):
        page = browser.get(path)
        assert page.status == 403, path
        assert "ご利用の停止中は、このページを開けません" in page.text
        assert "期日までに確認できなかった" in page.text
        assert 'href="/contract"' in page.html and 'href="/inquiries/new"' in page.html
        assert "内部のメモ" not in page.html
    for path in ("/contract", "/dashboard"):
        page = browser.get(path)
        assert page.status == 200
        assert "ご利用を停止しています" in page.text
        assert "内部のメモ" not in page.html
    page = browser.get("/contract")
    assert not page.soup.select_one("#standing").select('a[href="/contract"]'), "it does not lead to itself"
    assert "/mailings/new" not in browser.get("/dashboard").html
    assert browser_for(world.theirs.owner).get("/lists").status == 200


def test_before_the_start_and_after_the_end(world, browser_for):
    browser = browser_for(world.ours.owner)
    contract = db.session.get(Contract, world.ours.contract.id)
    contract.start_date = clock.today() + timedelta(days=3)
    db.session.commit()
    page = browser.get("/lists")
    assert page.status == 403 and "利用開始日からお使いいただけます" in page.text
    assert browser.get("/dashboard").status == 200
    contract = db.session.get(Contract, world.ours.contract.id)
    contract.state = ContractState.ended
    # Ended while it stood still: there is nothing to resume.
    contract.suspended_at, contract.suspension_ground = clock.now(), SuspensionGround.nonpayment
    db.session.commit()
    for who, path in ((world.ours.owner, "/contract"), (world.admin, f"/staff/contracts/{contract.id}")):
        page = browser_for(who).get(path)
        assert "再開を申請" not in page.text and "ご利用を停止しています" not in page.text
        assert "から利用停止中" not in page.text
    page = browser.get("/lists")
    assert page.status == 403 and "ご契約が終了している" in page.text
    for path in ("/contract", "/dashboard"):
        assert "有効なご契約がありません" in browser.get(path).text
    assert browser.get("/contract/details").status == 404


def test_without_any_contract(world, browser_for):
    owner = make_member(make_customer("契約なし", "nashi"))
    db.session.commit()
    browser = browser_for(owner)
    assert browser.get("/lists").status == 403
    assert "ご契約がありません" in browser.get("/contract").text
    assert browser.get("/dashboard").status == 200
    assert browser.get("/contract/details").status == 404


def test_one_who_works_for_two_chooses_first(world, browser_for):
    from wem.accounts.models import Membership
    from wem.accounts.rules import Role

    account = make_account("運営 次郎")
    for side in (world.ours, world.theirs):
        db.session.add(Membership(account=account, customer=side.customer, role=Role.delegate))
    db.session.commit()
    browser = browser_for(account)
    assert browser.get("/contract").location == "/account/customers"
    browser.post("/account/customers", {"customer_id": world.theirs.customer.id})
    assert world.theirs.contract.number in browser.get("/contract").text
