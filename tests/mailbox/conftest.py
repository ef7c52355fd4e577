"""A mailbox process for the tests of this folder, and mails to put into it."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from wem.mailbox.client import MailboxClient
from wem.mailbox.starting import RunningMailbox, start_mailbox

Send = Callable[..., dict[str, tuple[int, bytes]]]


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMailbox]:
    started = start_mailbox(tmp_path_factory.mktemp("box"))
    yield started
    started.stop()


@pytest.fixture
def box(running: RunningMailbox) -> MailboxClient:
    """The client of an empty, well-behaved mailbox."""
    running.client.delete_mails()
    running.client.clear_behaviours()
    return running.client


@pytest.fixture
def send(running: RunningMailbox, box: MailboxClient) -> Send:
    """Send one mail to some recipients; raises what smtplib raises."""

    def give(*recipients: str, subject: str = "test", raw: bytes | None = None) -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=20) as line:
            return line.sendmail("shop@example.jp", list(recipients), raw or plain(subject, recipients[0]))

    return give


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mailbox"


def plain(subject: str = "test", to: str = "taro@example.jp") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "shop@example.jp", to, subject, "<1@example.jp>"
    mail.set_content("Hello\n")
    return mail.as_bytes(policy=SMTP)
