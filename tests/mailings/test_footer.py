"""The five legal items stand in every mail, readable, whatever the customer's HTML leaves open or styles away."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest

from wem.contracts.rules import LegalItem
from wem.delivery.personalising import compile_template
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings.footer import FOOTER_NAMES, append_footer_html, append_footer_text, missing_items
from wem.mailings.html import inline_styles, text_from_html
from wem.mailings.wrapping_rules import columns


@dataclass
class Details:
    sender_name: str = "株式会社髙橋商店"
    postal_code: str = "100-0001"
    postal_address: str = "東京都千代田区千代田1-1"
    contact: str = "03-1234-5678"


READER = {"list_name": "新着のお知らせ", "unsubscribe_url": "https://public.example/u/abc?x=1&y=2"}
ITEMS = [
    "新着のお知らせ",
    "株式会社髙橋商店",
    "配信停止をご希望の方は、次のページからいつでもお手続きいただけます。",
    "〒100-0001 東京都千代田区千代田1-1",
    "苦情・お問い合わせ先：03-1234-5678",
    "配信システム WeM（日本IP通信株式会社）",
]


def filled(source, escape, **values):
    template = compile_template(source, escape=escape, known=FOOTER_NAMES)
    return template.render({**READER, **values})


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, []),
        ({"sender_name": " "}, [LegalItem.sender_name]),
        ({"postal_code": ""}, [LegalItem.postal_address]),
        ({"postal_address": "　"}, [LegalItem.postal_address]),
        ({"contact": ""}, [LegalItem.contact]),
    ],
)
def test_what_is_missing_is_told(changes, missing):
    assert missing_items(Details(**changes)) == missing


def test_text_has_all_items_and_the_statement_directly_before_the_address():
    text = filled(append_footer_text("本文です。\n\n\n", Details()), "text")
    assert text.startswith("本文です。\n\n----")
    assert all(item in text for item in ITEMS)
    assert "お手続きいただけます。\nhttps://public.example/u/abc?x=1&y=2\n" in text


def test_its_lines_are_broken_as_the_texts_are():
    lines = append_footer_text("本文です。", Details(), wrap_at=20).splitlines()
    assert "-" * 40 in lines
    assert all(columns(line) <= 40 for line in lines if "{" not in line)
    assert "{{ unsubscribe_url }}" in lines


def test_html_has_all_items_and_the_statement_directly_before_the_address():
    html = filled(append_footer_html("<p>本文です。</p>", Details()), "html")
    shown = text_from_html(html)
    assert all(item in shown for item in ITEMS)
    assert re.search(r'お手続きいただけます。<br>\n<a href="https://public\.example/u/abc\?x=1&amp;y=2"', html)
    assert html.endswith("</table>\n</body></html>\n")


@pytest.mark.parametrize("escape", ["text", "html"])
def test_the_first_mail_after_an_attested_upload_says_why_it_comes(escape):
    append = append_footer_text if escape == "text" else append_footer_html
    source = append("x", Details())
    assert "同意いただいた方へ、今回から" in filled(source, escape, **{"first-mail": "1"})
    assert "今回から" not in filled(source, escape)
    own = append("x", Details(), first_mail_note="展示会で<お申し出>いただきました。")
    shown = filled(own, escape, **{"first-mail": "1"})
    assert ("展示会で<お申し出>" if escape == "text" else "展示会で&lt;お申し出&gt;") in shown


def test_english_for_a_mailing_in_english():
    text = filled(append_footer_text("Hello", Details(), language="en", provider="ISP & Co"), "text")
    assert "You can stop these mails at any time on this page:\nhttps://public.example/u/abc" in text
    assert "Sender: 株式会社髙橋商店" in text and "Delivered by WeM (ISP & Co)" in text
    html = filled(append_footer_html("Hello", Details(), language="en", provider="ISP & Co"), "html")
    assert '<html lang="en" ' in html and "Delivered by WeM (ISP &amp; Co)" in html


SWALLOWERS = [
    "<p>本文<!-- 閉じない",
    "<style>p{color:red",
    "<style>*{display:none!important;font-size:1px!important;color:#fff!important}</style>x",
    "<table><tr><td>x",
    "<table>",
    '<div style="display:none">x',
    '<div style="display:none"><table><tr><td>',
    "<textarea>x",
    "<title>x",
    "<script>x",
    "<noscript>x",
    "<select><option>x",
    "<svg><style>x",
    "<math><mi>x",
    "<plaintext>x",
    "<xmp>x",
    '<a href="x',
    "<a href='x'",
    "<iframe>x",
    "<template>x",
    "<object>x",
    "</body></html>x",
    "<body><p>x</body></html><!--",
    "<a href='https://x.example'>リンク",
    "<b><i><font size=1>",
    "{{ '</body>' }}",
    "<![CDATA[ x",
    "<?php x",
    "<!DOCTYPE html><html><head><style>a{}",
    "<pre>x",
    "<button>x",
]


class Reader(HTMLParser):
    """Says within which elements the footer's link stands, and whether it is shown."""

    def __init__(self):
        super().__init__()
        self.open, self.around = [], None

    def handle_starttag(self, tag, attrs):
        if ("href", "https://public.example/u/abc?x=1&y=2") in attrs:
            self.around = [*self.open]
        if tag not in ("br", "meta", "img", "hr"):
            self.open.append((tag, dict(attrs).get("style") or ""))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass


@pytest.mark.parametrize("html", SWALLOWERS)
def test_nothing_left_open_swallows_the_footer(html):
    document = filled(append_footer_html(html, Details()), "html")
    assert all(item in text_from_html(document) for item in ITEMS)
    reader = Reader()
    reader.feed(document)
    assert [tag for tag, _ in reader.around] == ["html", "body", "table", "tbody", "tr", "td", "p"]
    for tag, style in reader.around[2:]:
        assert "display:" in style and "!important" in style, tag


@pytest.mark.parametrize(
    "html",
    [
        '<div style="display:none">{% if list_name %}</div>{% endif %}',
        "<p>{% comment %}x",
        "{% if list_name %}x",
        "{{ list_name",
    ],
)
def test_no_liquid_swallows_it_either(html):
    with pytest.raises(TemplateProblem):
        filled(append_footer_html(html, Details()), "html")


def test_style_blocks_lose_against_the_footer_when_inlined():
    css = "<style>p,td,a,table{display:none !important;font-size:1px !important;color:#fff !important}</style><p>x</p>"
    document = append_footer_html(inline_styles(css), Details())
    assert "<style" not in document
    footer = document[document.index("<table") :]
    assert not re.search(
        r"none|1px !|#fff;|#fff ",
        footer.replace("text-transform:none", "").replace("float:none", "").replace("max-height:none", ""),
    )
    sizes = [int(size) for size in re.findall(r"font-size:(\d+)px", footer)]
    assert sizes and min(sizes) >= 12


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_contrast_is_high():
    footer = append_footer_html("x", Details())
    for colour in set(re.findall(r"(?<!-)color:(#[0-9a-f]{6})", footer)):
        assert 1.05 / (luminance(colour) + 0.05) >= 7, colour


@pytest.mark.parametrize("escape", ["text", "html"])
def test_details_are_words_not_templates_and_not_markup(escape):
    append = append_footer_text if escape == "text" else append_footer_html
    details = Details(sender_name="{{ list_name }}{% if x %}<b>&", postal_address="東京都\r\n{{{千代田", contact='"{%"')
    shown = filled(append("x", details), escape)
    if escape == "text":
        assert "{{ list_name }}{% if x %}<b>&" in shown and "東京都 {{{千代田" in shown and '"{%"' in shown
    else:
        assert "{{ list_name }}{% if x %}&lt;b&gt;&amp;" in shown and "<b>" not in shown
