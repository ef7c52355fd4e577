"""`python -m tests.browser.designs`: makes the pictures of the designs that WeM offers (static/img/designs), and
photographs each of them 320, 480 and 640 wide, light and dark, into var/screens/designs, to be looked at."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from types import SimpleNamespace

from playwright.sync_api import Page, sync_playwright

from tests.not_run import chromium
from wem.delivery.personalising import compile_template
from wem.mailings.block_compiling import html_of
from wem.mailings.block_layout_rules import WIDTH
from wem.mailings.design_rules import Ours, addressed
from wem.mailings.design_using import as_written
from wem.mailings.footer import append_footer_html
from wem.mailings.html import inline_styles
from wem.settings import ROOT

PICTURES = ROOT / "static" / "img" / "designs"
SCREENS = ROOT / "var" / "screens" / "designs"
WIDTHS, SCHEMES = (320, 480, 640), ("light", "dark")
PICTURE = {"width": 600, "height": 800}
MOST = 60_000  # bytes of a picture
SENDER = SimpleNamespace(
    sender_name="株式会社髙橋商店",
    postal_code="100-0001",
    postal_address="東京都千代田区千代田1-1",
    contact="03-1234-5678",
)
READER = {
    "list_name": "お得情報",
    "date": "2026年12月1日",
    "sender_name": SENDER.sender_name,
    "unsubscribe_url": "https://public.example/u/abc",
    "preferences_url": "https://public.example/p/abc",
    "first-mail": "",
}


def filled(html: str) -> str:
    """Return a mail's HTML, the legal block under it, as a reader gets it."""
    source = append_footer_html(inline_styles(html), SENDER, width=WIDTH)
    return compile_template(source, escape="html", known=[*READER]).render(READER)


def mails() -> Iterator[tuple[str, str]]:
    """Yield (name, mail) of each design, in its own colours, to somebody whose name is not known."""
    for name in Ours:
        document = as_written(name).document
        assert document is not None
        yield name.value, filled(html_of(addressed(document, ""), {}, "ja"))


def main() -> None:
    for folder in (PICTURES, SCREENS):
        folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport=PICTURE, locale="ja-JP", java_script_enabled=False)
        for name, mail in mails():
            page.set_viewport_size(PICTURE)  # type: ignore[arg-type]
            page.emulate_media(color_scheme="light")
            page.set_content(mail)
            keep(page, name)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 800})
                    page.screenshot(path=SCREENS / f"{name}.{scheme}.{width}.png", full_page=True)
        browser.close()
    print(f"pictures in {PICTURES}, screens in {SCREENS}")


def keep(page: Page, name: str) -> None:
    """Keep the head of the mail as a picture."""
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    content = base64.b64decode(taken["data"])
    assert len(content) <= MOST, f"{name} has {len(content)} bytes"
    (PICTURES / f"{name}.webp").write_bytes(content)


if __name__ == "__main__":
    main()
