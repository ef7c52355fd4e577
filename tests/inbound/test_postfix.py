"""A real Postfix with the configuration of deploy/: takes our mail, and brings what the world says of it."""

from __future__ import annotations

import asyncio
import smtplib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import MISSING, SMTP

from bench.delivering.postfix import Postfix
from tests import factories
from tests.bounces.mails import return_path, sent_mailing
from tests.factories import World
from tests.inbound.conftest import MAIL, RunningDoor, verp
from tests.page import Browser
from wem import queue
from wem.bounces.models import Bounce
from wem.bounces.reading import read_mail
from wem.bounces.states import Kind, Reading, Reason, Severity
from wem.db import db
from wem.inbound import jobs
from wem.inbound.keeping import raw_of
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState, Route, Way

pytestmark = pytest.mark.postfix
SECONDS = 60.0
# What the world's mail server says to RCPT, by the part before the @.
ANSWERS = {
    "nobody": "550 5.1.1 <nobody@world.example>: Recipient address rejected: User unknown",
    "full": "552 5.2.2 <full@world.example> Mailbox full",
    "busy": "452 4.2.2 <busy@world.example> The email account that you tried to reach is over quota",
}
SIZE_LIMIT = 20_000
# What a mailbox behind LMTP says after the text, which is when it knows (RFC 2033); `MAILBOXES` is its domain.
MAILBOXES = "mailboxes.example"
QUOTA = {
    "full": "552 5.2.2 <full@mailboxes.example> Quota exceeded (mailbox for user is full)",
    "busy": "452 4.2.2 <busy@mailboxes.example> Quota exceeded (mailbox for user is full)",
}


class _World:
    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> Any:
        if reply := ANSWERS.get(address.partition("@")[0]):
            return reply
        return MISSING


class _Mailboxes:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        return QUOTA.get(envelope.rcpt_tos[0].partition("@")[0], "250 2.1.5 delivered")


@pytest.fixture
def world_servers() -> Iterator[tuple[int, int]]:
    """The world on loopback: a mail server that knows some people and takes no large mail, and mailboxes by LMTP."""
    loop = asyncio.new_event_loop()

    def listening(make: Callable[[], SMTP]) -> asyncio.Server:
        return loop.run_until_complete(loop.create_server(make, "127.0.0.1", 0))

    servers = (
        listening(lambda: SMTP(_World(), data_size_limit=SIZE_LIMIT, loop=loop)),
        listening(lambda: LMTP(_Mailboxes(), loop=loop)),
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    first, second = (int(server.sockets[0].getsockname()[1]) for server in servers)
    yield first, second
    for server in servers:
        loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.close()


@pytest.fixture
def postfix(door: RunningDoor, world_servers: tuple[int, int]) -> Iterator[Postfix]:
    # Not below pytest's own folder, which Postfix's user may not enter.
    with tempfile.TemporaryDirectory(prefix="wem-mta-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        # One attempt instead of two days of them.
        lives = {"maximal_queue_lifetime": "0", "bounce_queue_lifetime": "0"}
        by_lmtp = {"transport_maps": f"inline:{{{MAILBOXES}=lmtp:inet:127.0.0.1:{world_servers[1]}}}"}
        running = Postfix(folder, world_servers[0], 1000, 120, door.lmtp, **lives, **by_lmtp)
        yield running
        running.stop()


def rows(condition: Callable[[list[InboundMail]], bool]) -> list[InboundMail]:
    """Return what has arrived, once it is as it should be."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = list(db.session.scalars(sa.select(InboundMail).order_by(InboundMail.id)))
        db.session.expunge_all()
        db.session.rollback()
        if condition(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def test_what_the_world_refuses_comes_back_to_the_return_path(postfix: Postfix) -> None:
    sent = {
        verp(number): f"{name}@world.example" for number, name in enumerate((*ANSWERS, "large", "fine"), start=1)
    } | {verp(number): f"{name}@{MAILBOXES}" for number, name in enumerate((*QUOTA, "fine"), start=11)}
    with smtplib.SMTP("127.0.0.1", postfix.port) as line:
        for sender, address in sent.items():
            body = b"x" * 70 + b"\r\n"
            line.sendmail(sender, [address], MAIL + body * (500 if address.startswith("large") else 1))
    found = rows(lambda some: len(some) >= 6)
    assert {row.recipient: (row.sender, row.route, row.way) for row in found} == {
        sender: ("", Route.bounce, Way.lmtp) for sender, address in sent.items() if not address.startswith("fine")
    }
    readings: dict[str, Reading] = {sent[row.recipient]: read_mail(raw_of(row) or b"") for row in found}
    assert {reading.kind for reading in readings.values()} == {Kind.bounce}
    assert {address: reading.recipients[0].address for address, reading in readings.items()} == {
        address: address for address in readings
    }
    told = {address: reading.recipients[0] for address, reading in readings.items()}
    assert {address: (each.severity, each.reason) for address, each in told.items()} == {
        "nobody@world.example": (Severity.hard, Reason.userunknown),
        "full@world.example": (Severity.soft, Reason.mailboxfull),
        "busy@world.example": (Severity.soft, Reason.mailboxfull),
        "large@world.example": (Severity.soft, Reason.mesgtoobig),
        f"full@{MAILBOXES}": (Severity.soft, Reason.mailboxfull),
        f"busy@{MAILBOXES}": (Severity.soft, Reason.mailboxfull),
    }


def test_the_pages_show_the_reason_that_the_world_gave(
    postfix: Postfix, world: World, browser_for: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ring_now", lambda *_, **_how: True)
    listed = world.ours.mailing_list
    readers = {name: factories.make_subscriber(listed, f"{name}@world.example") for name in (*ANSWERS, "large")}
    dispatch = sent_mailing(listed)
    numbers = {name: reader.id for name, reader in readers.items()}
    paths = {name: return_path(dispatch, number) for name, number in numbers.items()}
    owner, mailing_id = world.ours.owner, dispatch.mailing_id
    browser = browser_for(owner)
    db.session.rollback()
    with smtplib.SMTP("127.0.0.1", postfix.port) as line:
        for name, path in paths.items():
            body = b"x" * 70 + b"\r\n"
            line.sendmail(path, [f"{name}@world.example"], MAIL + body * (500 if name == "large" else 1))
    assert len(rows(lambda some: len(some) >= 4)) == 4
    jobs.route()
    assert {row.state for row in rows(lambda some: True)} == {InboundState.taken}
    kept = {bounce.reason: bounce for bounce in db.session.scalars(sa.select(Bounce))}
    assert set(kept) == {Reason.userunknown, Reason.mailboxfull, Reason.mesgtoobig}
    counted = db.session.scalar(sa.select(sa.func.count()).select_from(Bounce))
    assert counted == 4
    page = browser.get(f"/mailings/{mailing_id}/bounces").text
    for words in ("アドレスが存在しない", "メールボックスがいっぱい", "メールが大きすぎます"):
        assert words in page, words


def test_mail_from_the_world_comes_in_for_us_alone(postfix: Postfix) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.mx_port) as line:
        line.ehlo("reader.example")
        line.mail("a@reader.example")
        codes = {}
        for name in (verp(1), verp(1).replace("b.", "r.").replace("bounce.", ""), "support@mail.wem.example"):
            codes[name] = line.rcpt(name)[0]
        assert set(codes.values()) == {250}
        assert line.rcpt("nobody@mail.wem.example")[0] == 550
        assert line.rcpt("someone@world.example")[0] == 554, "an open relay"
        # Ends of lines as old mail programs write them; nothing is smuggled behind a dot between two of them.
        assert line.data(MAIL + b"line\n.\nMAIL FROM:<x@y.example>\n")[0] == 250
    found = rows(lambda some: len(some) >= 3)
    assert sorted((row.sender, row.route) for row in found) == [
        ("a@reader.example", Route.bounce),
        ("a@reader.example", Route.help_desk),
        ("a@reader.example", Route.reply),
    ]
    assert b"MAIL FROM:<x@y.example>" in (raw_of(found[0]) or b"")
