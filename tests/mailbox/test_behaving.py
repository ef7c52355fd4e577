"""Told to misbehave, the mailbox does so on the wire."""

from __future__ import annotations

import smtplib
import time

import pytest

from tests.mailbox.conftest import Send, plain
from wem.mailbox.client import MailboxClient
from wem.mailbox.starting import RunningMailbox

TO = "taro@busy.example"


def told(box: MailboxClient, **what: object) -> None:
    box.set_behaviours([{"pattern": "*@busy.example", "text": "4.2.0 busy", **what}])


def test_a_recipient_is_refused_and_the_others_are_not(box: MailboxClient, send: Send) -> None:
    told(box, stage="rcpt", action="reply", code=451)
    assert send(TO, "hanako@example.jp") == {TO: (451, b"4.2.0 busy")}
    assert [mail["recipient"] for mail in box.mails()] == ["hanako@example.jp"]


@pytest.mark.parametrize("stage", ["data", "after_data"])
def test_the_content_is_refused_and_nothing_is_kept(box: MailboxClient, send: Send, stage: str) -> None:
    told(box, stage=stage, action="reply", code=554)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(TO)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (554, b"4.2.0 busy")
    assert box.count() == 0
    send("hanako@example.jp")
    assert box.count() == 1


@pytest.mark.parametrize("stage", ["rcpt", "data", "after_data"])
def test_it_is_slow_and_takes_the_mail(box: MailboxClient, send: Send, stage: str) -> None:
    told(box, stage=stage, action="delay", seconds=0.4)
    before = time.monotonic()
    send(TO)
    assert time.monotonic() - before >= 0.4
    assert box.count() == 1


@pytest.mark.parametrize(("stage", "kept"), [("rcpt", 0), ("data", 0), ("after_data", 1)])
def test_the_line_is_closed_without_a_reply(box: MailboxClient, send: Send, stage: str, kept: int) -> None:
    told(box, stage=stage, action="drop")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(TO)
    assert box.count() == kept


@pytest.mark.parametrize("stage", ["rcpt", "data", "after_data"])
def test_421_closes_the_line_too(running: RunningMailbox, box: MailboxClient, stage: str) -> None:
    told(box, stage=stage, action="reply", code=421)
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=10) as line:
        line.ehlo()
        line.docmd("MAIL FROM:<s@example.jp>")
        replies = [line.docmd(f"RCPT TO:<{TO}>")[0]]
        if stage != "rcpt":
            replies.append(line.docmd("DATA")[0])
        if stage == "after_data":
            line.send(plain() + b".\r\n")
            replies.append(line.getreply()[0])
        assert replies[-1] == 421
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            line.noop()
    assert box.count() == 0


def test_the_dialogue_goes_on_after_a_refusal_on_the_same_line(running: RunningMailbox, box: MailboxClient) -> None:
    told(box, stage="after_data", action="reply", code=451, times=1)
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=10) as line:
        with pytest.raises(smtplib.SMTPDataError):
            line.sendmail("s@example.jp", [TO], plain())
        assert line.sendmail("s@example.jp", [TO], plain()) == {}
    assert box.count() == 1
    assert box.behaviours() == []


def test_a_positive_answer_in_other_words(running: RunningMailbox, box: MailboxClient) -> None:
    told(box, stage="after_data", action="reply", code=250, text="2.6.0 queued as ABC")
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=10) as line:
        line.ehlo()
        line.mail("s@example.jp")
        line.rcpt(TO)
        assert line.data(plain()) == (250, b"2.6.0 queued as ABC")
    assert box.count() == 1


def test_the_list_is_read_replaced_and_cleared(box: MailboxClient) -> None:
    first = {"pattern": "a@*", "stage": "rcpt", "action": "reply", "code": 550, "text": "5.1.1 unknown"}
    second = {"pattern": "/b/", "stage": "data", "action": "delay", "seconds": 2, "chance": 0.5, "times": 3}
    put = box.set_behaviours([first, second])
    assert [each["pattern"] for each in put] == ["a@*", "/b/"]
    assert second.items() <= box.behaviours()[1].items()
    with pytest.raises(ValueError, match="code"):
        box.set_behaviours([{**first, "code": 1}])
    assert len(box.behaviours()) == 2, "a list with a mistake changes nothing"
    box.clear_behaviours()
    assert box.behaviours() == []
