"""`python -m tests.browser.pictures`: makes the few pictures that README and manual show, from the running demo."""

from __future__ import annotations

import base64
import logging
import re
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import steps
from tests.browser.judging import ja
from tests.browser.steps import follow, press
from tests.not_run import chromium
from tests.service import Service, running_service
from wem.demo.customers import PASSWORD
from wem.settings import ROOT

README = ROOT / "docs" / "screens"
MANUAL = ROOT / "static" / "img" / "manual"
MOST = 60_000  # bytes of a picture
QUALITY = 82
HALFWAY = 80  # of the 200 readers


def main() -> None:
    logging.disable(logging.WARNING)
    for folder in (README, MANUAL):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        looks = {"locale": "ja-JP", "timezone_id": "Asia/Tokyo", "reduced_motion": "reduce", "color_scheme": "light"}
        with running_service(Path(folder) / "state", BATCH_SIZE="10", SEND_WORKERS="1") as service:
            desk = browser.new_page(viewport={"width": 960, "height": 640}, **looks)
            sign_in(desk, service, "owner@takahashi.example.jp")
            uploading(desk, service)
            composing(desk, service)
            phone = browser.new_page(viewport={"width": 360, "height": 640}, **looks)
            reading(phone, service)
        browser.close()
    for file in sorted([*README.glob("*.webp"), *MANUAL.glob("*.webp")]):
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size} bytes")
        assert file.stat().st_size <= MOST, f"{file} is too large"


def keep(page: Page, *files: Path) -> None:
    """Keep what the window shows."""
    page.wait_for_load_state("networkidle")
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    for file in files:
        file.write_bytes(base64.b64decode(taken["data"]))


def sign_in(page: Page, service: Service, email: str) -> None:
    page.goto(f"{service.portal}/login")
    page.get_by_label(ja("E-mail address")).fill(email)
    page.get_by_label(ja("Password"), exact=True).fill(PASSWORD)
    press(page, "Sign in")
    keep(page, MANUAL / "home.webp")


def uploading(page: Page, service: Service) -> None:
    page.goto(f"{service.portal}/lists/1/imports")
    follow(page, "Upload a file")
    page.locator("input[type=radio][value=invitation]").check()
    page.locator("input[type=file]").set_input_files(steps.DATA / "readers-messy.csv")
    press(page, "Continue")
    page.locator("table").first.scroll_into_view_if_needed()
    keep(page, MANUAL / "columns.webp")
    page.locator("textarea[name=how]").fill("店頭の申込書でいただきました。")
    page.locator("input[name=when]").fill("2025年10月から2026年9月まで")
    press(page, "Check the file")
    expect(page.get_by_role("main")).to_contain_text(ja("Effect on the month's peak"), timeout=steps.WORK)
    keep(page, MANUAL / "upload.webp")


def composing(page: Page, service: Service) -> None:
    page.goto(f"{service.portal}/mailings")
    page.get_by_role("main").locator("table a").first.click()
    follow(page, "Edit")
    page.get_by_role("checkbox").first.check()
    page.get_by_label(ja("Subject"), exact=True).evaluate("each => each.closest('.card').scrollIntoView()")
    keep(page, MANUAL / "compose.webp")
    press(page, "Save and preview")
    page.frame_locator("iframe").locator("body").wait_for()
    page.locator(".mail-head").evaluate("each => each.scrollIntoView()")
    keep(page, MANUAL / "preview.webp")
    page.evaluate("scrollTo(0, 0)")
    follow(page, "Review and send")
    keep(page, MANUAL / "check.webp")
    press(page, "Continue to confirmation")
    wait = {"pattern": "*", "stage": "rcpt", "action": "delay", "seconds": 0.1}
    gone = {"pattern": "*[37]@*", "stage": "rcpt", "action": "reply", "code": 550, "chance": 0.2}
    service.mailbox.set_behaviours([gone, wait])
    press(page, "Send")
    expect(page).to_have_url(re.compile(r"/mailings/\d+$"))
    while float(page.locator("progress").get_attribute("value") or 0) < HALFWAY:
        page.wait_for_timeout(200)
    keep(page, README / "mailing.webp")
    service.mailbox.clear_behaviours()
    expect(page.locator(".badge").first).to_have_text(ja("Completed"), timeout=steps.WORK)
    page.goto(f"{page.url}/report")
    keep(page, MANUAL / "report.webp")


def reading(page: Page, service: Service) -> None:
    page.goto(f"{service.public}/h/takahashi/ochadayori/join")
    keep(page, MANUAL / "join.webp")
    mails = [service.mailbox.mail(mail["id"]) for mail in service.mailbox.mails(limit=5)]
    page.goto(next(link for mail in mails for link in mail["links"] if "/u/" in link))
    keep(page, MANUAL / "leave.webp")


if __name__ == "__main__":
    main()
