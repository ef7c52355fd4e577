"""What of a text a customer may see: no mail address, however it is spelt."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from wem.notices.masking_rules import masked, without_phones


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("在庫はありますか。", "在庫はありますか。"),
        ("tanaka@readers.example.com です", "t****@readers.example.com です"),
        ("宛先はtanaka@readers.example.comです", "宛先はt****@readers.example.comです"),
        ("<tanaka@readers.example.com>", "<t****@readers.example.com>"),
        ("mailto:tanaka@readers.example.com?x", "mailto:t****@readers.example.com?x"),
        ("ｔａｎａｋａ＠ｅｘａｍｐｌｅ．ｊｐ まで", "t****@example.jp まで"),
        ("tanaka (at) example.jp", "t****@example.jp"),
        ("tanaka[アット]example.jp", "t****@example.jp"),
        ("a=tanaka%40example.jp&", "a****@example.jp&"),
        ("tanaka @ example.jp", "t****@example.jp"),
        ("tanaka@\nexample.jp", "t****@example.jp"),
        ('"a..b"@docomo.ne.jp', "a****@docomo.ne.jp"),
        ("taro@日本語.jp へ", "t****@日本語.jp へ"),
        ("1個 @100円", "1個 @100円"),
        ("単価は@120.5円です", "単価は@120.5円です"),
        ("田中太郎@例え.jp まで", "田****@例え.jp まで"),  # RFC 6531
        ("「tanaka@example。jp」", "「t****@example。jp」"),  # an input method's dot
        ("tanaka@exam\nple.jp", "t****@exam\nple.jp"),
        ("tanaka\u200b@example.jp", "t****@example.jp"),
        ("tana\u00adka@example.jp", "t****@example.jp"),
        ("tan\naka.ichi\nro@readers.exam\n> ple.com から", "t****@readers.example.com から"),
        ("x.tanaka.ichiro@readers.example.com", "x****@readers.example.com"),
        ("tanaka@a.jp\nbob.cc@b.jp", "t****@a.jp\nb****@b.jp"),
        ("tanaka@a\nbob.cc@b.jp", "tanaka@a\nb****@b.jp"),
        ("署名 tanaka.ichiro / Tanaka.Ichiro", "署名 t****"),
        ("お電話は 042-000-0000 へ", "お電話は 042-000-0000 へ"),
    ],
)
def test_masks(text: str, shown: str) -> None:
    found = masked(text, ["tanaka.ichiro@readers.example.com"])
    assert found.startswith(shown) if "署名" in text else found == shown


def test_quoted_links_of_the_reader_are_cut() -> None:
    """Whoever has such a link acts as the reader."""
    for kind in ("u", "p", "p/new", "c", "l", "v"):
        found = masked(f"> http://localhost:8001/{kind}/WzEsMl0.aabbcc.ddeeff-_0123 です")
        assert "WzEs" not in found and f"/{kind}/…" in found


def test_the_part_before_the_at_is_masked_where_it_stands_alone() -> None:
    """Beside the masked address a signature would give the whole of it."""
    assert masked("田中 tanaka, Tanaka、tanakas", ["tanaka@example.jp"]) == "田中 t****, t****、tanakas"
    assert masked("ab は短い", ["ab@example.jp"]) == "ab は短い"


def test_telephones_in_lists_of_people() -> None:
    assert without_phones("Re: 090-1234-5678 まで") == "Re: **** まで"
    assert without_phones("2026年5月1日") == "2026年5月1日"


def test_one_address_stays_where_its_person_gave_it_out() -> None:
    text = "tanaka@example.jp、tan\naka@example.jp、x.tanaka@example.jp、bob@example.jp"
    shown = masked(text, but="tanaka@example.jp")
    assert shown == "tanaka@example.jp、tan\naka@example.jp、x****@example.jp、b****@example.jp"


# What nobody sees, or reads over, between two characters.
BETWEEN = ["", "", "", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\u034f", "\ufe0f", "\x01"]
BROKEN = [*BETWEEN, "\n", "\r\n", "\n> ", "\n＞ "]
ADDRESSES = ["tanaka@example.jp", "a..b@docomo.ne.jp", "x_y+z@xn--wgv71a119e.jp", "o'neil@mail.example.com", "t@q.jp"]


@st.composite
def spellings(draw: st.DrawFn, between: list[str]) -> tuple[str, str]:
    """An address, and one of its spellings: full-width or not, in either case, with anything between."""
    address = draw(st.sampled_from(ADDRESSES))
    written = address.replace("xn--wgv71a119e", "日本語") if draw(st.booleans()) else address
    ways = [
        draw(st.sampled_from([each, each.upper(), chr(ord(each) + 0xFEE0) if each.isascii() else each]))
        for each in written
    ]
    if draw(st.booleans()):
        ways[written.index("@")] = draw(st.sampled_from(["%40", "(at)", "［アット］", "﹫", " @ "]))
    return address, "".join(way + draw(st.sampled_from(between)) for way in ways)


def as_read(text: str) -> str:
    """What a person or a program makes of a text: joined, half-width, in lower case."""
    plain = unicodedata.normalize("NFKC", text).replace("\n>", "").lower()
    seen = [c for c in plain if unicodedata.category(c) not in ("Cf", "Cc", "Zs") and c not in "\u034f\ufe0f"]
    joined = "".join(seen).replace("日本語", "xn--wgv71a119e")
    for at in ("%40", "(at)", "[アット]"):
        joined = joined.replace(at, "@")
    return joined


WORDS = st.sampled_from(["", "宛先は", "田中です。", "To: ", "<", "\n", "mailto:", "（", "さん "])


@limits(max_examples=300, deadline=None)
@given(WORDS, spellings(BROKEN), st.sampled_from(["", "です", "> ", "\n田中", "）", "、お願いします"]))
def test_no_address_of_the_reader_survives(before: str, spelling: tuple[str, str], after: str) -> None:
    address, written = spelling
    text = before + written + after
    assert address in as_read(text)
    shown = as_read(masked(text, [address, "somebody@else.example"]))
    assert address not in shown
    assert address.partition("@")[0] not in shown.partition("****")[0] or len(address.partition("@")[0]) < 3


@limits(max_examples=200, deadline=None)
@given(WORDS, spellings(BETWEEN), st.sampled_from(["", " です", "> ", "\n田中", "）", "、お願いします"]))
def test_nor_one_that_we_do_not_know(before: str, spelling: tuple[str, str], after: str) -> None:
    """Without line ends inside: those could belong to anything."""
    address, written = spelling
    assert address not in as_read(masked(before + written + after))


@pytest.mark.parametrize("text", ["a" * 20_000, "あ" * 20_000, "a." * 10_000, "@a" * 10_000, "a@" + "a\n" * 9_000])
def test_no_text_takes_long_to_mask(text: str) -> None:
    began = time.process_time()
    masked(text, ["tanaka@example.jp"])
    assert time.process_time() - began < 60


def test_the_persons_own_address_alone_is_shown() -> None:
    text = "hanako@shop.example へ。同僚は taro@shop.example、停止は https://wem.example/u/abcdefghijkl です。"
    shown = masked(text, but="Hanako@shop.example")
    assert "hanako@shop.example" in shown and "taro@" not in shown and "abcdefghijkl" not in shown
