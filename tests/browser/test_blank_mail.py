"""By mail alone: onto a list from a poster's address, a mailing, a question and its answer, and off the list."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Opened
from tests.browser.judging import ja
from tests.browser.steps import follow, press
from tests.service import Service

pytestmark = pytest.mark.browser
PHONE = "karamail@docomo.ne.jp"


def test_by_mail_onto_a_list_and_off_it(service: Service, opened: Opened) -> None:
    owner_email, _ = steps.make_newcomer(service, "karamail")
    owner, phone = opened(), opened(360)
    steps.sign_in(owner, service, owner_email)
    owner.goto(f"{service.portal}/lists/new")
    steps.make_list(owner, "空メールの会", "kara")
    owner.get_by_role("link", name=ja("Blank mail"), exact=True).click()
    owner.get_by_label(ja("Name before the @")).fill("karakai")
    press(owner, "Use this name")
    expect(owner.locator("#address")).to_have_text("karakai@mail.wem.example")

    write(phone, service, sender=PHONE, recipient="karakai@mail.wem.example")
    confirm(phone, service)
    owner.reload()
    assert steps.figures(owner)[ja("Registered by it")] == "1"

    owner.goto(f"{service.portal}/mailings/new?kind=html")
    steps.compose(owner, "春の新商品", "<h1>春の新商品</h1><p>桜餅です。</p>", "空メールの会")
    press(owner, "Save and preview")
    follow(owner, "Review and send")
    press(owner, "Continue to confirmation")
    press(owner, "Send")
    expect(owner.locator(".badge").first).to_have_text(ja("Completed"), timeout=steps.WORK)
    mailing = owner.url

    ask_and_be_answered(phone, owner, service)

    open_mail(phone, service, "春の新商品")
    phone_press(phone, "メールで解除する", link=True)
    phone_press(phone, "メールを送る")
    expect(phone.get_by_role("heading", level=1)).to_have_text("WeMがメールを受け取りました")
    owner.goto(f"{mailing}/report")
    left_one = f"{ja('Unsubscribed from this mailing')}\n1"
    steps.reload_until(owner, left_one)


def write(page: Page, service: Service, *, sender: str, recipient: str, subject: str = "") -> None:
    """Write a mail in the built-in mailbox, as a phone would from a poster's QR code."""
    page.goto(f"{service.settings.MAILBOX_URL}/compose")
    page.locator("#sender").fill(sender)
    page.locator("#recipient").fill(recipient)
    page.locator("#subject").fill(subject)
    phone_press(page, "メールを送る")
    expect(page.get_by_role("heading", level=1)).to_have_text("WeMがメールを受け取りました")


def open_mail(page: Page, service: Service, subject: str) -> None:
    """Open the first mail to the phone with this subject."""
    mail, *_ = service.mailbox.wait_for(recipient=PHONE, subject=subject)
    page.goto(f"{service.settings.MAILBOX_URL}/mails/{mail['id']}?view=text")


def confirm(page: Page, service: Service) -> None:
    open_mail(page, service, "登録を完了してください")
    with page.expect_popup() as popup:
        page.locator("pre a[href*='/c/']").first.click()
    page_of_list = popup.value
    page_of_list.wait_for_timeout(1500)  # what is pressed within a second is taken for a scanner
    page_of_list.get_by_role("button", name=ja("Complete the registration")).click()
    expect(page_of_list.get_by_role("heading", level=1)).to_contain_text("登録")
    service.mailbox.wait_for(recipient=PHONE, subject="【登録完了】")


def ask_and_be_answered(phone: Page, owner: Page, service: Service) -> None:
    """The reader replies, the customer reads it masked and answers, the answer comes to the phone."""
    open_mail(phone, service, "春の新商品")
    phone_press(phone, "返信する", link=True)
    phone.locator("#text").fill("取り置きはできますか。karamail@docomo.ne.jp")
    phone_press(phone, "メールを送る")
    expect(phone.get_by_role("heading", level=1)).to_have_text("WeMがメールを受け取りました")
    owner.goto(f"{service.portal}/replies")
    steps.reload_until(owner, "k****@docomo.ne.jp")
    assert "karamail@docomo" not in owner.content()
    owner.get_by_role("link", name="k****@docomo.ne.jp").click()
    expect(owner.get_by_role("main")).to_contain_text("取り置きはできますか。k****@docomo.ne.jp")
    owner.get_by_label(ja("Your reply")).fill("はい、承ります。")
    press(owner, "Send reply")
    open_mail(phone, service, "Re: 春の新商品")
    expect(phone.locator("pre")).to_contain_text("はい、承ります。")


def phone_press(page: Page, label: str, *, link: bool = False) -> None:
    page.get_by_role("main").get_by_role("link" if link else "button", name=label, exact=True).click()
