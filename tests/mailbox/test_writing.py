"""Mails written in the mailbox, and how they reach the door: a small SMTP server stands for WeM."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from aiosmtpd.controller import Controller
from bs4 import BeautifulSoup

from tests.mailbox.conftest import plain
from wem.bounces.reading import read
from wem.bounces.states import Kind
from wem.mail_reading import read_mail
from wem.mailbox.starting import RunningMailbox, start_mailbox
from wem.mailbox.writing import FAILURES, CannotWrite, quoted, returned, written


class Wem:
    """Takes what comes, but for one address."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such address here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture(scope="module")
def _door() -> Iterator[tuple[Wem, int]]:
    wem = Wem()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(wem, hostname="127.0.0.1", port=port)
    controller.start()
    yield wem, port
    controller.stop()


@pytest.fixture
def wem(_door: tuple[Wem, int]) -> Wem:
    _door[0].taken.clear()
    return _door[0]


@pytest.fixture(scope="module")
def box(_door: tuple[Wem, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMailbox]:
    started = start_mailbox(tmp_path_factory.mktemp("writing"), door_port=_door[1])
    yield started
    started.stop()


def submit(box: RunningMailbox, path: str, action: str, **values: str) -> str:
    """Open a page, fill in the form with this address and post it as a browser does; returns the page that follows."""
    origin = f"http://localhost:{box.http_port}"
    with urlopen(origin + path, timeout=20) as answer:
        form = BeautifulSoup(answer.read(), "html.parser").find("form", action=action)
    assert form is not None
    data = {str(each["name"]): str(each.get("value", "")) for each in form.find_all("input")}
    data |= {str(each["name"]): each.get_text() for each in form.find_all("textarea")}
    data |= {str(each["name"]): str(each.find("option")["value"]) for each in form.find_all("select")}
    body, headers = urlencode({**data, **values}).encode(), {"Sec-Fetch-Site": "same-origin"}
    with urlopen(Request(origin + action, body, headers), timeout=20) as answer:
        return str(answer.read().decode())


def fill(box: RunningMailbox, path: str = "/compose", **values: str) -> str:
    return submit(box, path, "/compose", **values)


def deliver(box: RunningMailbox, raw: bytes, sender: str = "b.x@bounce.mail.wem.example") -> int:
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=20) as line:
        line.sendmail(sender, ["hanako@example.jp"], raw)
    return int(box.client.mails()[0]["id"])


def test_a_mail_goes_to_wem(box: RunningMailbox, wem: Wem) -> None:
    fill(box, sender="a..b@docomo.ne.jp", recipient="otoku@mail.wem.example", subject="登録", text="")
    ((sender, recipients, raw),) = wem.taken
    assert (sender, recipients) == ("a..b@docomo.ne.jp", ["otoku@mail.wem.example"])
    headers = dict(read_mail(raw).headers)
    assert (headers["From"], headers["Subject"]) == ("a..b@docomo.ne.jp", "登録")


def test_a_reply_goes_where_the_mail_says(box: RunningMailbox, wem: Wem) -> None:
    raw = plain("秋の新商品").replace(b"From:", b"Reply-To: r.abc@mail.wem.example\r\nFrom:", 1)
    fill(box, f"/compose?mail={deliver(box, raw)}")
    ((sender, recipients, answer),) = wem.taken
    assert (sender, recipients) == ("hanako@example.jp", ["r.abc@mail.wem.example"])
    read = read_mail(answer)
    assert dict(read.headers)["Subject"] == "Re: 秋の新商品"
    assert dict(read.headers)["In-Reply-To"] == "<1@example.jp>"
    assert "> Hello" in read.text


def test_stopping_by_mail(box: RunningMailbox, wem: Wem) -> None:
    header = b"List-Unsubscribe: <https://x.example/u>, <mailto:u.abc@bounce.mail.wem.example?subject=unsubscribe>\r\n"
    fill(box, f"/compose?mail={deliver(box, header + plain())}&what=stop")
    assert wem.taken[0][1] == ["u.abc@bounce.mail.wem.example"]


@pytest.mark.parametrize(
    ("recipient", "said"),
    [("nobody@mail.wem.example", "550 5.1.1 no such address"), ("a@elsewhere.example", ""), ("nonsense", "")],
)
def test_what_is_not_taken_is_said(box: RunningMailbox, wem: Wem, recipient: str, said: str) -> None:
    page = f"http://localhost:{box.http_port}/compose"
    form = urlencode({"sender": "a@example.jp", "recipient": recipient, "subject": "", "text": ""}).encode()
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(page, form, {"Sec-Fetch-Site": "same-origin"}), timeout=20)
    with refused.value as answer:
        assert answer.code == 422 and said in answer.read().decode()
    assert wem.taken == []


def test_mail_that_is_sent_to_wem_through_the_mailbox_is_passed_on(box: RunningMailbox, wem: Wem) -> None:
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=20) as line:
        line.sendmail("a@example.jp", ["otoku@mail.wem.example"], plain())
        with pytest.raises(smtplib.SMTPDataError, match="no such address"):
            line.sendmail("a@example.jp", ["nobody@mail.wem.example"], plain())
    assert [recipients for _, recipients, _ in wem.taken] == [["otoku@mail.wem.example"]]


def test_a_report_that_a_mail_came_back() -> None:
    for failure in FAILURES.values():
        report = message_from_bytes(returned(plain(), "taro@example.jp", failure), policy=policy.default)
        assert report.get_content_type() == "multipart/report"
        parts = list(report.iter_parts())  # type: ignore[attr-defined]
        assert [part.get_content_type() for part in parts] == [
            "text/plain",
            "message/delivery-status",
            "text/rfc822-headers",
        ]
        assert f"Status: {failure.status}" in str(parts[1])
        assert "<1@example.jp>" in str(parts[2])


def test_sending_a_mail_back(box: RunningMailbox, wem: Wem) -> None:
    number = deliver(box, plain())
    submit(box, f"/mails/{number}", f"/mails/{number}/return")
    ((sender, recipients, raw),) = wem.taken
    assert (sender, recipients) == ("<>", ["b.x@bounce.mail.wem.example"])
    assert b"multipart/report" in raw


def test_reporting_a_mailing_as_spam(box: RunningMailbox, wem: Wem) -> None:
    """As our own reader of such reports takes it; mails that cannot be stopped have no such button."""
    header = b"List-Unsubscribe: <https://x.example/u>, <mailto:u.abc@bounce.mail.wem.example>\r\n"
    number = deliver(box, header + plain())
    submit(box, f"/mails/{number}", f"/mails/{number}/complain")
    ((sender, recipients, raw),) = wem.taken
    assert (sender, recipients) == ("<>", ["fbl@bounce.mail.wem.example"])
    reading = read(raw)
    assert (reading.kind, reading.feedback_type, reading.message_id) == (Kind.feedback, "abuse", "<1@example.jp>")
    assert reading.return_path == "b.x@bounce.mail.wem.example"
    other = deliver(box, plain())
    with urlopen(f"http://localhost:{box.http_port}/mails/{other}") as page:
        assert "/complain" not in page.read().decode()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (("a", "b@example.jp", "", ""), "sender"),
        (("a@example.jp\r\nBcc: x@y.jp", "b@example.jp", "", ""), "sender"),
        (("a@example.jp", "b@example.jp, c@example.jp", "", ""), "recipient"),
        (("a@example.jp", "b@example.jp", "", "x" * 100_001), "text"),
    ],
)
def test_what_cannot_stand_in_a_mail(values: tuple[str, str, str, str], field: str) -> None:
    with pytest.raises(CannotWrite) as refused:
        written(*values)
    assert refused.value.field == field


def test_subjects_cannot_smuggle() -> None:
    raw = written("a@example.jp", "b@example.jp", "x\r\nBcc: c@example.jp", "", "<x>\r\nBcc: y")
    assert b"\nBcc" not in raw


def test_quoting(tmp_path: Path) -> None:
    assert quoted(plain()) == "> Hello"
