"""Assembled mails, read back by Python's own reader: nothing lost, nothing smuggled, the same bytes each time."""

import email
import email.policy
import re
from datetime import datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wem.delivery.headers import structured_header, text_header
from wem.delivery.message import AUTO_SUBMITTED, Features, HeaderRefused, Message, assemble, list_headers

JST = timezone(timedelta(hours=9))
WHEN = datetime(2026, 1, 15, 9, 30, 15, 123456, tzinfo=JST)
IDENTITY = "<abcdefghijklmnopqrstuvwxyz234567abcdefg@shop.example>"
LISTED = list_headers(
    unsubscribe_url="https://public.example/u/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.abcdefghijklmnopqrstuvwxyz0123456789",
    unsubscribe_address="u.abcdefghijklmnopqrstuvwxyz234567abcdefg@bounce.mail.wem.example",
    list_id="news.shop.mail.wem.example",
    list_name="山田商店ニュース",
    feedback_id="12:3:45:wemmail",
)

CONTROLS = "".join(map(chr, [*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029]))
JAPANESE = "あいうえおがぎぱアイウ山田髙橋﨑々〆①㈱№ｱｶﾞﾊﾟ～－￥😀👨‍👩‍👧🇯🇵葛󠄀か\u3099"
printable = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029")
headings = st.one_of(
    st.text(st.one_of(st.sampled_from(JAPANESE), st.sampled_from('aZ 09<>@",;:\\()=?_.')), max_size=120),
    st.text(printable, max_size=60),
)
bodies = st.text(st.one_of(st.sampled_from(JAPANESE + "\r\n. \t<&"), printable), max_size=400)


def mail(**changes):
    given = {
        "sender": "news@shop.example",
        "sender_name": "山田商店",
        "recipient": "reader@example.jp",
        "subject": "新春セールのお知らせ",
        "text": "髙橋様\n本文です。",
        "message_id": IDENTITY,
        "date": WHEN,
    }
    return Message(**{**given, **changes})


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def assert_clean(raw):
    assert raw.isascii()
    assert b"\r" not in raw.replace(b"\r\n", b"") and b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\0" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.endswith(b"\r\n")
    read = parsed(raw)
    assert not any(part.defects for part in read.walk())
    return read


def normal(text):
    return re.sub(r"\r\n|\r|\n", "\n", text)


def test_a_mail_as_a_reader_sees_it():
    read = assert_clean(
        assemble(mail(html="<p>髙橋様</p>", reply_to="r.1@mail.wem.example", headers=LISTED, language="ja"))
    )
    assert read["Subject"] == "新春セールのお知らせ"
    assert read["From"].addresses[0].display_name == "山田商店"
    assert read["From"].addresses[0].addr_spec == "news@shop.example"
    assert read["To"] == "reader@example.jp"
    assert read["Reply-To"] == "r.1@mail.wem.example"
    assert read["Message-ID"] == IDENTITY
    assert read["Date"].datetime == WHEN.replace(microsecond=0)
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<https://[^>]+>, <mailto:u\.[^>]+>", read["List-Unsubscribe"])
    assert str(read["List-Id"]) == "山田商店ニュース <news.shop.mail.wem.example>"
    assert read["Feedback-ID"] == "12:3:45:wemmail"
    assert read["Precedence"] is None
    assert [part.get_content_type() for part in read.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert read.get_body(("html",)).get_content() == "<p>髙橋様</p>"
    assert normal(read.get_body(("plain",)).get_content()) == "髙橋様\n本文です。"


def test_files_come_behind_the_texts_with_their_names():
    long = "とても長い名前" * 12 + ".pdf"
    data = assemble(mail(html="<p>本文</p>", files=((long, bytes(range(256)) * 40), ("b.txt", b""))))
    assert all(len(line) <= 998 for line in data.split(b"\r\n")) and b"\n" not in data.replace(b"\r\n", b"")
    read = email.message_from_bytes(data, policy=email.policy.default)
    assert read.get_content_type() == "multipart/mixed" and data.count(b"MIME-Version") == 1
    assert read.get_body(("plain",)).get_content().startswith("髙橋様")
    assert [(each.get_filename(), each.get_content()) for each in read.iter_attachments()] == [
        (long, bytes(range(256)) * 40),
        ("b.txt", b""),
    ]
    assert data == assemble(mail(html="<p>本文</p>", files=((long, bytes(range(256)) * 40), ("b.txt", b""))))


def test_a_text_mail_of_the_product_itself():
    read = assert_clean(assemble(mail(headers=AUTO_SUBMITTED)))
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content_type() == "text/plain"
    assert normal(read.get_content()) == "髙橋様\n本文です。"


@given(headings, headings)
@example("髙橋 﨑山 😀", "株式会社 山田商店（本店）")
@example(" 前後の空白 ", "  ")
@example("=?UTF-8?B?44GC?=", 'a "quoted" \\ name')
@example("x" * 300, "長" * 100)
@example("word " * 60, ", <evil@example.org>")
@example("👨‍👩‍👧‍👦" * 30, "か\u3099" * 60)
def test_subject_and_sender_name_come_back(subject, name):
    raw = assemble(mail(subject=subject, sender_name=name))
    read = assert_clean(raw)
    assert read["Subject"] == subject
    assert [each.addr_spec for each in read["From"].addresses] == ["news@shop.example"]
    # The newer reader (addresses[0].display_name) leaves a space between adjacent encoded words of a name, against
    # RFC 2047 section 6.2, so the older one reads it here.
    shown, address = parseaddr(email.message_from_bytes(raw)["From"].replace("\r\n", ""))
    assert address == "news@shop.example"
    assert str(make_header(decode_header(shown))) == name.strip()
    head = raw.split(b"\r\n\r\n")[0].decode()
    for line in head.split("\r\n"):
        if "=?UTF-8?" in line:
            assert len(line) <= 76
        for word in re.findall(r"=\?UTF-8\?B\?[^?]*\?=", line):
            assert len(word) <= 75


@given(bodies, st.one_of(st.none(), bodies))
@example("\r\n.\r\nMAIL FROM:<evil@example.org>\r\n", ".\r\n.")
@example("行" * 5000, "<p>" + "長" * 5000)
def test_bodies_come_back_with_their_line_ends_made_equal(text, html):
    raw = assemble(mail(text=text, html=html))
    read = assert_clean(raw)
    for kind, given_text in (("plain", text), ("html", html)):
        if given_text is not None:
            decoded = read.get_body((kind,)).get_payload(decode=True).decode()
            # A text that is the whole mail ends with a line end, for a mail does.
            expected = normal(given_text).replace("\0", "")
            assert normal(decoded) in ((expected, expected + "\n") if html is None else (expected,))
            assert "\r" not in decoded.replace("\r\n", "") and "\n" not in decoded.replace("\r\n", "")
    stuffed = raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    assert stuffed.index(b"\r\n.\r\n") == len(stuffed) - 5


EXPECTED = ["Date", "From", "To", "Reply-To", "Subject", "Message-ID", "X-Extra", "MIME-Version", "Content-Type"]


@settings(max_examples=300)
@given(
    st.text(max_size=60),
    st.sampled_from(["subject", "sender_name", "sender", "recipient", "reply_to", "message_id", "extra", "name"]),
)
@example("x\r\nBcc: evil@example.org", "subject")
@example("x\nBcc: evil@example.org", "sender_name")
@example("a@b.example>\r\nBcc: <evil@example.org", "recipient")
@example("a@b.example, evil@example.org", "recipient")
@example("<x@y>\r\n\r\nbody", "message_id")
@example("X-Evil: a\r\nBcc", "name")
@example("x\x0bBcc: evil@example.org", "subject")
@example("x\x85Bcc: y\u2028z", "extra")
def test_no_text_in_any_slot_makes_another_header(text, slot):
    changes = {"reply_to": "r@mail.wem.example", "headers": (("X-Extra", "value"),)}
    if slot == "extra":
        changes["headers"] = (("X-Extra", text),)
    elif slot == "name":
        changes["headers"] = ((text, "value"),)
    else:
        changes[slot] = text
    try:
        raw = assemble(mail(**changes))
    except HeaderRefused:
        return
    read = assert_clean(raw)
    expected = [text if slot == "name" and name == "X-Extra" else name for name in EXPECTED]
    if slot == "reply_to" and not text:
        expected.remove("Reply-To")
    assert [name for name in read.keys() if name != "Content-Transfer-Encoding"] == expected  # noqa: SIM118
    assert len(read["To"].addresses) == 1


@pytest.mark.parametrize("slot", ["subject", "sender_name", "sender", "recipient", "reply_to", "message_id"])
@pytest.mark.parametrize("control", sorted(set(CONTROLS)))
def test_every_control_character_is_refused(slot, control):
    with pytest.raises(HeaderRefused):
        assemble(mail(**{slot: f"a{control}b@example.jp"}))
    with pytest.raises(HeaderRefused):
        structured_header("X-Extra", f"a{control}b")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "@b",
        "a b@example.jp",
        "a@exa mple.jp",
        "a@b@c.example",
        "あ@example.jp",
        "a@日本.example",
        "a..b@docomo.ne.jp",
        ".a@docomo.ne.jp",
        "a.@docomo.ne.jp",
        "a@example..jp",
        '"a"b"@example.jp',
        "a@example.jp>",
        "<a@example.jp>",
    ],
)
def test_what_is_not_one_address_is_refused(address):
    with pytest.raises(HeaderRefused):
        assemble(mail(recipient=address))


@pytest.mark.parametrize(
    "address", ['"a..b"@docomo.ne.jp', '".a.b."@ezweb.ne.jp', "a+b/c=d@example.jp", '"a\\"b"@docomo.ne.jp']
)
def test_old_phone_addresses_pass_quoted(address):
    raw = assemble(mail(recipient=address))
    assert f"\r\nTo: {address}\r\n".encode() in raw
    assert len(assert_clean(raw)["To"].addresses) == 1


@pytest.mark.parametrize(
    "name", ["Bcc", "to", "SUBJECT", "Content-Type", "DKIM-Signature", "Return-Path", "", "X Y", "X:Y", "日本"]
)
def test_a_header_that_is_ours_or_none_is_refused(name):
    with pytest.raises(HeaderRefused):
        assemble(mail(headers=((name, "x"),)))
    with pytest.raises(HeaderRefused):
        assemble(mail(headers=(("X-A", "1"), ("x-a", "2"))))


@pytest.mark.parametrize(
    "changes",
    [
        {"unsubscribe_url": "https://x/ a"},
        {"unsubscribe_url": "https://x/>, <https://evil"},
        {"unsubscribe_address": "a@b, c@d"},
        {"list_id": "a>b"},
        {"list_name": "a\r\nb"},
    ],
)
def test_list_headers_refuse_what_would_break_them(changes):
    given = {"unsubscribe_url": "https://x/u/1", "unsubscribe_address": None, "list_id": "a.b", "list_name": "x"}
    with pytest.raises(HeaderRefused):
        list_headers(**{**given, **changes})


def test_same_input_same_bytes_and_another_id_another_boundary():
    first = mail(html="<p>x</p>", headers=LISTED)
    assert assemble(first) == assemble(mail(html="<p>x</p>", headers=LISTED))
    other = assemble(mail(html="<p>x</p>", message_id="<other@shop.example>"))
    assert parsed(other).get_boundary() != parsed(assemble(first)).get_boundary()


def test_marks_stay_with_their_letters():
    line = text_header("Subject", "か\u3099" * 40 + "👨‍👩‍👧" * 5)
    for word in re.findall(r"=\?UTF-8\?B\?[^?]*\?=", line):
        decoded = str(email.message_from_string(f"Subject: {word}", policy=email.policy.default)["Subject"])
        assert decoded[0] not in "\u3099\u200d"
        assert decoded[-1] != "\u200d"


def test_a_date_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        assemble(mail(date=datetime(2026, 1, 1)))


def test_a_mail_of_the_product_to_a_phone():
    given = mail(recipient='"taro."@docomo.ne.jp', html="<p>x</p>", text="髙橋様\nURL", headers=AUTO_SUBMITTED)
    read = assert_clean(assemble(given))
    assert read.get_content_charset() == "iso-2022-jp"
    assert read["Content-Transfer-Encoding"] == "7bit"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Subject"] == given.subject
    assert assemble(given).endswith(b"\r\n\r\n\x1b$B|b66MM\x1b(B\r\nURL\r\n")


def test_a_server_with_8bitmime_gets_the_texts_as_they_are():
    raw = assemble(mail(html="<p>長い</p>"), Features())
    assert "\r\n\r\n髙橋様\r\n本文です。\r\n--".encode() in raw
    assert "\r\n\r\n<p>長い</p>\r\n--".encode() in raw
    assert parsed(raw)["Content-Transfer-Encoding"] == "8bit"
