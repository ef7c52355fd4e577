"""Mails as they are really written, taken apart."""

from __future__ import annotations

import base64
from email.message import EmailMessage

import pytest

from wem.mail_charsets import decode
from wem.mail_reading import glance, read_header, read_mail


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("日本語のメール".encode("iso2022_jp"), "ISO-2022-JP", "日本語のメール"),
        # The bytes are those of Ruby's CP50221: NEC row 13 and NEC-selected IBM characters.
        (bytes.fromhex("1b2442 2d21 2d6a 7c62 7975 7c73 2d62 1b2842"), "iso-2022-jp", "①㈱髙﨑ⅲ№"),
        (b"\x1b(I1\x1b(B half", "cp50221", "ｱ half"),
        (b"\x1b$BF|K\\\n\x1b(B", "iso-2022-jp", "日本\n"),
        (b"a\x1b(Jb\x1b(Bc", "iso-2022-jp", "abc"),
        ("㈱①".encode("cp932"), "Shift_JIS", "㈱①"),
        ("こんにちは".encode("euc_jp"), "EUC-JP", "こんにちは"),
        ("こんにちは".encode(), "utf-8", "こんにちは"),
        ("こんにちは".encode(), None, "こんにちは"),
        ("こんにちは".encode("iso2022_jp"), "us-ascii", "こんにちは"),
        ("こんにちは".encode(), "iso-2022-jp", "こんにちは"),
        ("こんにちは".encode(), "no-such-charset", "こんにちは"),
        (b"\xff\xfe\xfd", "utf-8", "���"),
    ],
)
def test_bytes_become_text(raw: bytes, charset: str | None, text: str) -> None:
    assert decode(raw, charset) == text


def _word(raw: bytes, charset: str) -> str:
    return f"=?{charset}?B?{base64.b64encode(raw).decode()}?="


KANJI = "日本".encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (_word("件名".encode("iso2022_jp"), "ISO-2022-JP"), "件名"),
        ("=?utf-8?q?a=20b_c?= d", "a b c d"),
        (f"{_word(KANJI[:4], 'utf-8')}\r\n {_word(KANJI[4:], 'UTF-8')}", "日本"),  # a character cut in two
        (f"{_word(KANJI, 'utf-8')} {_word('語'.encode('iso2022_jp'), 'iso-2022-jp')}", "日本語"),
        (f'"{_word(KANJI, "utf-8")}" <a@example.jp>', '"日本" <a@example.jp>'),
        ("folded\r\n  line", "folded  line"),
        ("=?utf-8?B?!!!?=", "!!!"),
        ("日本".encode().decode("ascii", "surrogateescape"), "日本"),
    ],
)
def test_headers_are_decoded(value: str, text: str) -> None:
    assert read_header(value) in (text, "")


def test_a_mail_with_everything() -> None:
    mail = EmailMessage()
    mail["Subject"] = "お知らせ"
    mail.set_content("本文です。\nhttps://example.jp/c/abc。\n")
    mail.add_alternative('<p>本文<a href="https://example.jp/l/1?a=1&amp;b=2">へ</a><img src="cid:p1"></p>', "html")
    _, html = mail.iter_parts()
    assert isinstance(html, EmailMessage)
    html.add_related(b"\x89PNG", "image", "png", cid="<p1>")
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="請求書.pdf")
    read = read_mail(mail.as_bytes())
    assert read.text.startswith("本文です。")
    assert "<p>本文" in read.html
    assert read.links == ["https://example.jp/l/1?a=1&b=2", "https://example.jp/c/abc"]
    assert [(part.name, part.type, part.content_id) for part in read.parts] == [
        ("part-2", "image/png", "p1"),
        ("請求書.pdf", "application/pdf", ""),
    ]
    assert read.parts[1].content == b"%PDF-"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b'Content-Type: text/plain; charset=""\r\nContent-Transfer-Encoding: base64\r\n\r\n???',
        b"Content-Type: multipart/report; boundary=a\r\n\r\n--a\r\nContent-Type: message/delivery-status\r\n\r\nX: y",
        b"Subject: \xff\xfe\r\nContent-Type: text/\xff\r\n\r\n\xff",
    ],
)
def test_broken_mail_is_read_as_far_as_it_goes(raw: bytes) -> None:
    read_mail(raw)
    glance(raw)


def test_the_glance_reads_folded_headers_once_and_only_the_head() -> None:
    raw = b"subject: a\r\n b\r\nSubject: second\r\nTO: x@example.jp\r\n\r\nFrom: in the body\r\n"
    assert glance(raw) == {"subject": "a b", "to": "x@example.jp"}
