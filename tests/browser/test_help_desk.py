"""The help desk in Chromium: asked by the form and by mail, answered by staff, written back to, both threads whole."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Opened
from tests.browser.judging import ja, violations
from tests.browser.steps import choose, follow, press
from tests.service import Service

pytestmark = pytest.mark.browser
PHONE = "shitsumon@docomo.ne.jp"


def test_asked_by_form_and_by_mail_and_answered(service: Service, opened: Opened) -> None:
    owner_email, staff_email = steps.make_newcomer(service, "madoguchi", "合同会社まどぐち")
    owner, staff, phone = opened(), opened(), opened(360)
    steps.sign_in(owner, service, owner_email)
    steps.sign_in(staff, service, staff_email)

    follow(owner, "Inquiries")
    assert violations(owner) == []
    owner.get_by_role("main").get_by_role("link", name=ja("Ask the help desk")).first.click()
    owner.locator("#subject").fill("予約ができません")
    owner.get_by_label(ja("Your question")).fill("日時を選んでも進めません。")
    picture = {"name": "画面.png", "mimeType": "image/png", "buffer": b"\x89PNG"}
    owner.locator("input[type=file]").set_input_files(picture)  # type: ignore[arg-type]
    assert violations(owner) == []
    press(owner, "Send it to the help desk")
    expect(owner.get_by_role("main")).to_contain_text("画面.png")
    number = (re.search(r"Q\d{6}", owner.get_by_role("main").inner_text()) or [""])[0]
    service.mailbox.wait_for(recipient=owner_email, subject=number)

    choose(staff, "Customer care", "Inquiries")
    assert violations(staff) == []
    staff.get_by_role("link", name=number).click()
    assert violations(staff) == []
    staff.get_by_label(ja("Our answer")).fill("ブラウザーを更新してください。")
    press(staff, "Send reply")
    answer, *_ = service.mailbox.wait_for(recipient=owner_email, subject=f"Re: [{number}]")

    # Written back by mail, it stands in the same thread.
    owner.goto(f"{service.settings.MAILBOX_URL}/mails/{answer['id']}?view=text")
    expect(owner.locator("pre")).to_contain_text("ブラウザーを更新してください。")
    send_back(owner, "できました。ありがとうございます。")
    staff.goto(f"{service.portal}/staff/inquiries?state=all")
    staff.get_by_role("link", name=number).click()
    steps.reload_until(staff, "できました。ありがとうございます。")
    owner.goto(f"{service.portal}/inquiries")
    expect(owner.get_by_role("main")).to_contain_text(ja("Being worked on"))
    owner.get_by_role("link", name=number).click()
    assert violations(owner) == []
    press(owner, "It is settled")

    phone.goto(f"{service.settings.MAILBOX_URL}/compose")
    phone.locator("#sender").fill(PHONE)
    phone.locator("#recipient").fill("support@mail.wem.example")
    phone.locator("#subject").fill("申込みについて")
    phone.locator("#text").fill("何日かかりますか。")
    phone.get_by_role("main").get_by_role("button", name="メールを送る", exact=True).click()
    service.mailbox.wait_for(recipient=PHONE, subject="お問い合わせを受け付けました")
    staff.goto(f"{service.portal}/staff/inquiries")
    steps.reload_until(staff, "s****@docomo.ne.jp")
    staff.get_by_role("row", name="s****@docomo.ne.jp").get_by_role("link").click()
    expect(staff.get_by_role("main")).not_to_contain_text("何日かかりますか。")
    staff.get_by_label(ja("Why do you open it?")).fill("申込みの質問に答えるため")
    press(staff, "Open, and put it on record")
    expect(staff.get_by_role("main")).to_contain_text("何日かかりますか。")
    assert violations(staff) == []
    staff.get_by_label(ja("Our answer")).fill("3営業日ほどです。")
    press(staff, "Send reply")
    service.mailbox.wait_for(recipient=PHONE, subject="申込みについて")


def test_an_emergency_stop_by_who_cannot_sign_in(service: Service, opened: Opened) -> None:
    owner_email, staff_email = steps.make_newcomer(service, "kinkyu", "合同会社きんきゅう")
    owner, stranger, staff = opened(), opened(360), opened()
    steps.sign_in(owner, service, owner_email)
    stranger.goto(f"{service.portal}/login")
    follow(stranger, "Lost or misused? Emergency stop")
    assert violations(stranger) == []
    stranger.get_by_label(ja("Contract number, or the e-mail address for our notices")).fill("notice@shop.example.jp")
    stranger.get_by_label(ja("E-mail address with which you sign in")).fill(owner_email)
    press(stranger, "Send the link to the registered address")
    mail, *_ = service.mailbox.wait_for(recipient="notice@shop.example.jp", subject="緊急停止")
    stranger.goto(f"{service.settings.MAILBOX_URL}/mails/{mail['id']}?view=text")
    with stranger.expect_popup() as popup:
        stranger.locator("pre a[href*='/emergency-stop/']").first.click()
    page = popup.value
    assert violations(page) == []
    press(page, "Stop everything now")
    expect(page.get_by_role("main")).to_contain_text(ja("Everything has stopped"))
    owner.goto(f"{service.portal}/dashboard")
    expect(owner).to_have_url(re.compile("/login"))
    service.mailbox.wait_for(recipient=owner_email, subject="緊急停止")

    steps.sign_in(staff, service, staff_email)
    choose(staff, "Customer care", "Emergency stops")
    staff.get_by_role("row", name="合同会社きんきゅう").get_by_role("link").click()
    assert violations(staff) == []
    staff.get_by_label(ja("What was found and lent anew")).fill("電話で本人を確認")
    press(staff, "Lift the stop")
    expect(staff.get_by_role("main")).to_contain_text(ja("Lifted"))


def send_back(page: Page, text: str) -> None:
    """Reply to the mail that is open in the built-in mailbox."""
    page.get_by_role("main").get_by_role("link", name="返信する", exact=True).click()
    page.locator("#text").fill(text)
    page.get_by_role("main").get_by_role("button", name="メールを送る", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("WeMがメールを受け取りました")
