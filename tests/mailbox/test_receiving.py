"""What goes in by SMTP comes out by HTTP as it was."""

from __future__ import annotations

import smtplib
import socket
from email.message import EmailMessage

import pytest

from tests.mailbox.conftest import Send, plain
from wem.mailbox.client import MailboxClient
from wem.mailbox.starting import RunningMailbox


def test_a_mail_is_kept_byte_for_byte_one_row_per_recipient(box: MailboxClient, send: Send) -> None:
    raw = b"Subject: dots\r\nMessage-ID: <a@b>\r\n\r\n.\r\n..\r\n...a\r\n.b\r\n\r\n.\r\nend\r\n"
    send("taro@example.jp", "hanako@example.jp", raw=raw)
    kept = box.mails(after=0)
    assert [mail["recipient"] for mail in kept] == ["taro@example.jp", "hanako@example.jp"]
    assert {(mail["sender"], mail["subject"], mail["message_id"]) for mail in kept} == {
        ("shop@example.jp", "dots", "<a@b>")
    }
    assert [box.source(mail["id"]) for mail in kept] == [raw, raw]


@pytest.mark.parametrize(
    "data",
    [b".\r\n", b"\r\n.\r\n", b"\r\n\r\n.\r\n", b"a\r\n.\r\n", b"..\r\n.\r\n", b"..a\r\n.\r\n", b"\r\n..\r\n.\r\n"],
)
def test_the_final_dot_is_found_wherever_it_stands(running: RunningMailbox, box: MailboxClient, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.smtp_port), timeout=10) as line, line.makefile("rb") as said:
        said.readline()
        line.sendall(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.jp>\r\nDATA\r\n")
        assert [said.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        line.sendall(data + b"NOOP\r\n")
        assert [said.readline()[:3] for _ in range(2)] == [b"250", b"250"]
    kept = box.mails()[0]
    assert kept["sender"] == ""
    lines = data.removesuffix(b".\r\n").split(b"\r\n")
    assert box.source(kept["id"]) == b"\r\n".join(line.removeprefix(b".") for line in lines)


def test_everything_may_be_sent_at_once(running: RunningMailbox, box: MailboxClient) -> None:
    one = b"MAIL FROM:<s@example.jp> BODY=8BITMIME\r\nRCPT TO:<%d@example.jp>\r\nDATA\r\n"
    with socket.create_connection(("127.0.0.1", running.smtp_port), timeout=10) as line, line.makefile("rb") as said:
        said.readline()
        line.sendall(b"EHLO x\r\n")
        offered = b""
        while not offered.endswith(b"HELP\r\n"):
            offered += said.readline()
        for word in (b"PIPELINING", b"8BITMIME", b"SMTPUTF8", b"SIZE 31457280"):
            assert word in offered
        line.sendall(b"".join(one % n + b"Subject: %d\r\n\r\nx\r\n.\r\n" % n for n in range(50)) + b"QUIT\r\n")
        codes = [reply[:3] for reply in said]
    assert codes == [b"250", b"250", b"354", b"250"] * 50 + [b"221"]
    assert [mail["subject"] for mail in box.mails(after=0)] == [str(n) for n in range(50)]


@pytest.mark.parametrize(
    ("on_the_wire", "asked"),
    [
        ('"a..b"@docomo.ne.jp', "a..b@docomo.ne.jp"),
        ('"a."@ezweb.ne.jp', '"a."@ezweb.ne.jp'),
        ("a..b@docomo.ne.jp", "A..B@docomo.ne.jp"),
        ("b+list=taro=example.jp@bounce.example.jp", "b+list=taro=example.jp@bounce.example.jp"),
        ('"white space > @"@example.jp', '"white space > @"@example.jp'),
    ],
)
def test_odd_addresses_are_taken_as_they_stand(
    running: RunningMailbox, box: MailboxClient, on_the_wire: str, asked: str
) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=10) as line:
        line.ehlo()
        assert line.docmd(f"MAIL FROM:<{on_the_wire}> SIZE=100 BODY=8BITMIME")[0] == 250
        assert line.docmd(f"RCPT TO:<{on_the_wire}>")[0] == 250
        assert line.data(plain())[0] == 250
    assert [(mail["sender"], mail["recipient"]) for mail in box.mails(recipient=asked)] == [(on_the_wire, on_the_wire)]


def test_addresses_that_are_none(running: RunningMailbox, box: MailboxClient) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=10) as line:
        line.ehlo()
        assert line.docmd("MAIL FROM:<s@example.jp>")[0] == 250
        for wrong in ("<nobody>", "<>", "<a b@example.jp>", "<a@b@c"):
            assert line.docmd(f"RCPT TO:{wrong}")[0] >= 500, wrong
        assert line.docmd("DATA")[0] == 503


def test_utf8_addresses_and_headers(running: RunningMailbox, box: MailboxClient) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=10) as line:
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        line.sendmail("店@example.jp", ["太郎@example.jp"], "Subject: 件名\r\n\r\n本文\r\n".encode(), options)
    mail = box.wait_for(recipient="太郎@example.jp")[0]
    assert (mail["sender"], mail["subject"], box.mail(mail["id"])["text"]) == ("店@example.jp", "件名", "本文\n")


def test_iso_2022_jp_with_nec_characters_is_shown_right(box: MailboxClient, send: Send) -> None:
    send(
        "taro@docomo.ne.jp",
        raw=b"From: =?ISO-2022-JP?B?GyRCRTlEORsoQg==?= <shop@example.jp>\r\n"
        b"Subject: =?ISO-2022-JP?B?GyRCLSEtahsoQg==?=\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        b"\x1b$B|b:j\x1b(B \x1b$BMM\x1b(B\r\n",
    )
    mail = box.mail(box.wait_for(subject="①㈱")[0]["id"])
    assert mail["from"] == "店長 <shop@example.jp>"
    assert mail["text"] == "髙崎 様\n"
    assert ["Subject", "①㈱"] in mail["headers"]


def test_html_text_links_and_attachments(box: MailboxClient, send: Send) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["To"] = "ご案内", "taro@example.jp"
    mail.set_content("こんにちは\nhttps://example.jp/c/1\n")
    mail.add_alternative('<a href="https://example.jp/u/2">配信停止</a>', "html")
    mail.add_attachment(b"a,b\r\n", maintype="text", subtype="csv", filename="一覧.csv")
    send("taro@example.jp", raw=mail.as_bytes())
    read = box.mail(box.wait_for("taro@example.jp")[0]["id"])
    assert read["text"] == "こんにちは\nhttps://example.jp/c/1\n"
    assert "配信停止" in read["html"]
    assert read["links"] == ["https://example.jp/u/2", "https://example.jp/c/1"]
    assert [(a["name"], a["type"], a["size"]) for a in read["attachments"]] == [("一覧.csv", "text/csv", 5)]
    assert box.attachment(read["id"], read["attachments"][0]["number"]) == b"a,b\r\n"


def test_what_is_too_big_or_too_long_is_refused(running: RunningMailbox, box: MailboxClient) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=60) as line:
        line.ehlo()
        assert line.docmd(f"MAIL FROM:<s@example.jp> SIZE={31 * 1024 * 1024}")[0] == 552
        big = b"Subject: x\r\n\r\n" + b"x" * 900 + b"\r\n"
        for body, code in ((big * 36_000, 552), (b"x" * 999, 500), (b"x" * 998, 250)):
            line.mail("s@example.jp")
            line.rcpt("a@example.jp")
            assert line.data(body)[0] == code
    assert box.count() == 1
