"""ISO-2022-JP as phones read it, against Python's own codecs; who gets it; headers and bodies in it."""

import base64
import quopri
import re

import jaconv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wem.delivery.body_coding import carried, iso_2022_jp_lines, utf8_lines
from wem.delivery.charsets import Charset, charsets_for, iso_2022_jp, joined_iso_2022_jp, takes_html
from wem.delivery.headers import HeaderRefused, mailbox_header, text_header
from wem.delivery.segments import lines_fit

# What one of two names of a JIS character comes back as.
CAME_BACK = str.maketrans("〜−‖—¢£¬¥", "～－∥―￠￡￢￥")
TWO_BYTES = [
    character
    for character in map(chr, [*range(0x80, 0xD800), *range(0xF900, 0xFF61), *range(0xFFA0, 0x10000)])
    if len(character.encode("cp932", "ignore")) == 2
]


def read(data):
    """Return the text, read by the arithmetic from JIS to Shift_JIS and Python's CP932."""
    text, wide = "", False
    for escape, run in re.findall(rb"(\x1b\$B|\x1b\(B|^)([^\x1b]*)", data):
        wide = escape == b"\x1b$B" if escape else wide
        if not wide:
            text += run.decode("ascii")
            continue
        for high, low in zip(run[::2], run[1::2], strict=True):
            row = (high - 0x21) // 2 + 0x81
            cell = low + (0x7E if not high % 2 else 0x1F if low < 0x60 else 0x20)
            text += bytes((row + 0x40 if row > 0x9F else row, cell)).decode("cp932")
    return text


# jaconv leaves a voicing mark that stands alone, or behind what has no voiced form, as it is.
LONE_MARKS = {0xFF9E: "゛", 0xFF9F: "゜"}


def expected(text):
    return jaconv.h2z(text, kana=True, ascii=False, digit=False).translate(LONE_MARKS).translate(CAME_BACK)


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("ABC \\~", "ABC \\~"),
        ("あ", "\x1b$B$\"\x1b(B"),
        ("①㈱髙﨑ⅲ№", "\x1b$B-!-j|byu|s-b\x1b(B"),
        ("〜～−－‖∥—―", "\x1b$B!A!A!]!]!B!B!=!=\x1b(B"),
        ("¢￠£￡¬￢¥￥", "\x1b$B!q!q!r!r\"L\"L!o!o\x1b(B"),
        ("ｱｶﾞﾊﾟｳﾞ｡｢｣､･ｰ", "\x1b$B%\"%,%Q%t!#!V!W!\"!&!<\x1b(B"),
        ("ﾞﾟ", "\x1b$B!+!,\x1b(B"),
        ("ﾜﾞ", "\x1b$B%o!+\x1b(B"),
        ("a日b\n本", "a\x1b$BF|\x1b(Bb\n\x1b$BK\\\x1b(B"),
    ],
)  # fmt: skip
def test_how_characters_are_written(text, coded):
    assert iso_2022_jp(text) == coded.encode("ascii")


@pytest.mark.parametrize(
    "text",
    [
        "😀",
        "𠮷",
        "丂",
        "♥",
        "é",
        "한",
        "か\u3099",
        "\ue000",
        "葛\U000e0100",
        "\x1b$B",
        "\x0e",
        "\x0f",
        "\x80",
        "\ud800",
    ],
)
def test_what_does_not_fit_is_said(text):
    with pytest.raises(UnicodeEncodeError):
        iso_2022_jp(text)


def test_every_character_of_cp932_is_written_and_read_back():
    assert len(TWO_BYTES) > 7300
    for character in TWO_BYTES:
        coded = iso_2022_jp(character)
        assert read(coded) == character.translate(CAME_BACK)
        try:
            assert coded == character.encode("iso2022_jp")
        except UnicodeEncodeError:
            continue


texts = st.text(st.one_of(st.sampled_from(TWO_BYTES), st.sampled_from("ａAbc 1<&.\n｡ｱｶｸﾊｳ〜−‖—¢£¬¥あ日")), max_size=60)


@settings(max_examples=150)
@given(texts, texts)
def test_texts_come_back_and_can_be_put_together(first, second):
    whole = iso_2022_jp(first + second)
    assert read(whole) == expected(first + second)
    assert joined_iso_2022_jp(iso_2022_jp(first) + iso_2022_jp(second)) == whole
    for line in iso_2022_jp_lines(first).split(b"\r\n"):
        # Each line is read as if it stood alone.
        assert line.rfind(b"\x1b(B") >= line.rfind(b"\x1b$B")
    assert iso_2022_jp_lines(first).isascii()


@pytest.mark.parametrize(
    ("domain", "charsets", "html"),
    [
        ("docomo.ne.jp", ["ISO-2022-JP", "UTF-8"], False),
        ("ezweb.ne.jp", ["ISO-2022-JP", "UTF-8"], False),
        ("a.ezweb.ne.jp", ["ISO-2022-JP", "UTF-8"], False),
        ("softbank.ne.jp", ["ISO-2022-JP", "UTF-8"], False),
        ("t.vodafone.ne.jp", ["ISO-2022-JP", "UTF-8"], False),
        ("ymobile.ne.jp", ["ISO-2022-JP", "UTF-8"], False),
        ("gmail.com", ["UTF-8"], True),
        ("yahoo.co.jp", ["UTF-8"], True),
        ("xn--wgv71a.jp", ["UTF-8"], True),
        ("notdocomo.ne.jp", ["UTF-8"], True),
    ],
)
def test_who_gets_which(domain, charsets, html):
    assert charsets_for(domain) == tuple(charsets)
    assert takes_html(domain) is html


@settings(max_examples=150)
@given(st.text(st.one_of(st.sampled_from(TWO_BYTES), st.sampled_from('aZ 09<>@",;:\\()=?_.ｱｶﾞﾊﾟ')), max_size=120))
def test_subjects_in_encoded_words(subject):
    line = text_header("Subject", subject, Charset.iso_2022_jp)
    assert line.isascii()
    # RFC 5322 section 2.2.3, RFC 2047 section 6.2: folds go, and the space between two words.
    value = line.removeprefix("Subject: ").removesuffix("\r\n").replace("\r\n", "")
    words = re.findall(r"=\?[^?]*\?B\?[^?]*\?=", value)
    if not words:
        assert value == subject
        return
    assert value == " ".join(words)
    found = ""
    for word in words:
        assert len(word) <= 75
        coded = base64.b64decode(word.split("?")[3])
        assert not re.search(rb"\x1b\$B[^\x1b]*$", coded)
        shown = read(coded)
        assert sum(not character.isascii() for character in shown) <= 18
        found += shown
    assert found == expected(subject)
    assert all(len(each) <= 76 for each in line.split("\r\n"))


def test_a_word_holds_eighteen_characters_of_full_width():
    lines = text_header("Subject", "長" * 60, Charset.iso_2022_jp).split("\r\n ")
    assert [len(read(base64.b64decode(line.split("?")[3]))) for line in lines] == [15, 18, 18, 9]


def test_a_name_and_controls_in_it():
    line = mailbox_header("From", "株式会社髙橋商店", "news@shop.example", Charset.iso_2022_jp)
    assert re.fullmatch(r"From: =\?ISO-2022-JP\?B\?[^?]+\?= <news@shop\.example>\r\n", line)
    with pytest.raises(HeaderRefused):
        text_header("Subject", "あ\x1b$Bx", Charset.iso_2022_jp)
    with pytest.raises(UnicodeEncodeError):
        text_header("Subject", "😀", Charset.iso_2022_jp)


@pytest.mark.parametrize(
    ("text", "eight_bit", "encoding"),
    [
        ("plain", True, "7bit"),
        ("plain", False, "7bit"),
        ("日本語", True, "8bit"),
        ("日本語", False, "base64"),
        ("mostly plain text with one é in it", False, "quoted-printable"),
        ("x" * 999, True, "quoted-printable"),
        ("長" * 400, True, "base64"),
        ("長" * 332 + "xx", True, "8bit"),
        (("x" * 998 + "\n") * 2, False, "7bit"),
    ],
)
def test_how_a_body_is_carried(text, eight_bit, encoding):
    data = utf8_lines(text)
    assert carried(data, short=lines_fit(data), eight_bit=eight_bit)[0] == encoding


def test_long_lines_of_a_phones_text_are_base64():
    data = iso_2022_jp_lines("長" * 600)
    assert carried(data, short=lines_fit(data), eight_bit=True)[0] == "base64"


@settings(max_examples=150)
@given(st.text(max_size=300), st.sampled_from(["", "x" * 1200]), st.booleans())
def test_every_way_of_carrying_gives_the_text_back(text, longer, eight_bit):
    data = utf8_lines(text + longer + "\n" + text)
    encoding, coded = carried(data, short=lines_fit(data), eight_bit=eight_bit)
    decode = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}.get(encoding, bytes)
    assert decode(coded) == data
    assert b"\n" not in coded.replace(b"\r\n", b"") and b"\r" not in coded.replace(b"\r\n", b"") and b"\0" not in coded
    assert lines_fit(coded)
    if encoding in ("base64", "quoted-printable"):
        assert max(map(len, coded.split(b"\r\n"))) <= 76
