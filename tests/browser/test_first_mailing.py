"""A newcomer does the whole job: from the first sign-in to a mailing read in the mailbox, and out by its link."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser import steps
from tests.browser.conftest import Opened
from tests.browser.judging import ja
from tests.browser.steps import choose, follow, press
from tests.service import Service
from wem import clock
from wem.db import db
from wem.lists.models import MailingList
from wem.mailings.states import MailingState

pytestmark = pytest.mark.browser
SUBJECT = '{{ 氏名 | default: "お客様" }}様へ 秋の新商品'
HTML = '<h1>秋の新商品</h1>\n<p>{{ 氏名 | default: "お客様" }}様</p>\n<p>新茶が入りました。</p>'
READERS = {
    "takahashi@readers.example.com": "髙橋 一郎",
    "sakiyama@readers.example.com": "﨑山 花子",
    "nobody@readers.example.com": "",
}


def test_from_the_first_sign_in_to_an_unsubscription(service: Service, opened: Opened) -> None:
    owner_email, staff_email = steps.make_newcomer(service, "hajime")
    owner, staff = opened(), opened()

    steps.sign_in(owner, service, owner_email)
    expect(owner).to_have_url(f"{service.portal}/dashboard")
    expect(owner.locator("#next-steps")).to_contain_text(ja("Make your first list"))
    follow(owner, "Make your first list")
    steps.make_list(owner, "お得情報", "otoku")

    upload_readers(owner)
    approve(staff, service, staff_email)
    expect(owner.locator("#upload .badge").first).to_have_text(ja("Waiting for our approval"))
    owner.reload()
    expect(owner.locator("#upload .badge").first).to_have_text(ja("Applied"), timeout=steps.WORK)
    assert steps.figures(owner)[ja("Registered")] == "10,000"

    owner.goto(f"{service.portal}/lists/new")
    steps.make_list(owner, "店頭のお客様", "tento")
    steps.make_readers(service, "tento", READERS)

    owner.goto(f"{service.portal}/dashboard")
    follow(owner, "Write a mail")
    follow(owner, "Use HTML")
    steps.compose(owner, SUBJECT, HTML, "店頭のお客様")
    press(owner, "Save and preview")
    look_at_the_preview(owner)
    send_a_test_copy(owner, service, owner_email)

    follow(owner, "Review and send")
    expect(owner.get_by_role("main")).to_contain_text(ja("Checked items"))
    press(owner, "Continue to confirmation")
    expect(owner.get_by_role("main")).to_contain_text("3")
    press(owner, "Send")
    expect(owner).to_have_url(re.compile(r"/mailings/\d+$"))
    # Nobody reloads: the page follows the mailing by itself.
    expect(owner.locator(".badge").first).to_have_text(ja("Completed"), timeout=steps.WORK)
    assert steps.figures(owner)[ja("Accepted")] == "3"
    mailing = owner.url

    drag_to_another_day(owner, service)
    read_and_leave(opened(), service)
    owner.goto(f"{mailing}/report")
    assert steps.figures(owner)[ja("Unsubscribed from this mailing")] == "1"
    follow(owner, "Lists")
    expect(owner.get_by_role("row", name="店頭のお客様")).to_contain_text("2")


def upload_readers(page: Page) -> None:
    """Upload 10,000 readers as attested consent and hand them in, watching the page move by itself."""
    follow(page, "Home")
    follow(page, "Bring in readers")
    steps.upload(page, "readers-10000-cp932.csv", "Readers who have agreed already")
    expect(page).to_have_url(re.compile(r"/imports/\d+$"))
    page.evaluate("window.notReloaded = true")
    expect(page.get_by_role("main")).to_contain_text(ja("Effect on the month's peak"), timeout=steps.WORK)
    assert page.evaluate("window.notReloaded === true"), "the preview came by itself"
    assert steps.figures(page)[ja("New")].startswith("10,000")
    assert "10,000" in steps.confirmed(page, "Hand in for approval")
    expect(page.get_by_role("main")).to_contain_text(ja("We look at your statement"))


def approve(page: Page, service: Service, email: str) -> None:
    steps.sign_in(page, service, email)
    choose(page, "Customer care", "Uploads")
    follow_file = page.get_by_role("link", name="readers-10000-cp932.csv").first
    follow_file.click()
    expect(page.get_by_role("main")).to_contain_text("店頭の申込書でいただきました。")
    press(page, "Approve")


def look_at_the_preview(page: Page) -> None:
    frame = page.locator("iframe.mail-frame")
    assert frame.get_attribute("sandbox") == ""
    expect(page.frame_locator("iframe.mail-frame").get_by_role("heading", name="秋の新商品")).to_be_visible()
    expect(page.frame_locator("iframe.mail-frame").locator("body")).to_contain_text("様")
    follow(page, "Plain text")
    expect(page.locator("pre.mail-text")).to_contain_text("新茶が入りました。")


def send_a_test_copy(page: Page, service: Service, email: str) -> None:
    follow(page, "Add test recipients")
    page.get_by_label(ja("Name")).fill("新井 はじめ")
    page.get_by_label(ja("E-mail address")).fill(email)
    press(page, "Add")
    follow(page, "Mailings")
    page.get_by_role("link", name="秋の新商品").first.click()
    follow(page, "Preview")
    page.get_by_label(email).check()
    press(page, "Send test email")
    assert service.mailbox.wait_for(recipient=email, subject="【テスト】")


def drag_to_another_day(page: Page, service: Service) -> None:
    """Take a mailing that is planned by the mouse, and let it go on another day of the calendar."""
    day = (clock.today().replace(day=1) + timedelta(days=32)).replace(day=15)
    other = day.replace(day=20)
    with service.app.app_context():
        mailing_list = db.session.query(MailingList).filter_by(slug="tento").one()
        at = datetime.combine(day, time(10), clock.JAPAN)
        factories.make_mailing(mailing_list, subject="予約の便り", state=MailingState.scheduled, scheduled_at=at)
        db.session.commit()
    page.goto(f"{service.portal}/mailings/calendar?month={day:%Y-%m}")
    planned = page.locator("[data-move]", has_text="予約の便り")
    planned.drag_to(page.locator(f"[data-day='{other.isoformat()}']"), source_position={"x": 12, "y": 12})
    expect(page.locator(f"#day-{other.isoformat()}")).to_contain_text("予約の便り")
    page.reload()
    expect(page.locator(f"#day-{other.isoformat()}")).to_contain_text("10:00")
    expect(page.locator(f"#day-{day.isoformat()}")).not_to_contain_text("予約の便り")


def read_and_leave(page: Page, service: Service) -> None:
    """Read the mail in the built-in mailbox as its reader would, follow its link and press the button."""
    page.goto(service.settings.MAILBOX_URL)
    page.get_by_role("searchbox").fill("takahashi@readers.example.com")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="髙橋 一郎様へ 秋の新商品").click()
    mail = page.frame_locator("iframe")
    expect(mail.locator("body")).to_contain_text("髙橋 一郎様")
    with page.expect_popup() as popup:
        mail.locator("a[href*='/u/']").first.click()
    leaving = popup.value
    press(leaving, "Stop these mails")
    expect(leaving.get_by_role("heading", level=1)).to_have_text(ja("Mails have been stopped"))
