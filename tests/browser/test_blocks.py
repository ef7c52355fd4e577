"""A mailing made of blocks from an empty page: with the mouse, and with the keyboard alone and Japanese input."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Opened
from tests.browser.judging import ja, overflows, violations
from tests.browser.steps import follow, press
from tests.service import Service

pytestmark = pytest.mark.browser


def begin(page: Page, service: Service, slug: str) -> None:
    """Sign a newcomer in, and open the editor of a new mail in which nothing is yet."""
    email, _ = steps.make_newcomer(service, slug)
    steps.sign_in(page, service, email)
    page.goto(f"{service.portal}/mailings/new")
    follow(page, "Begin with blocks")
    page.get_by_label(ja("Subject"), exact=True).fill("秋の新茶")
    press(page, "Save, and go to the blocks")
    expect(page.get_by_role("main")).to_contain_text(ja("No block yet"))


def add(page: Page, kind: str, place: str = "end-0") -> None:
    page.locator(f"#kind-{place}").select_option(kind)
    page.locator(f"#add-{place}").click()


def order(page: Page) -> list[str]:
    return page.locator(".block").evaluate_all("blocks => blocks.map(each => each.id)")


def saved(page: Page, words: str) -> None:
    """Wait until what was written stands in the mail beside it."""
    expect(page.frame_locator("#blocks-frame").locator("body")).to_contain_text(words)


def test_with_the_mouse(service: Service, opened: Opened) -> None:
    page = opened()
    begin(page, service, "mouse")
    add(page, "heading")
    page.locator("#b2-text").fill("新茶のお知らせ")
    # The next act waits for what was written.
    page.locator("#layout-end").select_option("1-1")
    page.locator("#add-row").click()
    expect(page.locator("#r3")).to_be_visible()
    add(page, "text", "r3-0")
    page.locator("#b4-text").fill("深蒸し茶が届きました。")
    page.locator("#b4-text").select_text()
    page.locator("#b4-form [data-markup=bold]").click()
    expect(page.locator("#b4-text")).to_have_value("**深蒸し茶が届きました。**")
    saved(page, "深蒸し茶が届きました。")
    expect(page.frame_locator("#blocks-frame").locator("strong")).to_have_text("深蒸し茶が届きました。")
    add(page, "button", "r3-1")
    page.locator("#b5-text").fill("店へ")
    page.locator("#b5-link").fill("javascript:x")
    expect(page.locator("#b5-problem")).to_contain_text("https://")
    page.locator("#b5-link").fill("shop.example.jp/new")
    saved(page, "店へ")
    expect(page.locator("#b5-problem")).not_to_contain_text("https://")

    page.locator("#b4 .block-handle").drag_to(page.locator("[data-row=r3][data-column='1']"))
    expect(page.locator("[data-row=r3][data-column='1'] .block")).to_have_count(2)
    page.locator("#undo").click()
    expect(page.locator("[data-row=r3][data-column='0'] .block")).to_have_count(1)
    page.locator("#b2-delete").click()
    expect(page.locator("#b2")).to_have_count(0)
    page.locator("#undo").click()
    expect(page.locator("#b2-text")).to_have_value("新茶のお知らせ")
    page.locator("#r3-up").click()
    expect(page.locator(".block").first).to_have_attribute("id", "b4")
    assert order(page) == ["b4", "b5", "b2"]
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert not overflows(page)
    follow(page, "Preview")
    mail = page.frame_locator("iframe.mail-frame")
    expect(mail.locator("a", has_text="店へ")).to_have_attribute("href", "https://shop.example.jp/new")


def reach(page: Page, id: str) -> None:
    """Press Tab until this element has the focus."""
    for _ in range(150):
        if page.evaluate("document.activeElement.id") == id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {id}")


def choose(page: Page, id: str, label: str) -> None:
    """Reach a list of choices and type the beginning of one."""
    reach(page, id)
    wanted = page.locator(f"#{id} option").all_inner_texts().index(label)
    page.keyboard.press("Home")
    for _ in range(wanted):
        page.keyboard.press("ArrowDown")


def convert(page: Page, kana: str, words: str) -> None:
    """Type kana, look at them for longer than it takes until something is saved, and convert them."""
    ime = page.context.new_cdp_session(page)
    before = page.locator("#blocks-status").inner_text()
    for end in range(1, len(kana) + 1):
        ime.send("Input.imeSetComposition", {"text": kana[:end], "selectionStart": end, "selectionEnd": end})
    blocks = order(page)
    page.keyboard.press("Alt+ArrowUp")  # the converter's, not ours
    page.wait_for_timeout(1500)
    assert order(page) == blocks
    assert page.locator("#blocks-status").inner_text() == before, "saved while the words were being converted"
    ime.send("Input.insertText", {"text": words})
    ime.detach()


def test_with_the_keyboard_and_japanese_input(service: Service, opened: Opened) -> None:
    page = opened()
    begin(page, service, "keys")
    choose(page, "kind-end-0", ja("Heading"))
    reach(page, "add-end-0")
    page.keyboard.press("Enter")
    # One writes on at once.
    expect(page.locator("#b2-text")).to_be_focused()
    convert(page, "しんちゃ", "新茶")
    expect(page.locator("#b2-text")).to_have_value("新茶")
    saved(page, "新茶")
    expect(page.locator("#b2-text")).to_be_focused()
    page.keyboard.insert_text("のお知らせ")
    choose(page, "kind-end-0", ja("Running text"))
    reach(page, "add-end-0")
    page.keyboard.press("Enter")
    expect(page.locator("#b4-text")).to_be_focused()
    expect(page.locator("#b2-text")).to_have_value("新茶のお知らせ")
    convert(page, "とどきました", "届きました。")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".block").first).to_have_attribute("id", "b4")
    saved(page, "届きました。")
    # In a field the keys are the browser's own undo.
    reach(page, "b4-copy")
    page.keyboard.press("Control+z")
    expect(page.locator(".block").first).to_have_attribute("id", "b2")
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".block").first).to_have_attribute("id", "b4")
    reach(page, "b2-delete")
    page.keyboard.press("Enter")
    expect(page.locator("#b2")).to_have_count(0)
    assert order(page) == ["b4"]
