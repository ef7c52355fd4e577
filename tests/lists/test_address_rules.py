"""Mail addresses: what is taken, what is refused and why, keys, quoting, masks."""

from __future__ import annotations

import email_validator
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wem.lists.rules import (
    ADDRESS_PROBLEM_TEXTS,
    Address,
    AddressProblem,
    is_old_carrier,
    mask_address,
    mask_cells,
    read_address,
    wire_address,
)

TAKEN = [
    ("ordinary", "tanaka@docomo.ne.jp", "tanaka@docomo.ne.jp"),
    ("plus, dot, hyphen, digits", "2001yamada.taro+news-1_a@mail.example.jp", None),
    ("all that RFC 5322 allows", "a!#$%&'*+/=?^_`{|}~-b@example.com", None),
    ("local part kept as received", "Tanaka.TARO@Example.JP", "Tanaka.TARO@example.jp"),
    ("space around", "  yamada@mail.example.jp \u3000", "yamada@mail.example.jp"),
    ("line end of the cell", "yamada@mail.example.jp\r\n", "yamada@mail.example.jp"),
    ("zero width space from a web page", "\u200byamada@mail.example.jp\ufeff", "yamada@mail.example.jp"),
    ("full width", "ｙａｍａｄａ．１＠ｍａｉｌ．ｅｘａｍｐｌｅ．ｊｐ", "yamada.1@mail.example.jp"),
    ("mailto", "mailto:yamada@example.jp", "yamada@example.jp"),
    ("mailto with a subject", "MAILTO:yamada@example.jp?subject=hi%40there", "yamada@example.jp"),
    ("angle brackets", "<yamada@example.jp>", "yamada@example.jp"),
    ("name", "山田 太郎 <yamada@example.jp>", "yamada@example.jp"),
    ("quoted name", '"山田 太郎" <yamada@mail.example.jp>', "yamada@mail.example.jp"),
    ("full-width brackets", "山田＜yamada@example.jp＞", "yamada@example.jp"),
    ("the address as its own name", "yamada@example.jp <Yamada@example.jp>", "Yamada@example.jp"),
    ("Outlook's brackets", "yamada@example.jp <mailto:yamada@example.jp>", "yamada@example.jp"),
    ("Japanese domain", "a@日本語.jp", "a@xn--wgv71a119e.jp"),
    ("ideographic full stop of an IME", "a@例え。example。jp", "a@xn--r8jz45g.example.jp"),
    ("domain in A-labels", "a@XN--R8JZ45G.example.jp", "a@xn--r8jz45g.example.jp"),
    ("middle dot and prolonged sound", "a@カー・ナビ.jp", "a@xn--lck2c1a0me.jp"),
    ("names for demonstrations", "a@mail.example.jp", None),
    ("reserved for tests", "a@wem.test", None),
    ("reserved as invalid", "a@nowhere.invalid", None),
    ("reserved as example", "a@mail.wem.example", None),
    ("local part of 64", "x" * 64 + "@example.jp", None),
    ("254 in all", "x" * 61 + "@" + ".".join(["y" * 61] * 3) + ".jp.com", None),
    ("docomo: two dots", "a..b@docomo.ne.jp", None),
    ("docomo: dot before the @", "abc.@docomo.ne.jp", None),
    ("docomo: dot first", ".abc@docomo.ne.jp", None),
    ("docomo: hyphen first", "-abc@docomo.ne.jp", None),
    ("docomo: slash and more", "a/b?c..@docomo.ne.jp", None),
    ("au", "a..b.@ezweb.ne.jp", None),
    ("au, below", "a..b@x1.ezweb.ne.jp", None),
    ("already quoted", '"a..b"@docomo.ne.jp', "a..b@docomo.ne.jp"),
    ("name and quoted", '田中 <"abc."@docomo.ne.jp>', "abc.@docomo.ne.jp"),
]


@pytest.mark.parametrize(("case", "raw", "address"), TAKEN, ids=[case for case, *_ in TAKEN])
def test_taken(case: str, raw: str, address: str | None) -> None:
    found = read_address(raw)

    assert isinstance(found, Address), found
    assert found.address == (address or raw)
    assert found.key == found.address.lower()
    assert found.domain == found.address.rpartition("@")[2]


P = AddressProblem
REFUSED = [
    ("nothing", "", P.MISSING),
    ("only space", " \u3000\u200b ", P.MISSING),
    ("empty brackets", "<>", P.MISSING),
    ("no @", "not-an-address", P.NO_AT_SIGN),
    ("a name only", "山田 太郎", P.NO_AT_SIGN),
    ("nothing after the @", "yamada@", P.NOT_AN_ADDRESS),
    ("nothing before the @", "@example.jp", P.NOT_AN_ADDRESS),
    ("two @", "two@@mail.example.jp", P.NOT_AN_ADDRESS),
    ("an @ in the local part", "a@b@example.jp", P.NOT_AN_ADDRESS),
    ("comma in the local part", "a,b@example.jp", P.NOT_AN_ADDRESS),
    ("parentheses", "a(b)@example.jp", P.NOT_AN_ADDRESS),
    ("quoted elsewhere", '"a..b"@example.jp', P.NOT_AN_ADDRESS),
    ("semicolon", "a@mail.example.jp;b@mail.example.jp", P.TWO_ADDRESSES),
    ("comma", "a@example.jp, b@example.jp", P.TWO_ADDRESSES),
    ("ideographic comma", "a@example.jp、b@example.jp", P.TWO_ADDRESSES),
    ("space", "a@example.jp b@example.jp", P.TWO_ADDRESSES),
    ("two with names", "A <a@example.jp>, B <b@example.jp>", P.TWO_ADDRESSES),
    ("another address as the name", "a@example.jp <b@example.jp>", P.TWO_ADDRESSES),
    ("space before the @", "space in@mail.example.jp", P.SPACE_INSIDE),
    ("ideographic space", "a　b@mail.example.jp", P.SPACE_INSIDE),
    ("space behind the @", "a@mail .example.jp", P.SPACE_INSIDE),
    ("header injection", "a@mail.example.jp\r\nBcc: b@mail.example.jp", P.LINE_BREAK),
    ("line break in the local part", "a\nb@mail.example.jp", P.LINE_BREAK),
    ("paragraph separator", "a\u2029b@mail.example.jp", P.LINE_BREAK),
    ("tab", "a\tb@mail.example.jp", P.CONTROL_CHARACTER),
    ("NUL", "a\0@mail.example.jp", P.CONTROL_CHARACTER),
    ("zero width space inside", "a\u200bb@mail.example.jp", P.CONTROL_CHARACTER),
    ("right-to-left override", "a\u202eb@mail.example.jp", P.CONTROL_CHARACTER),
    ("unreadable byte", "a\ufffd@mail.example.jp", P.CONTROL_CHARACTER),
    ("formula", "=cmd|' /C calc'!A0@mail.example.jp", P.FORMULA),
    ("formula that looks like an address", "=a@example.jp", P.FORMULA),
    ("full-width formula", "＝a@example.jp", P.FORMULA),
    ("encoded word", "=?utf-8?q?x?=@example.jp", P.FORMULA),
    ("Japanese local part", "山田@mail.example.jp", P.NOT_ASCII_LOCAL),
    ("ligature is not its letters", "oﬃce@example.jp", P.NOT_ASCII_LOCAL),
    ("circled digit is not its digit", "a①@example.jp", P.NOT_ASCII_LOCAL),
    ("two dots", "a..b@mail.example.jp", P.CONSECUTIVE_DOTS),
    ("two dots, SoftBank never allowed them", "a..b@softbank.ne.jp", P.CONSECUTIVE_DOTS),
    ("two dots at a look-alike of docomo", "a..b@xdocomo.ne.jp", P.CONSECUTIVE_DOTS),
    ("dot first", ".a@mail.example.jp", P.DOT_AT_EDGE),
    ("dot last", "a.@mail.example.jp", P.DOT_AT_EDGE),
    ("hyphen first", "-a@mail.example.jp", P.HYPHEN_FIRST),
    ("local part of 65", "x" * 65 + "@mail.example.jp", P.LOCAL_TOO_LONG),
    ("255 in all", "x" * 62 + "@" + ".".join(["y" * 61] * 3) + ".jp.com", P.TOO_LONG),
    ("a page of text", "a" * 5_000 + "@example.jp", P.TOO_LONG),
    ("no dot", "yamada@localhost", P.BAD_DOMAIN),
    ("dot at the end", "yamada@example.jp.", P.BAD_DOMAIN),
    ("dot at the beginning", "yamada@.example.jp", P.BAD_DOMAIN),
    ("two dots in the domain", "yamada@example..jp", P.BAD_DOMAIN),
    ("underscore", "yamada@mail_1.example.jp", P.BAD_DOMAIN),
    ("hyphen at the edge of a label", "yamada@-mail.example.jp", P.BAD_DOMAIN),
    ("label of 64", "yamada@" + "y" * 64 + ".jp", P.BAD_DOMAIN),
    ("IP address", "yamada@192.0.2.1", P.BAD_DOMAIN),
    ("IP address in brackets", "yamada@[192.0.2.1]", P.BAD_DOMAIN),
    ("hyphens in the third and fourth place", "yamada@ab--c.jp", P.BAD_DOMAIN),
    ("broken A-label", "yamada@xn--a.jp", P.BAD_DOMAIN),
    ("emoji domain", "yamada@❤.jp", P.BAD_DOMAIN),
    ("emoji domain as A-label", "yamada@xn--qei.jp", P.BAD_DOMAIN),
    ("sharp s names two domains", "yamada@straße.de", P.BAD_DOMAIN),
]


@pytest.mark.parametrize(("case", "raw", "problem"), REFUSED, ids=[case for case, *_ in REFUSED])
def test_refused(case: str, raw: str, problem: AddressProblem) -> None:
    assert read_address(raw) is problem


def test_each_problem_has_a_text_and_a_case() -> None:
    assert set(ADDRESS_PROBLEM_TEXTS) == set(AddressProblem) == {problem for *_, problem in REFUSED}


_LOCAL = st.text(alphabet="abcXYZ019!#$%&'*+/=?^_`{|}~-.. @\"\\(),:;<>[]", min_size=0, max_size=66)
_LABEL = st.text(alphabet="abcXYZ019--_", min_size=0, max_size=64)
_DOMAIN = st.lists(_LABEL, min_size=0, max_size=4).flatmap(
    lambda labels: st.sampled_from(["jp", "com", "co.jp", "xn--q9jyb4c", "j1", ""]).map(
        lambda tld: ".".join([*labels, tld])
    )
)


def _reference(raw: str) -> str | None:
    """What email-validator makes of it."""
    try:
        return email_validator.validate_email(raw, check_deliverability=False).ascii_email
    except email_validator.EmailNotValidError:
        return None


@settings(max_examples=1_000, deadline=None)
@given(_LOCAL, _DOMAIN)
@example("a" * 64, "example.com")
@example("o'brien", "example.co.jp")
def test_agrees_with_email_validator(local: str, domain: str) -> None:
    raw = f"{local}@{domain}"
    found = read_address(raw)
    if isinstance(found, Address) and found.address != f"{local}@{domain.lower()}":
        return  # a name, brackets or space taken off: email-validator does not do that
    # Stricter than it on purpose.
    if found in (AddressProblem.FORMULA, AddressProblem.HYPHEN_FIRST):
        return

    assert (found.address if isinstance(found, Address) else None) == _reference(raw)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="あアー漢字髙﨑々ヶ・abc1-", min_size=1, max_size=20), st.sampled_from(["jp", "example.com"]))
def test_japanese_domains_agree_with_email_validator(label: str, tld: str) -> None:
    found = read_address(f"a@{label}.{tld}")

    assert (found.address if isinstance(found, Address) else None) == _reference(f"a@{label}.{tld}")


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_an_answer_that_is_safe_on_the_wire(raw: str) -> None:
    for text in (raw, raw + "@docomo.ne.jp", "a@" + raw):
        found = read_address(text)
        if isinstance(found, Address):
            assert found.address.isascii() and found.address.isprintable()
            assert not set(found.address) & set(' <>"\\,;:()[]')
            assert read_address(found.address) == found
            assert read_address(wire_address(found.address)) == found


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("tanaka@docomo.ne.jp", "tanaka@docomo.ne.jp"),
        ("a.b+c@example.jp", "a.b+c@example.jp"),
        ("abc..def@docomo.ne.jp", '"abc..def"@docomo.ne.jp'),
        ("abc.@docomo.ne.jp", '"abc."@docomo.ne.jp'),
        (".abc@ezweb.ne.jp", '".abc"@ezweb.ne.jp'),
        ("-abc@ezweb.ne.jp", "-abc@ezweb.ne.jp"),
        ('a"b\\c@ezweb.ne.jp', '"a\\"b\\\\c"@ezweb.ne.jp'),
    ],
)
def test_wire_address_quotes_what_is_no_dot_atom(address: str, wire: str) -> None:
    assert wire_address(address) == wire


@pytest.mark.parametrize(
    ("address", "mask"),
    [
        ("tanaka@docomo.ne.jp", "t****@docomo.ne.jp"),
        ("ab@docomo.ne.jp", "a****@docomo.ne.jp"),
        ("a@docomo.ne.jp", "****@docomo.ne.jp"),
        ("a.very.long.name.indeed@example.jp", "a****@example.jp"),
        ("..b@docomo.ne.jp", ".****@docomo.ne.jp"),
    ],
)
def test_mask(address: str, mask: str) -> None:
    assert mask_address(address) == mask


def test_mask_cells_masks_the_address_column_and_every_other_address() -> None:
    cells = ["yamada@example.jp", "山田", "sato@example.jp", "a@b@c"]

    assert mask_cells(cells, 0) == ["y****@example.jp", "山田", "s****@example.jp", "a****"]
    assert mask_cells(["yamada", "山田", "", "＠"], 0) == ["y****", "山田", "", "****"]


@pytest.mark.parametrize(
    ("domain", "old"),
    [
        ("docomo.ne.jp", True),
        ("ezweb.ne.jp", True),
        ("a2.ezweb.ne.jp", True),
        ("mydocomo.ne.jp", False),
        ("softbank.ne.jp", False),
        ("au.com", False),
        ("", False),
    ],
)
def test_old_carriers(domain: str, old: bool) -> None:
    assert is_old_carrier(domain) is old
