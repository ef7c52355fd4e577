"""What mail programs do not show of our mails has something in its place (docs/mail-clients.md), in every design."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import pytest

from tests.mailings.client_features import features, known, lacking
from tests.mailings.generated_documents import PICTURES, generated
from wem.mailings.block_compiling import html_of
from wem.mailings.block_layout_rules import WIDTH
from wem.mailings.block_rules import Document
from wem.mailings.design_rules import Ours
from wem.mailings.design_using import as_written
from wem.mailings.footer import append_footer_html
from wem.mailings.html import inline_styles
from wem.settings import ROOT

PAGE = ROOT / "docs" / "mail-clients.md"
ROW = re.compile(
    r"\| (?:\[[^\]]+\]\(https://www\.caniemail\.com/features/([\w-]+)/\)|`([^`]+)`) \| ([^|]+) \| ([^|]+) \|"
)
DETAILS = SimpleNamespace(
    sender_name="株式会社髙橋商店",
    postal_code="100-0001",
    postal_address="東京都千代田区千代田1-1",
    contact="03-1234-5678",
)
GENERATED = 20


def documents() -> list[Document]:
    designs = [design.document for name in Ours if (design := as_written(name)).document]
    assert len(designs) == 10
    return [*designs, *(generated(number) for number in range(GENERATED))]


def compiled(document: Document) -> str:
    return append_footer_html(inline_styles(html_of(document, PICTURES, "ja")), DETAILS, width=WIDTH)


@pytest.fixture(scope="module")
def mails() -> list[str]:
    began = time.process_time()
    mails = [compiled(document) for document in documents()]
    # They take two seconds; a machine with other work several times that.
    assert time.process_time() - began < 10
    return mails


def rows() -> dict[str, tuple[str, str]]:
    """Return (where it lacks, what stands in its place) of each feature in the table."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
    found = [ROW.fullmatch(line) for line in lines]
    assert all(found), [line for line, each in zip(lines, found, strict=True) if not each]
    return {each[1] or each[2]: (each[3], each[4]) for each in found if each}


def test_whatever_a_program_does_not_show_has_something_in_its_place(mails: list[str]) -> None:
    used = set().union(*map(features, mails))
    table = rows()
    wanted = {feature: lacking(feature) for feature in used if lacking(feature)}
    assert {feature: where for feature, (where, _) in table.items()} == wanted
    assert all(len(instead) > 10 for _, instead in table.values())


def test_nothing_is_used_that_outlook_or_gmail_answers_by_dropping_the_mail(mails: list[str]) -> None:
    """Of Gmail: 16 KB of style block, `url()` in styles. Of all: no layout but tables."""
    for html in mails:
        assert sum(len(block) for block in re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)) < 16_000
        assert "url(" not in html
        assert not features(html) & {"css-display-flex", "css-display-grid", "css-background-image", "html-background"}
        assert not re.search(
            r"(?:display:\s*(?:flex|grid)|(?<!-)position:\s*(?!static|relative)|float:\s*(?!none))", html
        )


def test_a_feature_that_one_program_does_not_know_is_found() -> None:
    found = features('<!DOCTYPE html><div style="display: flex; gap: 1rem"><svg></svg></div>')
    assert {"css-gap", "css-unit-rem", "html-svg", "html-doctype"} <= found
    assert lacking("css-gap").startswith("Gmail")
    assert lacking("html-table") == "" and len(known()) > 300
