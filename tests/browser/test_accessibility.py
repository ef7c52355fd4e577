"""Every page, for everybody who may open it: accessible, within 360 px, in one language."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

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
WHO = ("nobody", "reader", "owner", "viewer", "newcomer", "suspended", "staff", "partner")


@pytest.mark.parametrize("who", WHO)
def test_every_page(standing: Standing, opened: Opened, who: str) -> None:
    page = opened()
    page.context.add_cookies(cookies(standing, who))  # type: ignore[arg-type]
    wrong = [f"{visit.name}: {each}" for visit in visits(standing, who) for each in judge(page, visit)]
    assert not wrong, "\n".join(["", *wrong])


def judge(page: Page, visit: Visit) -> list[str]:
    """Return what is wrong with a page: light at a desk in Japanese, dark on a phone in English."""
    wrong = []
    for language, width, colours, asked in (("ja", 1280, "light", DESK), ("en", 360, "dark", PHONE)):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        page.goto(visit.in_language(language))
        expect(page.locator("h1")).to_have_count(1)
        page.evaluate(RENEW)
        look = f"{language} {width} {colours}"
        wrong += [f"{look}: {each}" for each in violations(page, asked)]
        wrong += [f"{look}: stands in the other language: {each}" for each in leftovers(page, language)]
        wrong += [f"{look}: scrolls sideways"] if overflows(page) else []
    return wrong
