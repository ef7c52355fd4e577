"""A contract from the application to its end, as company, staff and customer go through it, on the days that decide.

The server runs in this process, so its clock is the test's. Pictures of each step lie in var/screens/life-….png.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.conftest import Opened
from tests.browser.judging import ja, overflows, violations
from tests.browser.standing import Served, served
from tests.browser.steps import choose, confirmed, follow, press
from tests.delivery.dispatches import counters, make_dispatch, send_all
from tests.delivery.scripted_peer import Peer, scripted_peer
from wem import clock
from wem.clock import JAPAN
from wem.contracts import jobs
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.delivery.models import Dispatch
from wem.mailings import jobs as mailing_jobs
from wem.settings import ROOT

pytestmark = pytest.mark.browser
SCREENS = ROOT / "var" / "screens"


@pytest.fixture(scope="module")
def wem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("life")) as service:
        yield service


@contextmanager
def at(moment: str) -> Iterator[None]:
    """Travel to a moment in Japan; time goes on from there."""
    with time_machine.travel(datetime.fromisoformat(moment).replace(tzinfo=JAPAN)):
        yield


def staff_email(wem: Served, slug: str) -> str:
    with wem.app.app_context():
        email = factories.make_account("契約 花子", f"staff-{slug}@wem.example", staff_role="contracts").email
        db.session.commit()
        db.session.remove()
    return email


def customer(wem: Served, slug: str, name: str) -> str:
    """Make a customer whose contract began on 15 January 2026; returns the owner's address."""
    with wem.app.app_context():
        row = factories.make_customer(name, slug)
        factories.make_contract(row)
        email = factories.make_member(row, name="持田 一", email=f"owner@{slug}.example.jp").email
        db.session.commit()
        db.session.remove()
    return email


def sign_in(page: Page, wem: Served, email: str) -> None:
    page.goto(f"{wem.portal}/login")
    page.get_by_label(ja("E-mail address")).fill(email)
    page.get_by_label(ja("Password"), exact=True).fill(factories.PASSWORD)
    press(page, "Sign in")


def good(page: Page, name: str, story: str = "life") -> None:
    """The page harms nobody, on a desk and on a phone; both are kept as pictures."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    assert violations(page) == []
    size = page.viewport_size
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert not overflows(page), f"{page.url} at {width}"
        page.screenshot(path=SCREENS / f"{story}-{name}.{width}.png", full_page=True, caret="initial")
    if size:
        page.set_viewport_size(size)


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(ja(text))


def fill(page: Page, label: str, value: str) -> None:
    page.get_by_role("main").get_by_label(ja(label)).fill(value)


def apply_as_company(page: Page, wem: Served, name: str) -> str:
    """Go from 入力 to 完了; returns the number of the application."""
    page.goto(f"{wem.portal}/apply")
    good(page, "apply-1-enter")
    page.get_by_label(ja("Company or other body")).check()
    fill(page, "Name of the company or person", name)
    fill(page, "Name in kana", "かぶしきがいしゃあさひや")
    fill(page, "Corporate number", "７０１０７０５０００７２５")
    fill(page, "Representative", "代表取締役 旭 一郎")
    fill(page, "Person in charge of WeM", "旭 二郎")
    fill(page, "Postal code", "１９０－００１２")
    press(page, "Fill in the address")
    expect(page.get_by_label(ja("Postal address"))).to_have_value("東京都立川市曙町")
    fill(page, "Postal address", "東京都立川市曙町３－３－３　朝日ビル")
    fill(page, "Telephone", "０４２（１２３）４５６７")
    fill(page, "E-mail address", "asahi@asahiya.example.jp")
    page.get_by_role("radio", name="スタンダード").check()
    fill(page, "Bank of the account", "みずほ")
    fill(page, "Branch of the account", "大")
    fill(page, "Account number", "７６５４３")
    fill(page, "Account holder in kana", "ｶ)ｱｻﾋﾔ")
    page.get_by_label(ja("I agree to the terms of service.")).check()
    press(page, "To confirmation")
    good(page, "apply-2-mended")  # two things are wrong: the branch, and a consent
    page.locator("input[name=branch]").fill("東京営業部")  # those to choose from are called 支店 as well
    page.get_by_label(ja("I agree to the consent clauses on personal data.")).check()
    press(page, "To confirmation")
    heading(page, "Please check your application")
    expect(page.get_by_role("main")).to_contain_text("0076543")
    good(page, "apply-3-confirm")
    press(page, "Apply and make the papers")
    heading(page, "Your papers are ready")
    good(page, "apply-4-done")
    for paper in ("Application form (PDF)", "Request for direct debit (PDF)"):
        address = page.get_by_role("link", name=ja(paper)).get_attribute("href")
        answer = page.context.request.get(f"{wem.portal}{address}")
        assert answer.ok and answer.body().startswith(b"%PDF-"), paper
    return page.locator("dd", has_text="A2").first.inner_text().split()[0]


def test_apply_then_accept_and_start(wem: Served, opened: Opened) -> None:
    with at("2026-06-01T10:00"):
        number = apply_as_company(opened(), wem, "株式会社あさひ屋")
    with at("2026-06-03T10:00"):
        staff = opened()
        sign_in(staff, wem, staff_email(wem, "asahi"))
        choose(staff, "Contracts and prices", "Applications")
        staff.get_by_role("link", name=number).click()
        application = staff.url
        expect(staff.get_by_role("main")).not_to_contain_text("0076543")
        expect(staff.get_by_role("main")).to_contain_text("****543")
        expect(staff.get_by_role("button", name=ja("Accept, and send the start guide"))).to_have_count(0)
        good(staff, "accept-1-checklist")
        card = staff.locator("form", has=staff.get_by_role("button", name=ja("Note the form")))
        card.get_by_label(ja("Handed over or posted on")).fill("2026-06-02")
        card.get_by_label(ja("The sealed request for direct debit came with it")).check()
        card.locator("input[type=file]").set_input_files(
            {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 scanned"}
        )
        press(staff, "Note the form")
        staff.goto(f"{wem.portal}/staff/")
        row = staff.get_by_role("row", name="株式会社あさひ屋")
        expect(row).to_contain_text(ja("Application: can the service be provided?"))
        good(staff, "accept-2-work-list")
        row.get_by_role("link", name=ja("Check the application")).click()
        fill(staff, "Amount in yen", "14299")
        press(staff, "Note the money")
        expect(staff.get_by_role("main")).to_contain_text("残りは1円です")
        fill(staff, "Amount in yen", "1")
        press(staff, "Note the money")
        press(staff, "Note that it can be provided")
        good(staff, "accept-3-ready")
        staff.goto(f"{wem.portal}/staff/")
        staff.get_by_role("row", name="株式会社あさひ屋").get_by_role("link", name=ja("Accept and start")).click()
        assert staff.url == application
        fill(staff, "Start date", "2026-06-15")
        fill(staff, "Name in addresses", "asahiya")
        press(staff, "Accept, and send the start guide")
        expect(staff.get_by_role("main")).to_contain_text("2026年6月15日")
        good(staff, "accept-4-started")
        follow(staff, "To the contract of this customer")
        expect(staff.locator("#mandates")).to_contain_text(ja("Form here, not with the bank yet"))
        staff.locator("#mandates").get_by_role("link", name="みずほ").click()
        for act in ("Sent to the bank",):
            press(staff, act)
        good(staff, "accept-5-mandate")
        asked = confirmed(staff, "Registered by the bank")
        assert "1件" in asked
        expect(staff.get_by_role("main")).to_contain_text(ja("Registered at the bank"))
    with wem.app.app_context():
        contract = db.session.scalars(sa.select(Contract).order_by(Contract.id.desc())).first()
        assert contract is not None
        assert (str(contract.start_date), str(contract.effective_on)) == ("2026-06-15", "2026-06-02")
        db.session.remove()


def test_refuse_an_application(wem: Served, opened: Opened) -> None:
    with at("2026-06-01T11:00"):
        number = apply_as_company(opened(), wem, "株式会社ことわり")
        staff = opened()
        sign_in(staff, wem, staff_email(wem, "kotowari"))
        choose(staff, "Contracts and prices", "Applications")
        staff.get_by_role("link", name=number).click()
        press(staff, "Refuse the application")
        expect(staff.get_by_role("alert")).to_be_visible()  # without a reason nothing happens
        staff.get_by_role("radio").nth(2).check()
        fill(staff, "Note for the applicant", "ご利用の目的を確認できませんでした。")
        good(staff, "refuse-1")
        press(staff, "Refuse the application")
        expect(staff.get_by_role("main")).to_contain_text(ja("Application refused"))
        expect(staff.get_by_role("button", name=ja("Note the form"))).to_have_count(0)
        good(staff, "refuse-2")
        staff.get_by_role("row", name=ja("Your application for WeM")).get_by_role("link").click()
        expect(staff.get_by_role("main")).to_contain_text("ご利用の目的を確認できませんでした。")


@pytest.mark.parametrize(
    ("slug", "asked", "holds"),
    [("tooka", "2026-03-10T23:50", "2026年4月1日"), ("juichi", "2026-03-11T00:00", "2026年5月1日")],
)
def test_course_change_on_the_10th_and_the_11th(wem: Served, opened: Opened, slug: str, asked: str, holds: str) -> None:
    owner_email = customer(wem, slug, f"有限会社{slug}")
    with at(asked):
        page = opened()
        sign_in(page, wem, owner_email)
        follow(page, "Contract")
        follow(page, "Change the course")
        page.get_by_role("radio", name="ビジネス").check()
        good(page, f"course-{slug}-1")
        press(page, "To confirmation")
        expect(page.get_by_role("main")).to_contain_text(holds)
        good(page, f"course-{slug}-2-confirm")
        press(page, "Apply for this change")
        expect(page.get_by_role("main")).to_contain_text(holds)
        good(page, f"course-{slug}-3-done")


@contextmanager
def being_sent(wem: Served, number: int) -> Iterator[Peer]:
    """Send what is due over one line; the mail server keeps mail `number` waiting for its answer until the block ends.

    When the block has ended all has been sent that is still to go.
    """
    waits, answer = threading.Event(), threading.Event()

    def script(command: str, _recipient: str) -> None:
        if command == "." and len(peer.mails) == number - 1:
            waits.set()
            answer.wait()

    def send() -> None:
        with wem.app.app_context():
            send_all(600)
            db.session.remove()

    right = wem.app.config["WEM"]
    with scripted_peer(Peer(script=script)) as peer:
        wem.app.config["WEM"] = dataclasses.replace(right, SMTP_PORT=str(peer.port), SMTP_CONNECTIONS="1")
        sender = threading.Thread(target=send)
        sender.start()
        try:
            assert waits.wait(120), "nothing is sent"
            yield peer
        finally:
            answer.set()
            sender.join()
            wem.app.config["WEM"] = right


def test_suspend_a_customer_whose_mailing_is_being_sent_and_lift_it(wem: Served, opened: Opened) -> None:
    owner_email = customer(wem, "tomaru", "有限会社とまる")
    with at("2026-04-10T10:00"):
        with wem.app.app_context():
            contract = db.session.scalars(sa.select(Contract).where(Contract.sender_name == "有限会社とまる")).one()
            contract_id = contract.id
            factories.make_receivable(contract, date(2026, 3, 27))
            mailing_list = factories.make_list(contract.customer, "町のたより", "tayori")
            for reader in range(12):
                factories.make_subscriber(mailing_list, f"r{reader}@yomu.example.com")
            dispatch_id = make_dispatch(mailing_list).id
            db.session.remove()
        staff = opened()
        sign_in(staff, wem, staff_email(wem, "tomeru"))
        with being_sent(wem, 4) as peer:
            choose(staff, "Money", "Arrears")
            staff.get_by_role("row", name="有限会社とまる").get_by_role("checkbox").check()
            good(staff, "suspend-1-arrears")
            press(staff, "See what a suspension would do")
            expect(staff.get_by_role("row", name="有限会社とまる")).to_contain_text("3,300円")
            good(staff, "suspend-2-preview")
            fill(staff, "Note for the record", "督促しても入金がない。")
            press(staff, "Suspend the service")
            expect(staff.get_by_role("main")).to_contain_text(ja("Suspended"))
            good(staff, "suspend-3-done")
        assert len(peer.mails) == 4  # the one that was under way, and none after it
        owner = opened()
        sign_in(owner, wem, owner_email)
        expect(owner.locator("#standing")).to_contain_text("停止")
        follow(owner, "Contract")
        follow(owner, "Apply for resumption")
        press(owner, "To confirmation")
        press(owner, "Apply for resumption")
        staff.goto(f"{wem.portal}/staff/contracts/{contract_id}/lifting")
        expect(staff.get_by_role("button", name=ja("Resume the service"))).to_have_count(0)
        good(staff, "suspend-4-not-met")
        follow(staff, "What is owed")
        staff.get_by_text(ja("It came in by transfer")).first.click()
        press(staff, "Settled")
        staff.goto(f"{wem.portal}/staff/contracts/{contract_id}/lifting")
        fill(staff, "Note for the record, or the reason of a refusal", "4月10日に入金を確認した。")
        good(staff, "suspend-5-met")
        press(staff, "Resume the service")
        expect(staff.get_by_role("main")).to_contain_text(ja("In use"))
        with wem.app.app_context():
            mailing_jobs.settle(db.session.get_one(Dispatch, dispatch_id).mailing_id)
            assert counters(db.session.get_one(Dispatch, dispatch_id)) == {"accepted": 4, "pending": 8}
            db.session.remove()
        follow(owner, "Mailings")
        expect(owner.get_by_role("main")).to_contain_text(ja("On hold"))
        good(owner, "suspend-6-owner")


def test_cancel_withdraw_cancel_and_the_end(wem: Served, opened: Opened) -> None:
    owner_email = customer(wem, "yameru", "有限会社やめる")
    page = opened()
    with at("2026-07-20T10:00"):
        sign_in(page, wem, owner_email)
        follow(page, "Contract")
        expect(page.locator("#outlook")).to_contain_text("2026年8月1日")
        good(page, "cancel-1-contract")
        follow(page, "Cancel the contract")
        press(page, "To confirmation")
        expect(page.get_by_role("main")).to_contain_text("2026年8月1日")
        good(page, "cancel-2-confirm")
        press(page, "Cancel the contract")
        good(page, "cancel-3-done")
        asked = confirmed(page, "Withdraw this request")
        assert "1件" in asked
        expect(page.get_by_role("main")).to_contain_text(ja("Withdrawn"))
        good(page, "cancel-4-withdrawn")
    with at("2026-07-31T23:50"):
        sign_in(page, wem, owner_email)  # a sign-in that nobody uses ends by itself
        follow(page, "Contract")
        follow(page, "Cancel the contract")
        press(page, "To confirmation")
        press(page, "Cancel the contract")
        expect(page.get_by_role("main")).to_contain_text("2026年8月1日")
    with at("2026-08-01T00:05"):
        with wem.app.app_context():
            jobs.apply_due()
            db.session.remove()
        page.goto(f"{wem.portal}/contract")
        expect(page.get_by_role("main")).to_contain_text(ja("Contract ended"))
        good(page, "cancel-5-ended")
    with wem.app.app_context():
        found = db.session.scalars(sa.select(Contract).where(Contract.sender_name == "有限会社やめる")).one()
        assert found.state is ContractState.ended and str(found.ended_on) == "2026-08-01"
        db.session.remove()
    assert clock.today().year >= 2026
