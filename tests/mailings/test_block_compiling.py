"""HTML and text made of blocks: always the same bytes, clean, with Liquid whole and the legal block in its column."""

from __future__ import annotations

import html as entities
import os
import re
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from wem.delivery.personalising import compile_template
from wem.mailings import block_moving_rules as moving
from wem.mailings.block_compiling import html_of, text_of
from wem.mailings.block_layout_rules import WIDTH
from wem.mailings.block_rules import MOST_BLOCKS, BlockKind, Document, Picture
from wem.mailings.dark_rules import darkened
from wem.mailings.footer import append_footer_html
from wem.mailings.html import clean_html, inline_styles
from wem.settings import ROOT

DATA = ROOT / "tests" / "data" / "blocks"
PICTURES = {"7": Picture("https://public.example/i/" + "a" * 32 + ".png", 800, 400, "湯のみと急須")}
DETAILS = SimpleNamespace(
    sender_name="株式会社髙橋商店",
    postal_code="100-0001",
    postal_address="東京都千代田区千代田1-1",
    contact="03-1234-5678",
)


def letter() -> Document:
    """Return a mail with a block of every kind."""
    document = moving.change_preheader(Document(), "{{ 氏名 }}様に秋のお知らせ")
    document = added(document, BlockKind.image, picture="7", link="https://shop.example.jp/", width="50")
    document = added(
        document, BlockKind.heading, text='{{ 氏名 | default: "お客様" }}へ <秋>', level="1", align="center"
    )
    text = "**新茶**が[届きました](https://shop.example.jp/?p={{ 会員 }}&q=1)。"
    text += '\n\n{% if 会員 == "はい" %}\n- 一割引\n{% endif %}'
    document = added(document, BlockKind.text, text=text)
    document, row = moving.add_row(document, "1-2")
    document = moving.change_row(document, row, "1-2", "#103010")
    document = added(
        document,
        BlockKind.product,
        row,
        0,
        picture="7",
        name="深蒸し茶",
        price="1,980円",
        button="見る",
        link="https://shop.example.jp/1",
    )
    document = added(document, BlockKind.list, row, 1, items="摘みたて\n香り", marks="numbers")
    document = added(document, BlockKind.button, row, 1, text="店へ", link="https://shop.example.jp/", width="full")
    document = added(document, BlockKind.divider)
    document = added(document, BlockKind.spacer)
    return added(document, BlockKind.social, x="https://x.com/takahashi", line="https://line.me/takahashi")


def added(document: Document, kind: BlockKind, row: str = "", column: int = 0, **values: str) -> Document:
    document, id = moving.add_block(document, kind, row, column)
    return moving.change_block(document, id, values)


def test_the_same_data_give_the_same_mail() -> None:
    """The golden files; after a wanted change write them anew by `WRITE_GOLDEN=1 bin/test …`, and look at them."""
    html, text = html_of(letter(), PICTURES, "ja"), text_of(letter(), PICTURES)
    assert (html, text) == (html_of(letter(), dict(PICTURES), "ja"), text_of(letter(), PICTURES))
    if os.environ.get("WRITE_GOLDEN"):
        (DATA / "letter.html").write_text(html, "utf-8")
        (DATA / "letter.txt").write_text(text, "utf-8")
    assert html == (DATA / "letter.html").read_text("utf-8")
    assert text == (DATA / "letter.txt").read_text("utf-8")


def test_cleaning_leaves_it_as_it_is_and_every_tag_is_there() -> None:
    html = html_of(letter(), PICTURES, "ja")
    assert clean_html(html) == html
    assert "<!--" not in html and "mj-column" not in html
    assert html.count('name="color-scheme" content="light dark"') == 1
    assert '{% if 会員 == "はい" %}' in html
    template = compile_template(inline_styles(html), escape="html", known=["氏名", "会員"])
    filled = template.render({"氏名": "<山田>", "会員": "はい"})
    assert "&lt;山田&gt;へ &lt;秋&gt;" in filled and "一割引" in filled
    assert "お客様へ" in template.render({"氏名": "", "会員": ""})
    assert "一割引" not in template.render({"氏名": "", "会員": ""})


def test_it_is_small_and_its_lines_are_short() -> None:
    html = inline_styles(html_of(letter(), PICTURES, "ja"))
    assert len(html.encode()) < 18_000
    assert max(len(line.encode()) for line in html.splitlines()) < 998


def test_columns_stand_in_cells_that_phones_put_under_one_another() -> None:
    html = inline_styles(html_of(letter(), PICTURES, "ja"))
    shares = re.findall(r'<td class="wm-column"[^>]*width="([\d.]+%)"', html)
    assert shares.count("33.33%") == shares.count("66.67%") == 1
    assert "@media (max-width: 480px)" in html
    # A dark row keeps its ground, and what is written on it is light.
    assert "color:#ffffff" in html[html.index("#103010") :]


def test_the_legal_block_stands_in_the_column_of_the_mail() -> None:
    html = append_footer_html(inline_styles(html_of(letter(), PICTURES, "ja")), DETAILS, width=WIDTH)
    footer = html[html.rindex("<table") :]
    assert 'width="600" align="center"' in footer and "max-width:600px !important;margin:24px auto 0 auto" in footer
    for item in ("株式会社髙橋商店", "東京都千代田区", "03-1234-5678", "{{ unsubscribe_url }}"):
        assert item in footer
    assert html.index("LINE") < html.index("株式会社髙橋商店")
    assert "max-width:600px" not in append_footer_html("<p>x</p>", DETAILS)


def test_on_a_dark_background_it_has_colours_of_its_own() -> None:
    dark = darkened(inline_styles(html_of(letter(), PICTURES, "ja")))
    assert "(min-width:0)" in dark and "#1f1f1f !important" in dark


@pytest.mark.parametrize("kind", list(BlockKind))
def test_a_block_without_words_shows_nothing(kind: BlockKind) -> None:
    document, _ = moving.add_block(Document(), kind)
    assert html_of(document, {}, "ja") == ""
    if kind is not BlockKind.divider:
        assert text_of(document, {}) == ""


def test_an_image_that_is_gone_leaves_no_hole() -> None:
    html = html_of(letter(), {}, "ja")
    assert "<img" not in html and "深蒸し茶" in html
    assert "湯のみ" not in text_of(letter(), {})


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</mj-text></mj-column><mj-raw><script>x</script></mj-raw>",
        "&lt;b&gt; &#60; ]]> <!-- -->",
        "\"'><img src=x onerror=alert(1)>",
        "mj-body { } {{ 氏名 }} \\",
        "𠮷野家🍵\u200b\u3000",
    ],
)
def test_hostile_words_are_words(text: str) -> None:
    document = added(added(Document(), BlockKind.heading, text=text), BlockKind.text, text=text)
    document = replace(document, preheader=text)
    html = html_of(document, {}, "ja")
    assert "<script" not in html and "onerror=alert" not in re.sub(r"&[a-z]+;[^<]*", "", html)
    shown = re.sub(r"<[^>]+>", "", html[html.index("<h2") : html.index("</h2>")])
    assert entities.unescape(shown) == text


def test_the_largest_mail_is_made_in_time() -> None:
    document, row = moving.add_row(Document(), "1-1-1")
    for number in range(MOST_BLOCKS):
        document, id = moving.add_block(document, BlockKind.text, row, number % 3)
        if number % 2:
            document = moving.change_block(document, id, {"text": "**字**と{{ 氏名 }}。\n" * 80})
    began = time.process_time()
    assert len(html_of(document, {}, "ja")) > 100_000
    assert time.process_time() - began < 10
