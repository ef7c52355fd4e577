"""Going through 入力 → 確認 → 完了 as a person does."""

from __future__ import annotations

from typing import Any

from tests.page import Browser, Page


def confirm(browser: Browser, path: str, changes: dict[str, Any]) -> Page:
    """Fill in the first step; returns the page that shows everything once more."""
    page = browser.get(path)
    assert page.status == 200, page.text
    return browser.post(path, {**page.form(""), **changes, "step": "confirm"})


def send(browser: Browser, path: str, changes: dict[str, Any]) -> Page:
    """Fill in, confirm, send; returns the answer to the last step."""
    page = confirm(browser, path, changes)
    assert page.status == 200, page.text
    values = page.form("")
    for name in {str(tag["name"]) for tag in page.find_form("").find_all("input", type="hidden")}:
        found = [tag["value"] for tag in page.find_form("").find_all("input", attrs={"name": name})]
        values[name] = found if len(found) > 1 else found[0]
    return browser.post(path, {**values, "step": "done"})
