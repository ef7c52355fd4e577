"""Every page, for everybody who may open it: accessible, within 360 px, in one language."""

from __future__ import annotations

from itertools import cycle

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Opened
from tests.browser.judging import DESK, PHONE, leftovers, overflows, violations
from tests.browser.standing import Standing
from tests.browser.visits import Visit, cookies, visits

pytestmark = pytest.mark.browser
# What renews itself after some seconds is renewed now.
RENEW = """async () => {
  for (const each of document.querySelectorAll('[hx-get][hx-trigger^="every"]')) {
    const swap = each.getAttribute("hx-swap");
    await htmx.ajax("GET", each.getAttribute("hx-get"), {source: each, target: each, swap: swap});
  }
}"""
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
SMALL: ViewportSize = {"width": 360, "height": 800}
WHO = ("nobody", "reader", "owner", "viewer", "newcomer", "suspended", "staff", "partner")


@pytest.mark.parametrize("who", WHO)
def test_every_page(standing: Standing, opened: Opened, who: str) -> None:
    page = opened()
    page.context.add_cookies(cookies(standing, who))  # type: ignore[arg-type]
    wrong = [
        f"{visit.name}: {each}"
        for visit, colours in zip(visits(standing, who), cycle(("dark", "light")), strict=False)
        for each in judge(page, visit, colours)
    ]
    assert not wrong, "\n".join(["", *wrong])


def judge(page: Page, visit: Visit, colours: str) -> list[str]:
    """Return what is wrong with a page at a desk, on a phone (colours there), and in English.

    It is opened once: most of the time goes into opening pages.
    """
    page.set_viewport_size(DESKTOP)
    page.goto(visit.in_language("ja"))
    expect(page.locator("h1")).to_have_count(1)
    page.evaluate(RENEW)
    wrong = [f"desk: {each}" for each in violations(page, DESK)]
    wrong += [f"in Japanese: {each}" for each in leftovers(page, "ja")]
    wrong += [f"in English: {each}" for each in leftovers(page, "en", visit.in_language("en"))]
    wrong += ["desk: scrolls sideways"] if overflows(page) else []
    page.set_viewport_size(SMALL)
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
    wrong += [f"phone, {colours}: {each}" for each in violations(page, PHONE)]
    return [*wrong, "phone: scrolls sideways"] if overflows(page) else wrong
