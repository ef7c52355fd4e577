"""The mailbox as a process: starting, stopping, surviving, and the memory that it takes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailbox.conftest import plain
from wem.mailbox.starting import ROOT, RunningMailbox, start_mailbox


@pytest.fixture
def own(folder: Path) -> Iterator[RunningMailbox]:
    started = start_mailbox(folder)
    yield started
    started.stop()


def send(mailbox: RunningMailbox, to: str) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as line:
        line.sendmail("shop@example.jp", [to], plain(to=to))


def test_mails_outlive_stopping_and_killing(folder: Path) -> None:
    first = start_mailbox(folder)
    send(first, "one@example.jp")
    first.stop()
    assert first.process.returncode == 0
    second = start_mailbox(folder)
    send(second, "two@example.jp")
    second.process.kill()
    second.stop()
    third = start_mailbox(folder)
    assert [mail["recipient"] for mail in third.client.mails(after=0)] == ["one@example.jp", "two@example.jp"]
    third.stop()


def test_it_stops_while_a_line_is_open(own: RunningMailbox) -> None:
    with socket.create_connection(("127.0.0.1", own.smtp_port), timeout=10) as line:
        assert line.recv(100).startswith(b"220")
        own.stop()
    assert own.process.returncode == 0
    assert b"Traceback" not in (Path(str(own.process.args[-2])) / "mailbox.log").read_bytes()  # type: ignore[index]


def test_it_ends_with_the_process_that_started_it(own: RunningMailbox) -> None:
    assert own.process.stdin is not None
    own.process.stdin.close()
    assert own.process.wait(timeout=20) == 0


def test_production_is_refused(folder: Path) -> None:
    command = [sys.executable, "-m", "wem.mailbox", "--smtp-port", "0", "--http-port", "0", "--folder", str(folder)]
    environment = {**os.environ, "WEM_ENV": "production"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert b"production" in ended.stderr
    assert not folder.exists()


def test_a_port_that_is_taken_is_said(own: RunningMailbox, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ddress already in use"):
        start_mailbox(tmp_path / "other", smtp_port=own.smtp_port)


def test_it_listens_on_loopback_only(own: RunningMailbox) -> None:
    wanted = {f"0100007F:{port:04X}" for port in (own.smtp_port, own.http_port)}
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ports = {address for address in listening if address.split(":")[1] in {each.split(":")[1] for each in wanted}}
    assert ports - wanted == set()


def test_5000_mails_do_not_grow_the_memory(own: RunningMailbox) -> None:
    asyncio.run(_pour(own.smtp_port, 200))  # what is loaded on first use is loaded now
    before = _resident(own)
    asyncio.run(_pour(own.smtp_port, 5000))
    listed = {row["recipient"] for row in own.client.recipients()}
    assert len(listed) == 5000
    assert own.client.count() == 5200
    grown = _resident(own) - before
    assert grown < 30_000, f"{grown} KB more after 5,000 mails of 10 KB (50 MB)"


def test_every_answered_mail_is_committed_when_the_process_is_killed(folder: Path) -> None:
    mailbox = start_mailbox(folder)

    async def until_killed() -> set[str]:
        acknowledged: set[str] = set()
        pouring = asyncio.create_task(_pour(mailbox.smtp_port, 100_000, acknowledged))
        while len(acknowledged) < 300:
            await asyncio.sleep(0.005)
        mailbox.process.kill()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await pouring
        return acknowledged

    acknowledged = asyncio.run(until_killed())
    mailbox.stop()
    again = start_mailbox(folder)
    kept = {row["recipient"] for row in again.client.recipients()}
    again.stop()
    assert acknowledged - kept == set()


def _resident(mailbox: RunningMailbox) -> int:
    """Return the memory of the process, in KB."""
    status = Path(f"/proc/{mailbox.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found
    return int(found[1])


async def _pour(port: int, count: int, acknowledged: set[str] | None = None) -> None:
    """Send mails of 10 KB over ten lines, as WeM sends."""
    numbers = iter(range(count))
    body = (b"x" * 70 + b"\r\n") * 140

    async def line() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await reader.readuntil(b"\r\n")
            writer.write(b"EHLO tests\r\n")
            await reader.readuntil(b"250 HELP\r\n")
            for number in numbers:
                to = f"u{number}@example.jp"
                writer.write(f"MAIL FROM:<b@example.jp>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
                for _ in range(3):
                    await reader.readuntil(b"\r\n")
                writer.write(f"Subject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\n".encode() + body + b".\r\n")
                assert (await reader.readuntil(b"\r\n")).startswith(b"250 ")
                if acknowledged is not None:
                    acknowledged.add(to)
        finally:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    ended = await asyncio.gather(*(line() for _ in range(10)), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error


def test_waiting_says_what_came_instead(own: RunningMailbox) -> None:
    send(own, "taro@example.jp")
    assert own.client.wait_for("taro@example.jp", timeout=5)[0]["subject"] == "test"
    with pytest.raises(TimeoutError, match="taro@"):
        own.client.wait_for("hanako@example.jp", timeout=0.1)
    with pytest.raises(LookupError):
        own.client.mail(999)
    assert json.dumps(own.client.mails())
