"""`python -m tests.browser.screens [word …]`: photographs of every screen in var/screens/, to be looked at.

Each in Japanese and English, 1280 and 360 wide; words choose by name (`owner-lists`).
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.standing import Standing, standing_service
from tests.browser.visits import Visit, cookies, people, visits
from tests.not_run import chromium
from wem.settings import ROOT

SCREENS = ROOT / "var" / "screens"
WIDTHS = (1280, 360)
LANGUAGES = ("ja", "en")


def main(chosen: list[str]) -> None:
    logging.disable(logging.WARNING)
    if not chosen:
        shutil.rmtree(SCREENS, ignore_errors=True)
    SCREENS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, standing_service(Path(folder)) as standing, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for who in people(standing):
            wanted = [each for each in visits(standing, who) if not chosen or any(word in each.name for word in chosen)]
            photograph(browser, standing, who, wanted)
        browser.close()
    print(f"{len(list(SCREENS.glob('*.png')))} screens in {SCREENS}")


def photograph(browser: Browser, standing: Standing, who: str, wanted: list[Visit]) -> None:
    """Keep pictures of these pages as this person sees them; the phone in dark colours when English."""
    context = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce")
    context.add_cookies(cookies(standing, who))  # type: ignore[arg-type]
    page = context.new_page()
    for visit in wanted:
        for language in LANGUAGES:
            page.goto(visit.in_language(language), wait_until="load")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                page.emulate_media(color_scheme="dark" if (language, width) == ("en", 360) else "light")
                page.screenshot(path=SCREENS / f"{visit.name}.{language}.{width}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    main(sys.argv[1:])
