"""A reader on a phone, by keyboard alone: signs up, confirms by the mail, changes, and leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened
from tests.browser.judging import ja, leftovers, overflows, violations
from tests.service import Service
from wem.db import db
from wem.lists.public_views import FORM_FROM
from wem.lists.subscription_models import Subscriber

pytestmark = pytest.mark.browser
JOIN = "/h/takahashi/tachikawa/join"
MOST_TABS = 60


def test_from_the_form_to_leaving(service: Service, opened: Opened) -> None:
    page = opened(width=360)
    address = "keiko.tanaka@readers.example.com"
    page.goto(service.public + JOIN)
    good(page)
    fill_in(page, ja("E-mail address"), address)
    fill_in(page, "氏名", "田中 恵子")
    sign_up(page)
    expect(heading(page)).to_have_text(ja("Please look into your mailbox"))
    good(page)

    [mail] = service.mailbox.wait_for(recipient=address)
    [link] = [link for link in service.mailbox.mail(mail["id"])["links"] if "/c/" in link]
    page.goto(link)
    good(page)
    read(page)
    press(page, ja("Complete the registration"))
    expect(heading(page)).to_have_text(ja("Your registration is complete"))
    good(page)

    press(page, ja("See or change your registration"), role="link")
    expect(page.get_by_role("main")).to_contain_text(address)
    good(page)
    fill_in(page, "氏名", "鈴木 恵子")
    press(page, ja("Save the details"))
    expect(page.get_by_role("main")).to_contain_text(ja("Your choice has been saved."))
    expect(page.locator("#stored")).to_contain_text("鈴木 恵子")
    good(page)

    press(page, ja("To the deletion"), role="link")
    good(page)
    press(page, ja("Delete everything now"))
    expect(heading(page)).to_have_text(ja("Everything is deleted"))
    good(page)
    assert service.ask(lambda: db.session.query(Subscriber).filter_by(address=address).count()) == 0


def test_a_form_that_is_not_complete_says_what_to_do(service: Service, opened: Opened) -> None:
    page = opened(width=360)
    page.goto(service.public + JOIN)
    fill_in(page, ja("E-mail address"), "田中")
    sign_up(page)
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.get_by_label("氏名")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label(ja("E-mail address"))).to_have_value("田中")
    good(page)


def sign_up(page: Page) -> None:
    read(page)
    press(page, ja("Agree and sign up"))


def read(page: Page) -> None:
    """Take the time that the page expects of a person: who is quicker is taken for a machine."""
    page.wait_for_timeout(FORM_FROM / timedelta(milliseconds=1))


def heading(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_role("heading", level=1)


def good(page: Page) -> None:
    assert violations(page) == []
    assert leftovers(page, "ja") == []
    assert not overflows(page)


def tab_to(page: Page, wanted) -> None:  # type: ignore[no-untyped-def]
    """Go there by the Tab key, as somebody without a mouse does; what has the focus must be seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            expect(wanted).to_be_in_viewport()
            return
    raise AssertionError(f"{MOST_TABS} tabs do not reach {wanted}")


def fill_in(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label).first)
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def press(page: Page, label: str, role: str = "button") -> None:
    tab_to(page, page.get_by_role(role, name=label, exact=True))  # type: ignore[arg-type]
    with page.expect_navigation():
        page.keyboard.press("Enter")
