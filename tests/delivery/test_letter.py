"""Mails of a letter (T16, T17): the same as the slow way and python-liquid make, as `email` reads; no way in or out."""

import email
import email.policy
import re
from datetime import datetime

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from tests.delivery.liquid_reference import KNOWN, readers, reference, templates
from tests.delivery.test_charsets import expected as in_jis
from tests.delivery.test_charsets import read as read_jis
from wem import clock, tokens
from wem.delivery.charsets import Charset
from wem.delivery.identity import Purpose, identity_keys, read_delivery_id, read_message_id, read_return_path
from wem.delivery.message import Features, Message, NotDeliverable, assemble, list_headers
from wem.delivery.recipients import Recipient
from wem.delivery.rendering import LINK_TOKEN, OPEN_TOKEN, Content, Letter
from wem.delivery.signing import SIGNED_HEADERS
from wem.delivery.template_compiling import MAX_OUTPUT
from wem.delivery.template_nodes import TemplateProblem
from wem.settings import Settings

AT = datetime(2026, 1, 15, 9, 30, tzinfo=clock.JAPAN)
LOADED = Settings(WEM_ENV="testing", SECRET_KEY="secret of the letters", PUBLIC_URL="https://public.example")
KEYS = identity_keys(LOADED.SECRET_KEY)
SEVEN_BIT, EIGHT_BIT = Features(eight_bit=False), Features()
HEADERS = [
    "Date", "From", "To", "Reply-To", "Subject", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
    "Feedback-ID", "CFBL-Address", "CFBL-Feedback-ID", "Content-Language", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
]  # fmt: skip
servers = st.sampled_from([SEVEN_BIT, EIGHT_BIT])


@pytest.fixture(autouse=True, scope="module")
def _settings_at_hand():
    app = Flask("letters")
    app.config["WEM"] = LOADED
    with app.app_context():
        yield


def letter(subject="件名 {{ 氏名 }}様", text="{{ 氏名 }}", html="<p>{{ 氏名 }}</p>", **more):
    content = Content(
        mailing_id=31,
        subject=subject,
        text=text,
        html=html,
        sender="news@shop.example",
        sender_name="株式会社髙橋商店",
        language="ja",
        customer_slug="takahashi",
        customer_name="株式会社髙橋商店",
        lists={"7": "お得情報"},
        names=sorted(KNOWN),
        reply_to="info@shop.example",
    )
    return Letter(5, Content(**vars(content) | more), LOADED)


def reader(fields=None, address="taro@example.jp"):
    return Recipient(seq=9, subscriber_id=1234, attempts=0, address=address, fields=fields or {}, lists=[7])


def slowly(made, to, features, charset=Charset.utf_8):
    """Return the mail rendered and assembled by itself, nothing of it made ready."""
    _, addressed, listing, values = made.addressed(to, AT, features)
    content = made.content
    message = Message(
        sender=content.sender,
        sender_name=content.sender_name,
        recipient=addressed.recipient,
        subject=made.subject.render(values),
        text=made.text.render(values),
        html=made.html.render(values),
        message_id=addressed.message_id,
        date=AT,
        reply_to=content.reply_to,
        headers=list_headers(
            unsubscribe_url=addressed.unsubscribe_url,
            unsubscribe_address=addressed.unsubscribe_address,
            list_id=listing.list_id,
            list_name=listing.list_name,
            feedback_id=listing.feedback_id,
            complaints_to=listing.complaints_to,
            complaint_id=addressed.complaint_id,
            charset=charset,
        ),
        language=content.language,
    )
    return assemble(message, features)


def parsed(data):
    """Return the mail as Python reads it, after a look at its bytes and at what a mail server would make of them."""
    assert b"\n" not in data.replace(b"\r\n", b"") and b"\r" not in data.replace(b"\r\n", b"") and b"\0" not in data
    assert data.endswith(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    stuffed = re.sub(rb"(?m)^\.", b"..", data) + b".\r\n"
    assert re.search(rb"(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)", stuffed).end() == len(stuffed)
    found = email.message_from_bytes(data, policy=email.policy.default)
    assert not any(part.defects for part in found.walk())
    return found


def texts(found):
    return [
        part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in found.walk() if not part.is_multipart()
    ]


def other_fields(values):
    return {name: value for name, value in values.items() if value is not None}


@limits(max_examples=150, deadline=None)
@given(templates, templates, readers, servers)
def test_mails_are_what_liquid_and_the_slow_way_make(text, html, values, features):
    """T16."""
    # Liquid trims a line end at the very end away.
    text, html = text + "。", html + "。"
    made, to = letter(text=text, html=html), reader(other_fields(values))
    mail = made.mail(to, AT, features)
    assert texts(parsed(mail.data)) == [reference(text, values, "text"), reference(html, values, "html")]
    assert mail.data == slowly(made, to, features)
    assert features.eight_bit or mail.data.isascii()


anything = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(max_codepoint=0x2030), max_size=40),
    st.lists(st.sampled_from(["\r\n", "\r", "\n", ".", "Bcc: x@example.org", "--=_", "<b>", "\0", "\x1b$B", "あ"])).map(
        "".join
    ),
)


@limits(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries({"氏名": anything, "会社名": anything}),
    servers,
    st.sampled_from(["example.jp", "docomo.ne.jp"]),
)
@example({"氏名": "a\r\nBcc: evil@example.org\r\n\r\nx", "会社名": "\r\n.\r\nMAIL FROM:<>"}, EIGHT_BIT, "example.jp")
@example({"氏名": "\x1b(J\x1b$B", "会社名": "長" * 2000}, EIGHT_BIT, "docomo.ne.jp")
@example({"氏名": "\ud800", "会社名": "\u2028\x85"}, EIGHT_BIT, "docomo.ne.jp")
def test_no_field_adds_a_header_or_ends_the_mail(fields, features, domain):
    """T17; what texts may hold is also in test_personalising.py, and what headers may in test_message.py."""
    made = letter(
        subject="{{ 氏名 }}",
        text="{{ 会社名 }}\n.{{ 氏名 }}\n{{ 会社名 }}",
        html="<p title='{{ 氏名 }}'>\n{{ 会社名 }}</p>",
    )
    found = parsed(made.mail(reader(fields, f"taro@{domain}"), AT, features).data)
    assert list(found.keys()) == HEADERS
    assert len(found["To"].addresses) == 1
    types = [part.get_content_type() for part in found.walk()]
    assert types == (["multipart/alternative", "text/plain", "text/html"] if domain == "example.jp" else ["text/plain"])
    if domain == "example.jp":
        assert re.fullmatch(r"""<p title='[^<>"']*'>\n[^<>"']*</p>""", texts(found)[1])


japanese = st.lists(st.sampled_from([*"あ漢字ア～－①㈱髙﨑№ⅲaZ <&.\nｱ〜", "ｶﾞ", "ﾊﾟ"]), max_size=60).map("".join)


@limits(max_examples=150, deadline=None)
@given(japanese, japanese)
def test_phones_get_one_character_set(name, company):
    fields = {"氏名": name, "会社名": company}
    made = letter(text="新春｡{{ 会社名 }} {{ 氏名 }}様\n", subject="新春 {{ 氏名 }}様")
    mail = made.mail(reader(fields, "taro@docomo.ne.jp"), AT, EIGHT_BIT)
    found = parsed(mail.data)
    assert mail.data.isascii()
    assert b"UTF-8" not in mail.data
    assert found.get_content_charset() == "iso-2022-jp"
    assert found.get_content_type() == "text/plain"
    assert found["Content-Transfer-Encoding"] == "7bit"
    body = mail.data.partition(b"\r\n\r\n")[2]
    assert read_jis(body).replace("\r\n", "\n") == in_jis(f"新春｡{company} {name}様\n")
    assert all(line.rfind(b"\x1b$B") <= line.rfind(b"\x1b(B") for line in body.split(b"\r\n"))
    assert mail.data == slowly(made, reader(fields, "taro@docomo.ne.jp"), EIGHT_BIT, Charset.iso_2022_jp)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, {"氏名": "😀"}),
        ({"text": "♥"}, {}),
        ({"subject": "♥"}, {}),
        ({"sender_name": "café"}, {}),
        ({"lists": {"7": "😀"}}, {}),
    ],
)
def test_what_does_not_fit_goes_out_as_utf8_as_a_whole(changes, fields):
    found = parsed(letter(**changes).mail(reader(fields, "taro@docomo.ne.jp"), AT, EIGHT_BIT).data)
    assert found.get_content_charset() == "utf-8"
    assert b"ISO-2022-JP" not in found.as_bytes()


def test_all_headers_are_there_and_signed():
    mail = letter().mail(reader({"氏名": "髙橋"}), AT, EIGHT_BIT)
    found = parsed(mail.data)
    assert list(found.keys()) == HEADERS
    assert {name.lower().encode() for name in HEADERS} <= set(SIGNED_HEADERS)
    assert read_return_path(mail.envelope_from, KEYS) == (Purpose.bounce, 5, 9)
    assert read_message_id(found["Message-ID"], KEYS) == (5, 9)
    page, by_mail = (way.strip(" <>") for way in found["List-Unsubscribe"].split(","))
    token = page.removeprefix("https://public.example/u/")
    assert tokens.read(tokens.Purpose.unsubscribe, token) == [1234, 31]
    local = by_mail.removeprefix("mailto:u.").partition("@")[0]
    assert read_delivery_id(local, Purpose.unsubscribe_mail, KEYS) == (5, 9)
    assert by_mail.endswith("@bounce.mail.wem.example?subject=unsubscribe")
    assert found["CFBL-Address"] == "fbl@mail.wem.example; report=arf"
    assert read_delivery_id(found["CFBL-Feedback-ID"], Purpose.message, KEYS) == (5, 9)
    assert found["Feedback-ID"] == "31:7:takahashi:wem-mail"
    assert found["Date"].datetime == AT
    assert found["Content-Transfer-Encoding"] == "8bit"


def test_a_signed_link_is_what_the_slow_way_signs(monkeypatch):
    monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda self: int(AT.timestamp()))
    signing = tokens.Signing(tokens.Purpose.unsubscribe)
    assert signing.sign(AT, 1234, 31) == tokens.sign(tokens.Purpose.unsubscribe, 1234, 31)


def test_tokens_of_links_and_opens_are_those_of_the_delivery():
    made = letter(
        html=f"<a href='https://public.example/l/1.{{{{ {LINK_TOKEN} }}}}'>x</a>"
        f"<img src='https://public.example/o/{{{{ {OPEN_TOKEN} }}}}.gif'>"
    )
    html = texts(parsed(made.mail(reader(), AT, EIGHT_BIT).data))[1]
    click, opening = re.fullmatch(r".*/l/1\.(\w{39})'.*/o/(\w{39})\.gif'>", html).groups()
    assert read_delivery_id(click, Purpose.click, KEYS) == (5, 9)
    assert read_delivery_id(opening, Purpose.open, KEYS) == (5, 9)


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("taro@example.jp", "taro@example.jp"),
        ("a..b@docomo.ne.jp", '"a..b"@docomo.ne.jp'),
        ("a.@docomo.ne.jp", '"a."@docomo.ne.jp'),
        ("taro@日本.jp", "taro@xn--wgv71a.jp"),
    ],
)
def test_addresses_as_they_stand_on_the_wire(address, wire):
    mail = letter().mail(reader(address=address), AT, EIGHT_BIT)
    assert (mail.envelope_to, mail.utf8) == (wire, False)
    assert f"\r\nTo: {wire}\r\n".encode() in mail.data


def test_another_local_part_than_ascii_needs_smtputf8():
    with pytest.raises(NotDeliverable):
        letter().mail(reader(address="用户@example.jp"), AT, EIGHT_BIT)
    mail = letter().mail(reader(address="用户@日本.jp"), AT, Features(utf8=True))
    assert (mail.envelope_to, mail.utf8) == ("用户@xn--wgv71a.jp", True)
    assert "\r\nTo: 用户@xn--wgv71a.jp\r\n".encode() in mail.data


@pytest.mark.parametrize("features", [SEVEN_BIT, EIGHT_BIT])
def test_long_lines_are_coded(features):
    made = letter(text="{{ 氏名 }}" * 40, html="<p>{{ 氏名 }}</p>" * 40)
    name = "長い名前" * 3
    assert texts(parsed(made.mail(reader({"氏名": name}), AT, features).data)) == [name * 40, f"<p>{name}</p>" * 40]
    assert texts(parsed(made.mail(reader({"氏名": "x"}), AT, features).data)) == ["x" * 40, "<p>x</p>" * 40]


@pytest.mark.parametrize(
    "text",
    ["{{ 氏名 }}" * 100, "{% if 氏名 %}" + "{{ 氏名 }}" * 100 + "{% endif %}", "{{ 氏名 | append: 氏名 }}" * 100],
)
def test_a_text_that_grows_too_large_is_stopped(text):
    with pytest.raises(TemplateProblem):
        letter(text=text).mail(reader({"氏名": "x" * (MAX_OUTPUT // 50)}), AT, EIGHT_BIT)
