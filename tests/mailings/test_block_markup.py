"""The small markup of texts in blocks, as HTML and as plain text."""

from __future__ import annotations

import pytest

from wem.mailings.block_markup_rules import Words, html_of, inline_html, plain_of, text_of

INLINE = [
    ("as it is", "a < b & c", "a &lt; b &amp; c", "a < b & c"),
    ("bold", "**太字**です", "<strong>太字</strong>です", "太字です"),
    ("italic in bold", "**a __b__**", "<strong>a <em>b</em></strong>", "a b"),
    (
        "a link",
        "[店](https://a.example/?x=1&y=2)",
        '<a href="https://a.example/?x=1&amp;y=2">店</a>',
        "店 <https://a.example/?x=1&y=2>",
    ),
    (
        "its own address",
        "[https://a.example/](https://a.example/)",
        '<a href="https://a.example/">https://a.example/</a>',
        "https://a.example/",
    ),
    (
        "brackets in an address",
        "[w](https://a.example/x_(y))",
        '<a href="https://a.example/x_(y)">w</a>',
        "w <https://a.example/x_(y)>",
    ),
    ("a colour", "[赤](#C00000)", '<span style="color:#c00000">赤</span>', "赤"),
    ("a script is no link", "[x](javascript:alert(1))", "[x](javascript:alert(1))", "[x](javascript:alert(1))"),
    (
        "a quote in an address",
        '[x](https://a.example/"y)',
        '<a href="https://a.example/&quot;y">x</a>',
        'x <https://a.example/"y>',
    ),
    ("an address with marks", "https://a.jp/__hanako__/", "https://a.jp/__hanako__/", "https://a.jp/__hanako__/"),
    ("a name with marks", "@__shop__ と __傾き__", "@__shop__ と <em>傾き</em>", "@__shop__ と 傾き"),
    ("sums", "2*3**4 と 5**6", "2*3**4 と 5**6", "2*3**4 と 5**6"),
    ("bold behind a number", "3**点**限り", "3<strong>点</strong>限り", "3点限り"),
    ("bold within a word", "Sale**now**on", "Sale<strong>now</strong>on", "Salenowon"),
    ("marks that are none", r"2 \* 3 \** \[a]", "2 * 3 ** [a]", "2 * 3 ** [a]"),
    ("a mark left open", "**a", "**a", "**a"),
    ("a field", '{{ a | default: "**客**" }}様', '{{ a | default: "**客**" }}様', '{{ a | default: "**客**" }}様'),
    (
        "a condition",
        "{% if a > 1 and b < 2 %}x{% endif %}",
        "{% if a > 1 and b < 2 %}x{% endif %}",
        "{% if a > 1 and b < 2 %}x{% endif %}",
    ),
    ("a field as address", "[x]({{ url }})", '<a href="{{ url }}">x</a>', "x <{{ url }}>"),
    ("a field in a bold text", "**{{ a }}__b__**", "<strong>{{ a }}<em>b</em></strong>", "{{ a }}b"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "html", "plain"), [row[1:] for row in INLINE], ids=[row[0] for row in INLINE])
def test_marks_in_a_line(source: str, html: str, plain: str) -> None:
    words = Words(source)
    made = words.restore(inline_html(words.hide(source), words, "L"))
    assert made.replace(' target="_blank" style="L"', "") == html
    words = Words(source)
    assert words.restore(plain_of(words.hide(source), words)) == plain


P, UL, OL = '<p style="margin:0 0 12px 0">', "<ul", "<ol"
BLOCKS = [
    ("paragraphs", "a\nb\n\n\nc", f"{P}a<br />b</p>{P}c</p>", "a\nb\n\nc"),
    (
        "a list",
        "- a\n・b\n\n1. c\n2) d",
        "<ul><li>a</li><li>b</li></ul><ol><li>c</li><li>d</li></ol>",
        "・a\n・b\n\n1. c\n2. d",
    ),
    ("a list after words", "a\n- b\nc", f"{P}a</p><ul><li>b</li></ul>{P}c</p>", "a\n\n・b\n\nc"),
    ("a minus is no list", "-5度", f"{P}-5度</p>", "-5度"),
    ("a year is no list", "2026.11.28", f"{P}2026.11.28</p>", "2026.11.28"),
    (
        "a condition around paragraphs",
        "{% if a %}\nx\n{% endif %}",
        f"{{% if a %}}{P}x</p>{{% endif %}}",
        "{% if a %}x{% endif %}",
    ),
    ("nothing", " \n ", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("source", "html", "text"), [row[1:] for row in BLOCKS], ids=[row[0] for row in BLOCKS])
def test_paragraphs_and_lists(source: str, html: str, text: str) -> None:
    words = Words(source)
    made = words.restore(html_of(words.hide(source), words, "L"))
    assert made.replace(' style="margin:0 0 12px 0;padding:0 0 0 24px"', "") == html
    words = Words(source)
    assert words.restore(text_of(words.hide(source), words)) == text


def test_no_word_is_taken_for_a_tag() -> None:
    source = "wq0zo0e と {{ 氏名 }} と wq1zt5e"
    words = Words(source)
    assert words.restore(words.hide(source)) == source


def test_hostile_marks_take_no_time() -> None:
    for source in (
        "**" * 10_000,
        "[" * 20_000,
        "[a](" * 5000,
        "__a**b" * 3000,
        "\\" * 20_000,
        "[a](https://" + "(" * 9000,
    ):
        words = Words(source)
        html_of(words.hide(source), words, "L")
        text_of(words.hide(source), words)
