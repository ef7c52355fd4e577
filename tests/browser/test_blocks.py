"""A mailing made of blocks from an empty page: with the mouse, and with the keyboard alone and Japanese input."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests import factories
from tests.browser import designs, steps
from tests.browser.conftest import Opened
from tests.browser.judging import ja, overflows, violations
from tests.browser.steps import follow, press
from tests.service import Service
from wem.accounts.models import Customer
from wem.db import db
from wem.mailings.block_colour_rules import contrast
from wem.mailings.html import clean_html

pytestmark = pytest.mark.browser


def begin(page: Page, service: Service, slug: str) -> None:
    """Sign a newcomer in, and open the editor of a new mail in which nothing is yet."""
    email, _ = steps.make_newcomer(service, slug)
    steps.sign_in(page, service, email)
    page.goto(f"{service.portal}/mailings/new")
    follow(page, "Use blocks")
    page.get_by_label(ja("Subject"), exact=True).fill("秋の新茶")
    press(page, "Save and edit blocks")
    expect(page.get_by_role("main")).to_contain_text(ja("No blocks yet"))


def add(page: Page, kind: str, place: str = "end-0") -> None:
    page.locator(f"#kind-{place}").select_option(kind)
    page.locator(f"#add-{place}").click()


def order(page: Page) -> list[str]:
    return page.locator(".block").evaluate_all("blocks => blocks.map(each => each.id)")


def saved(page: Page, words: str) -> None:
    """Wait until what was written stands in the mail beside it."""
    expect(page.frame_locator("#blocks-frame").locator("body")).to_contain_text(words)


def make_image(service: Service, slug: str) -> None:
    with service.app.app_context():
        factories.make_image(db.session.query(Customer).filter_by(slug=slug).one())
        db.session.commit()


def is_scrolled_to(page: Page, top: int) -> None:
    scrolled = "document.getElementById('blocks-frame').contentWindow.scrollY"
    for _ in range(50):  # our policy lets no text be evaluated by the page, so it is asked from here
        if page.evaluate(scrolled) == top:
            break
        page.wait_for_timeout(100)
    assert page.evaluate(scrolled) == top


def scroll_while_it_is_made(page: Page) -> None:
    """Move a row up, and scroll in the old mail before the new one is there."""
    page.set_viewport_size({"width": 1280, "height": 420})
    on_its_way: list[Route] = []
    page.route(re.compile("beside=1"), lambda route: on_its_way.append(route))
    page.locator("#r3-up").click()
    expect(page.locator(".block").first).to_have_attribute("id", "b4")
    assert order(page) == ["b4", "b5", "b2"]
    page.evaluate("document.getElementById('blocks-frame').contentWindow.scrollTo(0, 60)")
    is_scrolled_to(page, 60)
    page.wait_for_timeout(50)  # some frames are drawn
    assert on_its_way
    for route in on_its_way:
        route.continue_()
    page.unroute(re.compile("beside=1"))
    saved_order = re.compile("店へ.*新茶のお知らせ", re.DOTALL)
    expect(page.frame_locator("#blocks-frame").locator("body")).to_contain_text(saved_order)
    is_scrolled_to(page, 60)


# What a spreadsheet puts on the clipboard, pasted; true when the page leaves it to the browser.
PASTE = """field => {
  const held = new DataTransfer();
  held.setData("text/plain", "新茶");
  held.items.add(new File(["x"], "表.png", {type: "image/png"}));
  return field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: held, bubbles: true, cancelable: true}));
}"""


def take_an_image(page: Page) -> None:
    """Choose an image by its look; the mail beside it comes to where it stands now, and a click there leads back."""
    add(page, "image")
    chooser = page.locator(".picture-chooser")
    expect(chooser.locator("[data-picture-open]")).to_be_focused()
    expect(page.locator("select[name=picture]")).to_be_hidden()
    page.keyboard.press("Enter")
    page.locator("#picture-dialog").get_by_role("button", name="「秋の新商品」を使う").click()
    image = page.frame_locator("#blocks-frame").locator("img[alt=秋の新商品の写真]")
    expect(image).to_be_in_viewport()
    expect(chooser.locator("[data-picture-shown]")).to_contain_text("秋の新商品")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("#b4-form > summary").click()
    expect(page.locator("#b7-about")).to_have_text("秋の新商品の写真")
    image.click()
    expect(page.locator("#b7-alt")).to_be_focused()
    assert page.locator("#b7-alt").evaluate(PASTE), "text from Office goes where text can stand"
    # One that is not in the library yet is taken there and chosen as soon as it is made.
    chooser.locator("[data-picture-open]").click()
    page.locator("#picture-file").set_input_files({"name": "棚.png", "mimeType": "image/png", "buffer": factories.PNG})
    page.locator("#picture-alt").fill("秋の棚")
    assert violations(page) == []
    press(page, "Upload and use")
    expect(page.locator("#picture-dialog")).to_be_hidden()
    expect(page.frame_locator("#blocks-frame").locator("img[alt=秋の棚]")).to_have_count(1)


def test_with_the_mouse(service: Service, opened: Opened) -> None:
    page = opened()
    begin(page, service, "mouse")
    make_image(service, "mouse")
    add(page, "heading")
    page.locator("#b2-text").fill("新茶のお知らせ")
    # The next act waits for what was written.
    add(page, "1-1")
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
    scroll_while_it_is_made(page)
    take_an_image(page)
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
    choose(page, "kind-end-0", ja("Text block"))
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


def test_html_is_written_in_colours_and_kept_as_typed(service: Service, opened: Opened) -> None:
    page = opened()
    email, _ = steps.make_newcomer(service, "colours")
    steps.sign_in(page, service, email)
    page.goto(f"{service.portal}/mailings/new?kind=html")
    page.get_by_label(ja("Subject"), exact=True).fill("秋の新茶")
    area, editor = page.locator("textarea[name=html]"), page.get_by_role("textbox", name="HTML", exact=True)
    page.locator("label[for=html]").click()
    expect(editor).to_be_focused()
    page.keyboard.type('<h1 class="a">')
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "しんちゃ", "selectionStart": 4, "selectionEnd": 4})
    session.send("Input.insertText", {"text": "新茶"})
    page.locator("summary", has_text=ja("Merge fields to insert")).click()
    page.locator("[data-insert='{{ list_name }}']").click()
    expect(area).to_have_value('<h1 class="a">新茶{{ list_name }}</h1>')
    page.keyboard.press("Control+z")
    expect(area).to_have_value('<h1 class="a">新茶</h1>')
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("\n<p>{{ sender_name }}です。</p>")
    typed = '<h1 class="a">新茶</h1>\n<p>{{ sender_name }}です。</p>'
    expect(area).to_have_value(typed)
    colours = page.locator(".cm-line span").evaluate_all("each => each.map(one => getComputedStyle(one).color)")
    assert len(set(colours)) >= 4, colours
    page.keyboard.press("Control+f")
    expect(page.get_by_placeholder(ja("Find"))).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    # Tab leads on, as in any field.
    page.keyboard.press("Tab")
    expect(editor).not_to_be_focused()
    page.set_viewport_size({"width": 360, "height": 800})
    assert not overflows(page)
    press(page, "Save draft")
    expect(page.locator("textarea[name=html]")).to_have_value(typed)
    page.locator("#body_kind").get_by_text(ja("Plain text"), exact=True).click()
    expect(editor).to_be_hidden()


# What a customer's style could try to hide the legal block with, in a browser that knows all of CSS.
HOSTILE = (
    "table,tbody,tr,td,p,a{display:none!important;visibility:hidden!important;opacity:0!important}",
    "*{color:#fff!important;background:#fff!important;-webkit-text-fill-color:#fff!important;font-size:1px!important}",
    "p,td{transform:scale(0)!important;clip-path:inset(50%)!important;filter:opacity(0)!important;zoom:.01!important}",
    "p{position:relative!important;left:-5000px!important;text-indent:-5000px!important;letter-spacing:-9em!important}",
    "p::first-line,p:first-line{color:#fff!important;font-size:1px!important}",
    "p::before,body::after{content:'';display:block;position:relative;z-index:9;height:900px;margin-top:-900px;"
    "background:#fff}",
    "html,body{height:40px!important;overflow:hidden!important;mask:linear-gradient(red 40px,transparent 0)!important}",
    "p,a{unicode-bidi:bidi-override!important;direction:rtl!important;writing-mode:vertical-rl!important}",
    "tbody{display:none!important}tr{visibility:collapse!important}",
    "table{max-width:0!important;table-layout:fixed!important}",
)
COVER = '<div style="transform:translateY(1px);margin-bottom:-600px;height:900px;background:#fff">x</div>'
SEEN = """words => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const word = words.find(each => node.textContent.includes(each));
    if (!word) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect(), element = node.parentElement;
    window.scrollTo(0, box.top + scrollY - 100);
    const now = range.getClientRects()[0], style = getComputedStyle(element);
    const top = document.elementFromPoint(now.left + 3, now.top + now.height / 2);
    found.push({word, size: parseFloat(style.fontSize), colour: style.color, ground: style.backgroundColor,
      high: now.height, inside: box.left >= 0 && box.right <= innerWidth + 1, seen: top === element,
      way: style.direction});
  }
  return found;
}"""
ITEMS = ("株式会社髙橋商店", "配信停止をご希望の方は", "配信停止のお手続き", "東京都千代田区千代田1-1", "03-1234-5678")


def judge_footer(page: Page) -> None:
    """Each of the five items is seen: nothing over it, dark on white, 13 px, within the window."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = {each["word"]: each for each in page.evaluate(SEEN, list(ITEMS))}
        assert set(found) == set(ITEMS), scheme
        for each in found.values():
            assert each["seen"] and each["inside"] and each["way"] == "ltr", each
            assert each["size"] >= 13 and each["high"] >= 12, each
            assert contrast(hexadecimal(each["colour"]), hexadecimal(each["ground"])) >= 7, each


def hexadecimal(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def test_the_legal_block_is_seen_in_every_design_whatever_its_style_says(opened: Opened) -> None:
    page = opened(width=360, height=700)
    for _, mail in designs.mails():
        page.set_content(mail)
        judge_footer(page)
    for css in HOSTILE:
        style = f"<style>@media all{{{css}}} {css}</style>"
        page.set_content(designs.filled(clean_html(f"<html><body>{style}<p>本文</p>{COVER}</body></html>")))
        judge_footer(page)
