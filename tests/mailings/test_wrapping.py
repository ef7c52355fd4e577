"""Lines of plain text: width, 禁則, addresses, fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wem.mailings.wrapping import wrap
from wem.mailings.wrapping_rules import _NEVER_FIRST, _NEVER_LAST, columns

TEN = "一二三四五六七八九十"
BRANCHES = "{% if 市 %}一二三四五{% else %}六七八九十{% endif %}。"
COMMENT = "一二三{% comment %}" + TEN + "{% endcomment %}四五"
BROKEN = [
    ("short line stays", "こんにちは\n\nさようなら", 10, "こんにちは\n\nさようなら"),
    ("at the width", TEN + TEN, 10, TEN + "\n" + TEN),
    ("a full stop takes its word along", TEN + "。" + TEN, 10, "一二三四五六七八九\n十。一二三四五六七八\n九十"),
    ("an opening bracket goes on", "一二三四五六七八九「十」", 10, "一二三四五六七八九\n「十」"),
    ("small kana", "一二三四五六七八九ちょっと", 10, "一二三四五六七八九\nちょっと"),
    ("a double ellipsis stays one", "一二三四五六七八九……", 10, "一二三四五六七八九\n……"),
    ("an address is never cut", "こちらから https://example.jp/a?b=1&c=2#d です", 10, "こちらから\nhttps://example.jp/a?b=1&c=2#d\nです"),
    ("a word is never cut", "the quick brown foxes", 5, "the quick\nbrown\nfoxes"),
    ("numbers with units", "一二三四五六七八12,000円", 10, "一二三四五六七八\n12,000円"),
    ("half width counts half", "abcdefgh abcdefgh abc", 10, "abcdefgh abcdefgh\nabc"),
    ("indent stays", "　一二三四五六七八九十", 10, "　一二三四五六七八九\n十"),
    ("an emoji with its joiners", TEN[:9] + "👨\u200d👩\u200d👧", 10, TEN[:9] + "\n👨\u200d👩\u200d👧"),
    ("a blank that ties", " a\u00a0" + "x" * 30, 10, " a\u00a0" + "x" * 30),
    ("a tied blank before the break", "一二三四五六七八九\u00a0 十", 10, "一二三四五六七八九\u00a0\n十"),
    ("an indented address", "　https://example.jp/" + "a" * 30, 10, "　https://example.jp/" + "a" * 30),
    ("no width", TEN * 10, 0, TEN * 10),
    ("a field and its title", "いつもの{{ 氏名 }}様", 5, "いつもの\n{{ 氏名 }}様"),
    ("a field in an address", "こちらは https://x.jp/{{ 市 }}/a", 5, "こちらは\nhttps://x.jp/{{ 市 }}/a"),
    ("branches begin alike", BRANCHES, 5, BRANCHES),
    ("a comment takes no room", COMMENT, 5, COMMENT),
]  # fmt: skip


@pytest.mark.parametrize(("text", "width", "lines"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_where_lines_are_broken(text: str, width: int, lines: str) -> None:
    assert wrap(text, width) == lines


@given(
    st.lists(
        st.sampled_from([*TEN, *"、。（）「」ょー…！", " ", "　", "\n", "word", "12,000", "https://example.jp/?a=b"])
    ).map("".join)
)
def test_nothing_is_lost_and_no_line_is_wrong(text: str) -> None:
    found = wrap(text, 5)
    assert "".join(found.split()) == "".join(text.split())
    assert found.count("https://example.jp/?a=b") == text.count("https://example.jp/?a=b")
    kept = text.split("\n")
    for line in found.split("\n"):
        if line in kept:
            continue
        # Only what has no place to be broken is wider.
        assert columns(line.rstrip()) <= 10 or wrap(line, 5).rstrip() == line.rstrip()
    assert wrap(found, 5) == found


def test_the_signs_of_both_ends_are_apart() -> None:
    assert not _NEVER_FIRST & _NEVER_LAST
