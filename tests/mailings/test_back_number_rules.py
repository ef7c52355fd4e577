"""What may be a back number, and how its parts are made fit for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from wem.delivery.template_nodes import Mark
from wem.delivery.template_reading import pieces
from wem.mailings.back_number_rules import SUMMARY, by_month, in_xml, may_be_published, summary
from wem.mailings.neutral import with_words
from wem.mailings.states import MailingState
from wem.mailings.view_line import with_view_line

STARTED = {"sending", "paused", "held", "done", "cancelled"}


@pytest.mark.parametrize("state", [state.value for state in MailingState])
def test_only_what_somebody_gets_may_be_published(state: str) -> None:
    assert may_be_published(state, started=True) == (state in STARTED)
    assert not may_be_published(state, started=False), "called off before it began"


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("{{ 氏名 }}様", '{{ 氏名  | default: "読者" }}様'),
        ("{{氏名}} 様", '{{氏名 | default: "読者" }} 様'),
        ("{{ 氏名 -}} 様", '{{ 氏名  | default: "読者" -}} 様'),
        ('{{ 氏名 | default: "お客様" }}', '{{ 氏名 | default: "お客様" }}'),
        ("{{ 会社名 | upcase }}", '{{ 会社名 | upcase  | default: "…" }}'),
        ("{{ date }} {{ list_name }}", "{{ date }} {{ list_name }}"),
        ("{% if 氏名 %}あり{% else %}なし{% endif %}", "{% if 氏名 %}あり{% else %}なし{% endif %}"),
    ],
)
def test_a_field_without_a_default_says_a_neutral_word(source: str, made: str) -> None:
    marks = [part for part in pieces(source) if isinstance(part, Mark)]
    assert with_words(source, ["氏名", "会社名"], "ja", marks) == made


def test_a_summary_is_one_short_line() -> None:
    assert summary("一行目\n\n  二行目 ") == "一行目 二行目"
    assert len(summary("長" * 1000)) == SUMMARY
    assert summary("長" * 1000).endswith("…")


def test_what_xml_cannot_hold_is_left_out() -> None:
    assert in_xml("秋\x00の\x0b新\ufffe商品😀\n") == "秋の新商品😀\n"


@dataclass
class Row:
    sent_on: date | None


def test_months_follow_one_another() -> None:
    rows = [Row(date(2026, 2, 3)), Row(date(2026, 2, 1)), Row(date(2025, 12, 31)), Row(None)]
    assert [(month, len(found)) for month, found in by_month(rows)] == [(date(2026, 2, 1), 2), (date(2025, 12, 1), 1)]


def test_the_line_stands_first_in_the_body_whatever_its_attributes() -> None:
    made = with_view_line('<html><body title="a > b" bgcolor="#fff"><p>本文</p></body></html>', "ja")
    assert made.startswith('<html><body title="a > b" bgcolor="#fff">\n<p style=')
    assert made.count("{{ view_url }}") == 1
