"""The components in Chromium: accessible in every layout, width and colour; with scripts and without."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.browser.judging import overflows, violations
from tests.web.gallery import LAYOUTS, make_gallery

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def gallery_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = make_gallery(tmp_path_factory.mktemp("gallery"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    """A desk; an error of a script or a breach of the CSP fails the test."""
    context = chrome.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light", locale="ja-JP")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    yield page
    context.close()
    assert complaints == []


COLOURS_AND_WIDTHS = [(1280, "dark", "&flash=1"), (360, "light", "&bad=1")]
LOOKS = [
    *((layout, *look) for layout in LAYOUTS for look in COLOURS_AND_WIDTHS),
    ("customer", 1280, "light", "&lang=en"),
    ("customer", 360, "dark", "&lang=en"),
]


@pytest.mark.parametrize(("layout", "width", "colours", "query"), LOOKS)
def test_accessible_in_every_layout(
    page: Page, gallery_url: str, layout: str, width: int, colours: str, query: str
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
    page.goto(f"{gallery_url}/?layout={layout}{query}")
    assert not overflows(page)
    assert violations(page) == []


def test_readable_at_200_percent(page: Page, gallery_url: str) -> None:
    page.set_viewport_size({"width": 640, "height": 400})  # 1280 at 200 %
    page.goto(f"{gallery_url}/?bad=1")
    assert not overflows(page)
    page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")  # text alone twice as large
    page.set_viewport_size({"width": 720, "height": 800})
    assert not overflows(page)


def test_the_keyboard_reaches_the_content_first(page: Page, gallery_url: str) -> None:
    page.goto(gallery_url)
    page.keyboard.press("Tab")
    skip = page.locator(".skip-link")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_choice_of_colours_is_remembered(page: Page, gallery_url: str) -> None:
    page.goto(gallery_url)
    page.locator(".menu-account > summary").click()
    assert violations(page) == []
    page.get_by_role("button", name="ダーク").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(gallery_url)  # now the server writes it
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".menu-account > summary").click()
    page.get_by_role("button", name="自動").click()
    page.goto(gallery_url)
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_a_menu_closes_on_escape_and_gives_the_focus_back(page: Page, gallery_url: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(gallery_url)
    summary = page.locator(".menu-phone > summary")
    summary.click()
    expect(page.locator(".menu-phone nav")).to_be_visible()
    assert violations(page) == []
    page.locator(".menu-phone a").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator(".menu-phone nav")).to_be_hidden()
    expect(summary).to_be_focused()


def test_a_question_is_asked_once_in_a_dialog(page: Page, gallery_url: str) -> None:
    page.goto(gallery_url)
    summary = page.get_by_text("リストを削除する").first
    summary.click()
    dialog = page.get_by_role("dialog", name="リスト「さくら通信」を削除しますか？")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="キャンセル")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    summary.click()
    dialog.get_by_role("button", name="キャンセル").click()
    expect(dialog).to_be_hidden()
    summary.click()
    dialog.get_by_role("button", name="リストを削除する").click()
    expect(page.get_by_text("csrf_token,id")).to_be_visible()


def test_without_javascript_the_question_and_the_menu_unfold(chrome: Browser, gallery_url: str) -> None:
    context = chrome.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(gallery_url)
    page.locator(".menu-phone > summary").click()
    expect(page.locator(".menu-phone nav")).to_be_visible()
    page.locator(".menu-phone > summary").click()
    page.get_by_text("リストを削除する").first.click()
    page.locator(".confirm[open]").get_by_role("button").click()
    expect(page.get_by_text("csrf_token,id")).to_be_visible()
    context.close()


def test_errors_take_the_focus(page: Page, gallery_url: str) -> None:
    page.goto(f"{gallery_url}/?bad=1")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    page.locator("[data-error-summary] a").first.click()
    expect(page.locator("#name")).to_be_focused()


def test_a_failed_request_is_said_once(page: Page, gallery_url: str) -> None:
    page.goto(gallery_url)
    for _ in range(2):
        with page.expect_response("**/broken"):
            page.locator("#broken button").click()
    toast = page.locator("#toasts .notice")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text("処理できませんでした。")
    assert violations(page) == []
    toast.get_by_role("button", name="閉じる").click()
    expect(toast).to_have_count(0)


def test_a_changed_form_asks_before_it_is_left(page: Page, gallery_url: str) -> None:
    page.goto(gallery_url)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.locator("#name").fill("さくら通信")
    page.goto(f"{gallery_url}/?layout=staff")
    assert asked == ["beforeunload"]
    page.goto(gallery_url)
    assert len(asked) == 1, "an unchanged form lets go"


def test_a_chosen_file_is_named(page: Page, gallery_url: str) -> None:
    page.goto(gallery_url)
    page.set_input_files("#file", {"name": "readers.csv", "mimeType": "text/csv", "buffer": b"x" * 2048})
    expect(page.locator(".dropzone-chosen")).to_contain_text("readers.csv (2 KB)")


def test_htmx_may_not_evaluate(page: Page, gallery_url: str) -> None:
    page.goto(gallery_url)
    config = page.evaluate("htmx.config")
    assert config["allowEval"] is config["allowScriptTags"] is config["includeIndicatorStyles"] is False
    assert config["selfRequestsOnly"] is True
    assert config["historyCacheSize"] == 0
