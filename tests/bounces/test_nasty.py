"""Whatever bytes come in: no exception, little time, little memory."""

from __future__ import annotations

import base64
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bounces.labelled import all_mails
from wem.bounces.address_rules import address_of_field, addresses_in
from wem.bounces.autoreply_rules import body_automatic, subject_automatic
from wem.bounces.complaint_reading import read_complaint
from wem.bounces.mail_parts import leaves_of, open_mail
from wem.bounces.reading import read, read_mail
from wem.bounces.reply_rules import classify_reply
from wem.bounces.report_fields import read_fields
from wem.bounces.states import Kind, Reading

SECONDS, BYTES = 1.0, 100 << 20
DAEMON = b"From: MAILER-DAEMON@ex.example\nSubject: Undelivered Mail Returned to Sender\n"
REPORT = DAEMON + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'


def deep(levels: int) -> bytes:
    head = DAEMON
    for level in range(levels):
        head += b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level)
    return head


NASTY: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "zeros": lambda: bytes(5_000_000),
    "one header of five megabytes": lambda: b"Subject: " + b"a" * 5_000_000,
    "a hundred thousand headers": lambda: b"X-A: b\n" * 100_000 + b"\n",
    "headers folded without end": lambda: DAEMON + b"X-A: b\n" + b" c\n" * 500_000,
    "five megabytes of angle brackets": lambda: DAEMON + b"\n" + b"<" * 5_000_000,
    "brackets in a report": lambda: REPORT + b"--b\n\n" + b"<>" * 500_000,
    "at signs": lambda: DAEMON + b"\n" + b"a@" * 500_000,
    "local parts without end": lambda: DAEMON + b"\nbounce " + b"a." * 500_000 + b"@ex.example\n",
    "lines of at signs": lambda: DAEMON + b"\nbounce\n" + b"a@b c@d <e@f>\n" * 60_000,
    "spaces": lambda: DAEMON + b"\n" + b" " * 2_000_000 + b"x",
    "blank lines": lambda: DAEMON + b"\n" * 2_000_000,
    "deep MIME": lambda: deep(2000),
    "many parts": lambda: REPORT + b"--b\nContent-Type: text/plain\n\nx\n" * 100_000,
    "many recipients": lambda: REPORT + b"--b\nContent-Type: message/delivery-status\n\n"
    + b"Final-Recipient: rfc822; a@ex.example\nAction: failed\nStatus: 5.1.1\n\n" * 50_000,
    "fields without end": lambda: REPORT + b"--b\nContent-Type: message/delivery-status\n\n"
    + b"Final-Recipient: rfc822; a@b.c\nDiagnostic-Code: smtp; 550 " + b"quota " * 500_000,
    "base64 garbage": lambda: DAEMON + b"Content-Transfer-Encoding: base64\n\n" + b"===A" * 500_000,
    "base64 of angle brackets": lambda: DAEMON
    + b"Content-Transfer-Encoding: base64\n\n"
    + base64.b64encode(b"<a@b>" * 500_000),
    "quoted-printable garbage": lambda: DAEMON + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 2_000_000,
    "open styles": lambda: DAEMON + b"Content-Type: text/html\n\n" + b"<style" * 300_000,
    "open tags": lambda: DAEMON + b"Content-Type: text/html\n\n" + b"<a b" * 300_000,
    "entities": lambda: DAEMON + b"Content-Type: text/html\n\n" + b"&amp;&#x41;&" * 200_000,
    "an unknown character set": lambda: DAEMON + b"Content-Type: text/plain; charset=idna\n\n" + b"\xff" * 1_000_000,
    "a boundary of nothing": lambda: DAEMON + b'Content-Type: multipart/mixed; boundary=""\n\n' + b"--\n" * 300_000,
    "encoded words": lambda: b"Subject: " + b"=?utf-8?B?gg==?= " * 100_000 + b"\n\n",
    "transcripts": lambda: DAEMON + b"\n<a@b.c>\n" + b">>> RCPT\n<<< 550 x\n" * 100_000,
    "returned headers": lambda: DAEMON + b"\nbounce a@b.c\n" + b"From: a\n b\n" * 100_000,
    "open JSON": lambda: b'From: a\n\n{"notificationType":' + b"[" * 1_000_000,
    "a feedback report of fields": lambda: DAEMON + b"Content-Type: message/feedback-report\n\n"
    + b"Original-Rcpt-To: a@b.c\n" * 100_000,
    "dashes": lambda: DAEMON + b"\nbounce a@b.c\n" + b"-" * 2_000_000,
    "escapes": lambda: DAEMON + b"\n" + b"\x1b$B" * 500_000,
}  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_nasty_mail_takes_little_time(name: str) -> None:
    raw = NASTY[name]()
    read(raw)
    begun = time.process_time()
    read(raw)
    assert time.process_time() - begun < SECONDS


def test_nasty_mail_takes_little_memory() -> None:
    for name, make in NASTY.items():
        raw = make()
        tracemalloc.start()
        read(raw)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < BYTES, f"{name}: {peak >> 20} MB"


def test_no_mail_takes_a_second() -> None:
    """A mail that once crashed the reader, or took long, is kept in tests/data/mails/malformed."""
    slow = []
    for raw in all_mails():
        begun = time.process_time()
        read(raw)
        if time.process_time() - begun > SECONDS / 4:
            slow.append(raw[:80])
    assert not slow


def test_cut_anywhere_and_spoiled_anywhere() -> None:
    for raw in all_mails()[::9]:
        for at in range(0, min(len(raw), 6000), 211):
            assert isinstance(read(raw[:at]), Reading)
            assert isinstance(read(raw[at:]), Reading)
            assert isinstance(read(raw[:at] + b"\x00\xff\r" + raw[at + 3 :]), Reading)


def test_a_fault_of_ours_makes_a_mail_normal(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(raw: bytes) -> None:
        raise RuntimeError("fault")

    monkeypatch.setattr("wem.bounces.reading.open_mail", fail)
    assert read_mail(DAEMON) == Reading(Kind.normal)
    assert "reader@" not in caplog.text


WORDS = st.sampled_from([
    b"From: MAILER-DAEMON@ex.example\n", b"Subject: Undelivered Mail\n", b"\n", b"\n\n", b"--b\n", b"--b--", b"<a@b.c>",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n", b"Content-Type: text/html\n",
    b"Content-Type: message/delivery-status\n\n", b"Content-Type: message/rfc822\n\n", b"550 5.1.1 User unknown\n",
    b"Content-Type: message/feedback-report\n\n", b"Feedback-Type: abuse\n", b"Original-Rcpt-To: a@b.c\n",
    b"Final-Recipient: rfc822; a@b.c\n", b"Action: failed\n", b"Status: 5.1.1\n", b"Diagnostic-Code: smtp; 550\n",
    b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n", b"=?utf-8?Q?=FF?=", b"\r",
    b"    ", b">>> RCPT TO:<a@b.c>\n", b"<<< 550\n", b"said:", b"X-Failed-Recipients: a@b.c, d@e\n", b"{", b"\x1b$B",
    b"Original message follows.\n", b"Received: x\n", b"\xe3\x81", b"\xff\xfe", b"\"", b"@", b";", b"boundary=",
])  # fmt: skip


@given(st.one_of(st.binary(max_size=400), st.lists(st.one_of(WORDS, st.binary(max_size=8)), max_size=40).map(b"".join)))
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_read(raw: bytes) -> None:
    assert isinstance(read(raw), Reading)


@given(st.lists(st.one_of(WORDS, st.binary(max_size=8)), max_size=30).map(b"".join))
@settings(max_examples=300, deadline=None)
def test_any_complaint_is_read(body: bytes) -> None:
    mail = open_mail(b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n" + body)
    found = read_complaint(mail, leaves_of(mail))
    assert found is not None and found.kind is Kind.feedback


@given(st.text(max_size=300))
@settings(max_examples=500, deadline=None)
def test_any_text_is_asked_for_addresses(text: str) -> None:
    assert all("@" in address and len(address) <= 320 for address in addresses_in(text))
    address_of_field(text)
    read_fields(text)
    subject_automatic(text)
    body_automatic(text)
    classify_reply(None, None, text, "RCPT", text)


@given(st.from_regex(r"[a-z][a-z0-9+_=.-]{0,20}@[a-z][a-z0-9-]{0,10}\.example", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_an_address_is_found_whole(address: str) -> None:
    if address.rpartition("@")[2].split(".")[0].endswith("-") or address.startswith("smtp="):
        return
    assert addresses_in(f"to <{address}>, please") == [address]
    assert address_of_field(f"rfc822; {address}") == address
    assert address_of_field(f"RFC822;<{address}> (x)") == address


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("rfc822; abc..def@docomo.ne.jp", "abc..def@docomo.ne.jp"),
        ("rfc822; abc.@ezweb.ne.jp", "abc.@ezweb.ne.jp"),
        ('rfc822; "abc..def"@docomo.ne.jp', '"abc..def"@docomo.ne.jp'),
        ("rfc822;\ta@ex.example", "a@ex.example"),
        ("a@ex.example", "a@ex.example"),
        ("x400; /RFC-822=a(a)ex.example/ADMD= /C=WW/", ""),
        ("LOCAL; reader", ""),
        ("", ""),
    ],
)
def test_addresses_of_fields(field: str, address: str) -> None:
    assert address_of_field(field) == address
