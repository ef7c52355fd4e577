"""Every page, for everybody who may open it: accessible, within 360 px, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import Opened
from tests.browser.judging import DESK, PHONE, leftovers, overflows, violations
from tests.browser.standing import Standing
from tests.browser.visits import Visit, cookies, visits

pytestmark = pytest.mark.browser
Look = tuple[str, ViewportSize, Mapping[str, object]]
# What renews itself after some seconds is renewed now. Returns how many headings the page has.
RENEW = """async () => {
  for (const each of document.querySelectorAll('[hx-get][hx-trigger^="every"]')) {
    const swap = each.getAttribute("hx-swap");
    await htmx.ajax("GET", each.getAttribute("hx-get"), {source: each, target: each, swap: swap});
  }
  return document.querySelectorAll("h1").length;
}"""
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
SMALL: ViewportSize = {"width": 360, "height": 800}
LOOKS: list[Look] = [("desk", DESKTOP, DESK), ("phone", SMALL, PHONE)]
WHO = ("nobody", "reader", "owner", "viewer", "newcomer", "suspended", "staff", "partner")


@pytest.mark.parametrize("who", WHO)
def test_every_page(standing: Standing, opened: Opened, who: str) -> None:
    page = opened()
    page.context.add_cookies(cookies(standing, who))  # type: ignore[arg-type]
    # Every second page comes to a phone, where the one before was seen last: changing the size takes long.
    ways = cycle((("dark", LOOKS), ("light", LOOKS[::-1])))
    wrong = [
        f"{visit.name}: {each}"
        for visit, (colours, looks) in zip(visits(standing, who), ways, strict=False)
        for each in judge(page, visit, colours, looks)
    ]
    assert not wrong, "\n".join(["", *wrong])


def judge(page: Page, visit: Visit, colours: str, looks: list[Look]) -> list[str]:
    """Return what is wrong with a page at a desk, on a phone, and in English.

    It is opened once: most of the time goes into opening pages.
    """
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
    resize(page, looks[0][1])
    page.goto(visit.in_language("ja"))
    headings = page.evaluate(RENEW)
    wrong = [] if headings == 1 else [f"{headings} headings"]
    wrong += [f"in Japanese: {each}" for each in leftovers(page, "ja")]
    wrong += [f"in English: {each}" for each in leftovers(page, "en", visit.in_language("en"))]
    for name, size, asked in looks:
        resize(page, size)
        wrong += [f"{name}, {colours}: {each}" for each in violations(page, asked)]
        wrong += [f"{name}: scrolls sideways"] if overflows(page) else []
    return wrong


def resize(page: Page, size: ViewportSize) -> None:
    if page.viewport_size != size:
        page.set_viewport_size(size)
