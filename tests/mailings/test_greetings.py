"""Titles that would stand twice after a name."""

from __future__ import annotations

import pytest

from wem.mailings.greeting_rules import doubled, doubled_titles, names_a_person
from wem.mailings.greetings import doubled_defaults

PAIRS = [
    ("お客様", "様", "お客様様"),
    ("お客様", " 様、こんにちは", "お客様 様"),
    ("お客さま", "　様", "お客さま　様"),
    ("会員さん", "さん", "会員さんさん"),
    ("皆様", "さま", "皆様さま"),
    ("ご担当者様 ", "御中", "ご担当者様 御中"),
    ("お客様", "", ""),
    ("お客様", "、こんにちは", ""),
    ("お客", "様", ""),
    ("お客様", "\n様", ""),
    ("お客様", "様式をお送りします", ""),
    ("お客様", "様々なご案内", ""),
    ("", "様", ""),
]
TEXTS = [
    ("お客様様", ["お客様様"]),
    ("こんにちは、お客様 さま。", ["お客様 さま"]),
    ("会員さん様へ", ["会員さん様"]),
    ("お客様へ様々なご案内", []),
    ("お客様様式のご案内", []),
    ("太陽がさんさんと、殿様気分", []),
    ("山田様\n様", []),
]
TEMPLATES = [
    ('{{ 氏名 | default: "お客様" }}様', ["お客様様"]),
    ('{{ 氏名 | strip | default: "お客様" }}　様', ["お客様　様"]),
    ('<p><b>{{ 氏名 | default: "お客様" }}</b> 様</p>', ["お客様 様"]),
    ('{% if 会員 %}{{ 氏名 | default: "お客様" }}{% endif %}様', ["お客様様"]),
    ('{{ 氏名 | default: "お客様" }}</p><p>様子をうかがう', []),
    ('{{ 氏名 | default: "お客" }}様', []),
    ("{{ 氏名 | default: 会員名 }}様", []),
    ('{{ 氏名 | default: "お客様" }}{{ 敬称 }}様', []),
    ("{{ 氏名 }}様", []),
    ("{% if 氏名 %}{{ 氏名 }}様{% else %}お客様{% endif %}", []),
]


@pytest.mark.parametrize("label", ["氏名", "お名前", "ご担当者のお名前", "姓", "ニックネーム", "Name", "Full  name"])
def test_labels_of_names(label: str) -> None:
    assert names_a_person(label)


@pytest.mark.parametrize(
    "label",
    [
        "会社名",
        "氏名（カナ）",
        "お名前（ふりがな）",
        "商品名",
        "ペットの名前",
        "名",
        "件名",
        "Company name",
        "User name",
        "誕生日",
    ],
)
def test_labels_of_other_things(label: str) -> None:
    assert not names_a_person(label)


@pytest.mark.parametrize(("default", "after", "reads"), PAIRS)
def test_a_default_and_what_follows_it(default: str, after: str, reads: str) -> None:
    assert doubled(default, after) == reads


@pytest.mark.parametrize(("text", "places"), TEXTS)
def test_a_finished_text(text: str, places: list[str]) -> None:
    assert doubled_titles(text) == places


@pytest.mark.parametrize(("source", "places"), TEMPLATES)
def test_a_text_with_fields(source: str, places: list[str]) -> None:
    assert doubled_defaults(source) == places
