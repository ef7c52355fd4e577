"""A file with everything that can be wrong says on the screen what was expected of it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Opened
from tests.browser.judging import ja, violations
from tests.browser.steps import DATA, follow
from tests.service import Service

pytestmark = pytest.mark.browser
EXPECTED = json.loads((DATA / "readers-messy.expected.json").read_text("utf-8"))
READABLE = re.compile(r"[\w.+-]*[\w+-]@[\w-]+\.\w")  # what stands before the @ is stars everywhere
ALSO_REFUSED = {220, 221}  # a row with cells too many; a birthday that is no date


def test_the_messy_file(service: Service, opened: Opened) -> None:
    email, _ = steps.make_newcomer(service, "messy")
    page = opened()
    steps.sign_in(page, service, email)
    page.goto(f"{service.portal}/lists/new")
    steps.make_list(page, "お得情報", "messy")
    follow(page, "Uploads")
    steps.upload(page, "readers-messy.csv", "Invite readers")
    expect(page.get_by_role("main")).to_contain_text(ja("Effect on the month's peak"), timeout=steps.WORK)
    assert violations(page) == []

    refused = {each["record"] for each in EXPECTED["refused"]} | ALSO_REFUSED
    twice = {each["record"]: each["of"] for each in EXPECTED["duplicates_in_file"]}
    shown = steps.figures(page)
    assert shown[ja("Refused rows")] == str(len(refused))
    assert shown[ja("Twice in the file")] == str(len(twice))
    assert shown[ja("New")] == str(EXPECTED["records"] - len(refused) - len(twice))
    rows = refused_rows(page)
    assert set(rows) == refused | set(twice)
    for record, first in twice.items():
        assert ja("The same address stands in row %(row)s.", row=first) in rows[record]
    assert "生年月日" in rows[221]
    assert not READABLE.search(page.locator("body").inner_text())


def refused_rows(page: Page) -> dict[int, str]:
    """Return what stands in the table of refused rows, by the number of the row."""
    rows = page.locator("#refused tbody tr").all()
    return {int(re.sub(r"\D", "", row.locator("th").inner_text())): row.inner_text() for row in rows}
