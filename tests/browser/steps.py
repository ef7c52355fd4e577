"""What people do on the screens, step by step, with whatever hand they use: the tests put the steps together."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.judging import ja
from tests.service import Service
from wem.db import db
from wem.lists.models import MailingList

DATA = Path(__file__).resolve().parent.parent / "data" / "lists"
WORK = 300_000  # milliseconds for what the workers do with 10,000 rows


def make_newcomer(service: Service, slug: str, name: str = "合同会社はじめ") -> tuple[str, str]:
    """Make a customer that has nothing but its contract; returns the mail addresses of its owner and of staff."""
    with service.app.app_context():
        customer = factories.make_customer(name, slug)
        factories.make_contract(customer, attested_uploads=True)
        owner = factories.make_member(customer, name="新井 はじめ", email=f"owner@{slug}.example.jp")
        staff = factories.make_account("管理 太郎", f"staff-{slug}@wem.example", staff_role="admin")
        emails = owner.email, staff.email
        db.session.commit()
    return emails


def make_readers(service: Service, list_slug: str, readers: dict[str, str]) -> None:
    """Make active readers of a list: address and the value of 氏名."""
    with service.app.app_context():
        mailing_list = db.session.query(MailingList).filter_by(slug=list_slug).one()
        for address, name in readers.items():
            factories.make_subscriber(mailing_list, address, fields={"氏名": name} if name else {})
        db.session.commit()


def sign_in(page: Page, service: Service, email: str) -> None:
    page.goto(f"{service.portal}/login")
    page.get_by_label(ja("E-mail address")).fill(email)
    page.get_by_label(ja("Password"), exact=True).fill(factories.PASSWORD)
    press(page, "Sign in")


def press(page: Page, label: str) -> None:
    """Press the button of the main part with this label."""
    page.get_by_role("main").get_by_role("button", name=ja(label), exact=True).click()


def follow(page: Page, label: str) -> None:
    """Follow the first link with this label."""
    page.get_by_role("link", name=ja(label), exact=True).first.click()


def choose(page: Page, menu: str, label: str) -> None:
    """Open a menu of the navigation and follow the link in it."""
    nav = page.locator("nav.site-nav")
    nav.locator("summary", has_text=ja(menu)).click()
    nav.get_by_role("link", name=ja(label), exact=True).click()


def confirmed(page: Page, label: str) -> str:
    """Press a button that asks once, and confirm; returns what it asked."""
    page.locator("summary", has_text=ja(label)).click()
    box = page.locator(".confirm-box").filter(has_text=ja(label)).filter(visible=True)
    asked = box.inner_text()
    box.get_by_role("button", name=ja(label), exact=True).click()
    return asked


def figures(page: Page) -> dict[str, str]:
    """Return the figures of the page, each under its label."""
    found = {}
    for each in page.locator(".stat").all():
        label, value = each.locator("dt").inner_text(), each.locator("dd").first.inner_text()
        found[label.strip()] = value.splitlines()[0]  # a note may stand under it
    return found


def reload_until(page: Page, text: str) -> None:
    """Reload, as somebody without JavaScript does, until the main part shows the text."""
    deadline = time.monotonic() + WORK / 1000
    while text not in page.get_by_role("main").inner_text():
        assert time.monotonic() < deadline, f"{page.url} never showed {text}"
        page.reload()


def make_list(page: Page, name: str, slug: str) -> None:
    page.get_by_label(ja("Name of the list")).fill(name)
    page.get_by_label(ja("Name in addresses")).fill(slug)
    press(page, "Create")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def upload(page: Page, file: str, kind: str) -> None:
    """On the page of uploads: choose a file and its kind, answer the questions, let it be checked."""
    follow(page, "Upload a file")
    page.get_by_label(ja(kind)).check()
    page.locator("input[type=file]").set_input_files(DATA / file)
    press(page, "Continue")
    page.get_by_label(ja("How did you get these addresses?")).fill("店頭の申込書でいただきました。")
    page.get_by_label(ja("When?")).fill("2024年4月から2025年3月まで")
    wording = page.get_by_label(ja("With which words did they agree?"))
    if wording.count():
        wording.fill("メールマガジンを受け取ることに同意します。")
        page.locator("input[name=told]").check()
        evidence = {"name": "application.txt", "mimeType": "text/plain", "buffer": "申込書の写し".encode()}
        page.locator("input[name=evidence]").set_input_files(evidence)  # type: ignore[arg-type]
    press(page, "Check the file")


def compose(page: Page, subject: str, html: str, list_name: str) -> None:
    page.get_by_label(list_name).check()
    page.get_by_label(ja("Subject"), exact=True).fill(subject)
    page.get_by_role("textbox", name="HTML", exact=True).fill(html)
