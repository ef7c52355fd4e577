"""A month's money as staff go through it: close, debit, one answer of each kind, remind, suspend, late payment, lift.

The customers meet it on their own pages. Pictures of each step lie in var/screens/money-….png.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import factories
from tests.billing import bank
from tests.browser.conftest import Opened
from tests.browser.judging import ja
from tests.browser.standing import Served, served
from tests.browser.steps import confirmed, follow, press
from tests.browser.test_contract_life import at, fill, good, sign_in
from wem.billing import jobs
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import MandateState
from wem.db import db
from wem.lists.counting import change_count

pytestmark = pytest.mark.browser
# What the bank answers to each debit, in the order of the contracts.
CODES = "0123489N"
NAMES = "青木 石田 上野 遠藤 岡田 加藤 木村 久保".split()
HOLDERS = "アオキ イシダ ウエノ エンドウ オカダ カトウ キムラ クボ".split()
UENO = 2  # whose account the bank does not know


@dataclass
class Money:
    """A WeM with eight customers that are debited, one that ended, and who looks after their money."""

    served: Served
    staff: str
    ender: str
    owner: str
    ended: int

    def work(self, *jobs_: object) -> None:
        """Do what a worker does."""
        with self.served.app.app_context():
            for job in jobs_:
                job()  # type: ignore[operator]
            db.session.remove()


@pytest.fixture(scope="module")
def money(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Money]:
    with served(tmp_path_factory.mktemp("money")) as wem:
        with at("2026-02-20T10:00"), wem.app.app_context():
            course = factories.make_course()
            contracts = []
            for place, (name, holder) in enumerate(zip(NAMES, HOLDERS, strict=True)):
                customer = factories.make_customer(f"株式会社{name}屋", f"money{place}")
                contract = factories.make_contract(customer, course_id=course.id)
                factories.make_mandate(contract, MandateState.registered, account_holder=f"カ){holder}ヤ")
                change_count(customer.id, 900 + 50 * place)
                contracts.append(contract)
            owner = factories.make_member(contracts[UENO].customer, name="上野 光", email="owner@ueno.example.jp")
            left = factories.make_customer("有限会社おわり", "owari")
            factories.make_subscriber(factories.make_list(left, "町のたより", "news"), "reader@yomu.example.com")
            ended = factories.make_contract(
                left, course_id=course.id, state=ContractState.ended, ended_on=date(2026, 2, 1),
                end_reason=EndReason.cancelled,
            )  # fmt: skip
            staff = factories.make_account("請求 花子", "money@wem.example", staff_role="billing")
            ender = factories.make_account("契約 花子", "ends@wem.example", staff_role="contracts")
            made = staff.email, ender.email, owner.email, ended.id
            db.session.info.pop("rings", None)  # there is no Redis
            db.session.commit()
            db.session.remove()
        yield Money(wem, *made)


def seen(page: Page, name: str) -> None:
    good(page, name, story="money")


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("row", name=f"株式会社{name}屋")


def day_of(page: Page, money: Money, email: str, path: str) -> None:
    """Sign in anew, as everybody does on another day, and open a page."""
    page.context.clear_cookies()
    sign_in(page, money.served, email)
    page.wait_for_load_state("networkidle")
    page.goto(f"{money.served.portal}{path}")


def read_answer(page: Page, content: bytes) -> None:
    page.locator("#result input[type=file]").set_input_files(
        {"name": "kekka.txt", "mimeType": "text/plain", "buffer": content}
    )
    press(page, "Read the result")


def issue_first_invoice(page: Page) -> None:
    row_of(page, "青木").get_by_role("link").first.click()
    follow(page, "What is owed")
    follow(page, "First invoice")
    seen(page, "first-1")
    press(page, "Issue the invoice")
    expect(page.get_by_role("main")).to_contain_text("14,300円")
    seen(page, "first-2-issued")


def close_the_month(page: Page, money: Money) -> None:
    seen(page, "month-1-nothing")
    press(page, "Work out the dry run")
    money.work(jobs.draft_month)
    page.wait_for_load_state("networkidle")  # no file is left half read
    page.reload()
    seen(page, "month-2-dry-run")
    asked = confirmed(page, "Close the month")
    assert "8件" in asked and "37,400円" in asked, asked
    money.work(jobs.close_month, jobs.tell)
    page.wait_for_load_state("networkidle")  # no file is left half read
    page.reload()
    expect(page.locator("#progress")).to_contain_text("8")
    seen(page, "month-3-closed")


def make_the_file(page: Page) -> bytes:
    """Make the file for the bank; returns what was saved."""
    seen(page, "debit-1-next")
    asked = confirmed(page, "Make the file")
    assert "8件" in asked and "37,400円" in asked, asked
    seen(page, "debit-2-made")
    with page.expect_download() as download:
        press(page, "Save the file")
    file = Path(download.value.path()).read_bytes()
    _, rows, tail = bank.read_request(file)
    assert (len(rows), int(tail["total"])) == (8, 37_400)
    return file


def read_the_result(page: Page, file: bytes) -> None:
    page.get_by_role("link", name=ja("See the file")).click()
    read_answer(page, bank.answer(file, CODES)[:-122])
    expect(page.locator("#refused")).to_contain_text("10行目")
    seen(page, "debit-3-refused")
    read_answer(page, bank.answer(file, CODES))
    expect(row_of(page, "石田")).to_contain_text("資金不足")
    seen(page, "debit-4-read")
    follow(page, "What was not debited")
    expect(row_of(page, "青木")).to_have_count(0)
    follow(page, "Direct debit")
    expect(page.locator("#decide").get_by_role("row")).to_have_count(5)  # the heading, and 4, 8, 9, N
    seen(page, "debit-5-to-decide")
    row_of(page, "久保").get_by_role("link").first.click()
    page.get_by_label(ja("Ask for it again with the next file")).check()
    fill(page, "What the bank said, or why", "銀行の入力誤り。次の振替で請求する。")
    seen(page, "debit-6-decide")
    press(page, "Decide so")
    expect(page.get_by_role("main")).to_contain_text("銀行の入力誤り")


def remind(page: Page) -> None:
    row_of(page, "上野").get_by_role("checkbox").check()
    seen(page, "arrears-1")
    press(page, "See what reminders would say")
    seen(page, "arrears-2-remind")
    press(page, "Send the reminders")
    expect(row_of(page, "上野")).to_contain_text("2026年4月16日")


def suspend(page: Page) -> None:
    row = row_of(page, "上野")
    expect(row).to_contain_text(ja("Suspend"))
    seen(page, "arrears-3-suspend-proposed")
    row.get_by_role("checkbox").check()
    press(page, "See what a suspension would do")
    fill(page, "Note for the record", "督促の期限までに入金がない。")
    seen(page, "suspend-1")
    press(page, "Suspend the service")
    expect(row_of(page, "上野")).to_contain_text(ja("Suspended"))


def apply_for_resumption(page: Page) -> None:
    expect(page.get_by_role("main")).to_contain_text("3,300円")
    seen(page, "customer-1-invoices")
    page.get_by_role("main").get_by_role("table").get_by_role("link").first.click()
    seen(page, "customer-2-invoice")
    follow(page, "Contract")
    seen(page, "customer-3-contract")
    follow(page, "Apply for resumption")
    press(page, "To confirmation")
    press(page, "Apply for resumption")


def take_the_late_payment(page: Page) -> None:
    seen(page, "payment-1-none")
    follow(page, "Type a payment in")
    fill(page, "Amount that came in, in yen", "3300")
    fill(page, "Name of the payer, as the bank writes it", "カ)ウエノヤ")
    seen(page, "payment-2-typed")
    press(page, "Enter")
    seen(page, "payment-3-whose")
    follow(page, "Payments")
    pair = page.locator("input[name=pair]")
    expect(pair).to_have_count(1)
    pair.check()
    seen(page, "payment-4-suggested")
    press(page, "Match what is marked with the contracts suggested")
    expect(page.locator("input[name=pair]")).to_have_count(0)


def lift(page: Page) -> None:
    seen(page, "lift-1-met")
    fill(page, "Note for the record, or the reason of a refusal", "4月20日に入金を確認した。")
    press(page, "Resume the service")
    expect(page.get_by_role("main")).to_contain_text(ja("In use"))


def correct(page: Page) -> None:
    page.get_by_role("row", name="遠藤").get_by_role("link").first.click()
    seen(page, "correct-1-invoice")
    follow(page, "Correct")
    follow(page, "Give back a part")
    page.get_by_label(ja("For what")).first.fill("お詫びの値引き")
    page.get_by_label(ja("Yen, net")).first.fill("1000")
    fill(page, "Reason, as it stands on the document", "3月の不具合のため")
    seen(page, "correct-2-form")
    press(page, "See what is going to be issued")
    seen(page, "correct-3-look")
    press(page, "Issue it")
    expect(page.get_by_role("main")).to_contain_text("1,100円")
    page.wait_for_load_state("networkidle")


def test_a_month_of_money(money: Money, opened: Opened) -> None:
    page, portal = opened(), money.served.portal
    with at("2026-02-20T12:00"):
        day_of(page, money, money.staff, "/staff/contracts")
        issue_first_invoice(page)
    with at("2026-03-01T09:00"):
        day_of(page, money, money.staff, "/staff/month")
        close_the_month(page, money)
    with at("2026-03-10T12:00"):
        day_of(page, money, money.staff, "/staff/debits")
        file = make_the_file(page)
    with at("2026-04-02T12:00"):
        day_of(page, money, money.staff, "/staff/debits")
        read_the_result(page, file)
    with at("2026-04-06T12:00"):
        day_of(page, money, money.staff, "/staff/arrears")
        remind(page)
    with at("2026-04-17T12:00"):
        day_of(page, money, money.staff, "/staff/arrears")
        suspend(page)
        row_of(page, "上野").get_by_role("link").first.click()
        contract = page.url.split("/contracts/")[1].split("/")[0]
        seen(page, "suspend-2-owed")
        owner = opened()
        day_of(owner, money, money.owner, "/invoices")
        apply_for_resumption(owner)
    with at("2026-04-20T12:00"):
        day_of(page, money, money.staff, "/staff/payments")
        take_the_late_payment(page)
        page.wait_for_load_state("networkidle")
        page.goto(f"{portal}/staff/contracts/{contract}/lifting")
        lift(page)
        page.wait_for_load_state("networkidle")
        page.goto(f"{portal}/staff/invoices")
        seen(page, "invoices")
        correct(page)
        page.goto(f"{portal}/staff/books")
        seen(page, "books")
        day_of(page, money, money.ender, f"/staff/erasures/contracts/{money.ended}")
        expect(page.get_by_role("main")).to_contain_text("有限会社おわり")
        seen(page, "erasure")
        day_of(owner, money, money.owner, "/invoices")
        expect(owner.get_by_role("main")).to_contain_text("4月20日")
        seen(owner, "customer-4-paid")
