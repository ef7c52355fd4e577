"""The pipe and the mailbox by IMAP: the same entry, nothing put away before it is kept."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import World
from tests.inbound.conftest import MAIL, verp
from tests.inbound.imap_server import ImapServer, running_imap_server
from wem import queue
from wem.db import db
from wem.inbound import jobs, polling, receiving, replaying
from wem.inbound.cli import receive as receive_command
from wem.inbound.cli import replay_inbound
from wem.inbound.keeping import raw_of
from wem.inbound.models import InboundMail
from wem.inbound.states import FOR_STAFF, InboundState, Route, Way
from wem.inbound.trace_rules import recipients_in, return_path_in, without_mbox_line

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def rung(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(queue, "ring_now", lambda *call, **_how: calls.append(call) or True)
    return calls


def kept() -> list[tuple[Way, str | None, str]]:
    db.session.rollback()
    found = db.session.execute(
        sa.select(InboundMail.way, InboundMail.sender, InboundMail.recipient).order_by(InboundMail.id)
    )
    return [(way, sender, recipient) for way, sender, recipient in found]


DESK, FBL = "support@mail.wem.example", "fbl@mail.wem.example"
TRACED = b"Return-Path: <a@b.example>\r\nDelivered-To: Support@mail.wem.example\r\n" + MAIL


@pytest.mark.parametrize(
    ("raw", "given", "environ", "status", "row"),
    [
        (MAIL, ([DESK], "x@y.example"), {}, os.EX_OK, ("x@y.example", DESK)),
        (MAIL, ([], None), {"RECIPIENT": FBL, "SENDER": ""}, os.EX_OK, ("", FBL)),
        (MAIL, ([], None), {"ORIGINAL_RECIPIENT": FBL, "RECIPIENT": "wem@localhost"}, os.EX_OK, (None, FBL)),
        (TRACED, ([], None), {}, os.EX_OK, ("a@b.example", DESK)),
        (MAIL, ([DESK], None), {}, os.EX_OK, (None, DESK)),  # nobody says who sent it
        (MAIL, ([DESK], "<>"), {}, os.EX_OK, ("", DESK)),
        (MAIL, ([DESK], "MAILER-DAEMON"), {}, os.EX_OK, ("", DESK)),  # pipe(8) without null_sender=
        (TRACED, ([DESK], ""), {}, os.EX_OK, ("", DESK)),
        (b"From a@b Thu Jan  1\n" + TRACED, ([], None), {}, os.EX_OK, ("a@b.example", DESK)),
        (MAIL, (["nobody@mail.wem.example"], None), {}, os.EX_NOUSER, None),
        (MAIL, ([], None), {}, os.EX_USAGE, None),
        (b"x" * 21_000_001, ([FBL], None), {}, os.EX_DATAERR, None),
        (b"Received: x\r\n" * 60 + MAIL, ([FBL], None), {}, os.EX_DATAERR, None),
    ],
)
def test_a_mail_by_pipe(
    raw: bytes,
    given: tuple[list[str], str | None],
    environ: dict[str, str],
    status: int,
    row: tuple[str | None, str] | None,
) -> None:
    assert receiving.receive(raw, *given, environ) == status
    assert kept() == ([(Way.pipe, *row)] if row else [])


def test_no_more_is_read_from_a_pipe_than_may_be_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WEM", replace(app.config["WEM"], INBOUND_SIZE="5000"))
    came = io.BytesIO(MAIL + b"x" * 1_000_000)
    done = app.test_cli_runner().invoke(receive_command, [FBL], input=came)
    assert (done.exit_code, kept()) == (os.EX_DATAERR, [])
    assert "larger than INBOUND_SIZE" in done.stderr
    assert came.tell() < 50_000, "the rest is left in the pipe"
    db.session.rollback()
    done = app.test_cli_runner().invoke(receive_command, ["nobody@mail.wem.example"], input=MAIL)
    assert (done.exit_code, done.stderr) == (os.EX_NOUSER, "wem: no such address here\n")


def test_a_pipe_is_told_to_try_again_when_nothing_can_be_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("connect", {}, Exception("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(sa.orm.Session, "execute", gone)
        assert receiving.receive(MAIL, ["fbl@mail.wem.example"], None, {}) == os.EX_TEMPFAIL
        broken.setattr(sa.orm.Session, "scalar", gone)
        assert receiving.receive(MAIL, ["some-name@mail.wem.example"], None, {}) == os.EX_TEMPFAIL
    done = app.test_cli_runner().invoke(receive_command, ["fbl@mail.wem.example"], input=MAIL)
    assert (done.exit_code, len(kept())) == (0, 1)
    monkeypatch.setattr(receiving, "receive", lambda *_: 1 / 0)
    done = app.test_cli_runner().invoke(receive_command, ["fbl@mail.wem.example"], input=MAIL)
    assert done.exit_code == os.EX_TEMPFAIL


@pytest.mark.parametrize(
    ("head", "recipients", "sender"),
    [
        ("X-Original-To: a@x\r\nDelivered-To: b@x\r\n", ["a@x"], None),
        ("Delivered-To: new@x\r\nReceived: y\r\nDelivered-To: old@x\r\n", ["new@x"], None),
        ("Envelope-To: a@x,\r\n <b@x>\r\n", ["a@x", "b@x"], None),
        ("Return-Path: <>\r\nSubject: x\r\n", [], ""),
        ("Return-Path: < >\r\n", [], ""),
        ("Return-Path: <MAILER-DAEMON>\r\n", [], ""),
        ("Return-Path: <MAILER-DAEMON@mx.example>\r\n", [], ""),
        ("Return-Path: c@y\r\n", [], "c@y"),
        ("Return-Path: <c@y>\r\nReturn-Path: <>\r\n", [], "c@y"),  # the newest stands on top
        ("Return-Path: somebody\r\n", [], None),
        ("Subject: x\r\n\r\nDelivered-To: body@x\r\n", [], None),
    ],
)
def test_the_trace_of_a_mail(head: str, recipients: list[str], sender: str | None) -> None:
    raw = f"{head}\r\nBody\r\n".encode()
    assert (recipients_in(raw), return_path_in(raw)) == (recipients, sender)
    assert without_mbox_line(b"From x y\n" + raw) == raw == without_mbox_line(raw)


@pytest.fixture
def imap(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ImapServer]]:
    with ExitStack() as stack:

        def start(capabilities: str = "", **changed: str) -> ImapServer:
            server = stack.enter_context(running_imap_server(capabilities))
            given = {"IMAP_HOST": "127.0.0.1", "IMAP_PORT": str(server.port), "IMAP_TLS": "off"}
            given |= {"IMAP_USER": "collector", "IMAP_PASSWORD": "secret"}
            monkeypatch.setitem(app.config, "WEM", replace(app.config["WEM"], **(given | changed)))
            return server

        yield start


def soon() -> float:
    return time.monotonic() + 20


def test_unseen_mail_is_fetched_once_and_stays_as_seen(imap: Callable[..., ImapServer]) -> None:
    server = imap()
    server.put(b"Delivered-To: " + verp().encode() + b"\r\nReturn-Path: <>\r\n" + MAIL)
    server.put(MAIL, "\\Seen")
    server.put(MAIL)
    assert polling.poll(soon()) == 2
    assert kept() == [(Way.imap, "", verp()), (Way.imap, None, "postmaster@mail.wem.example")]
    assert polling.poll(soon()) == 0
    assert [mail.flags for mail in server.folders["INBOX"]] == [{"\\Seen"}] * 3


@pytest.mark.parametrize("capabilities", ["MOVE", "UIDPLUS"])
def test_fetched_mail_is_moved(imap: Callable[..., ImapServer], capabilities: str) -> None:
    server = imap(capabilities, IMAP_DONE_FOLDER="Done")
    raw = b"To: <support@mail.wem.example>\r\n" + MAIL
    server.put(raw)
    jobs.poll_imap()
    assert kept() == [(Way.imap, None, "support@mail.wem.example")]
    row = db.session.scalars(sa.select(InboundMail)).one()
    assert raw_of(row) == raw
    assert (server.folders["INBOX"], [mail.raw for mail in server.folders["Done"]]) == ([], [raw])


@pytest.mark.parametrize("capabilities", ["MOVE", "UIDPLUS"])
def test_the_folder_for_fetched_mail_is_made_and_without_it_nothing_comes_twice(
    imap: Callable[..., ImapServer], capabilities: str
) -> None:
    server = imap(capabilities, IMAP_DONE_FOLDER="Read")
    server.put(MAIL)
    assert polling.poll(soon()) == 1
    assert (server.folders["INBOX"], len(server.folders["Read"])) == ([], 1)
    del server.folders["Read"]
    server.refuse.add("CREATE")
    server.put(MAIL)
    server.put(MAIL)
    assert (polling.poll(soon()), polling.poll(soon())) == (2, 0)
    assert [mail.flags for mail in server.folders["INBOX"]] == [{"\\Seen"}] * 2


def test_what_cannot_be_kept_stays_unseen(imap: Callable[..., ImapServer], monkeypatch: pytest.MonkeyPatch) -> None:
    server = imap()
    server.put(MAIL)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        jobs.poll_imap()
    assert (kept(), server.folders["INBOX"][0].flags) == ([], set())
    jobs.poll_imap()
    assert len(kept()) == 1


def test_a_mail_whose_mark_was_lost_is_a_repetition(imap: Callable[..., ImapServer]) -> None:
    server = imap()
    server.put(MAIL)
    server.refuse.add("UID STORE")
    jobs.poll_imap()
    server.refuse.clear()
    jobs.poll_imap()
    assert len(kept()) == 2
    jobs.route()
    found = db.session.scalars(sa.select(InboundMail.problem).order_by(InboundMail.id)).all()
    assert found == ["", "repeated"]


def test_too_big_a_mail_is_left_there(imap: Callable[..., ImapServer]) -> None:
    server = imap(INBOUND_SIZE="100")
    server.put(MAIL + b"x" * 200)
    assert polling.poll(soon()) == 0
    assert server.folders["INBOX"][0].flags == {"\\Seen"}


def test_a_mailbox_that_is_away_or_elsewhere_in_the_clear(imap: Callable[..., ImapServer]) -> None:
    server = imap()
    server.refuse.add("SELECT")
    with pytest.raises(polling.PollFailed):
        polling.poll(soon())
    imap(IMAP_HOST="mail.example.jp")
    with pytest.raises(polling.PollFailed, match="IMAP_TLS"):
        polling.poll(soon())
    imap(IMAP_PORT="1")
    jobs.poll_imap()  # says so in the log, and comes again in a minute
    imap(IMAP_HOST="")
    jobs.poll_imap()


def test_replay_by_command(app: Flask, rung: list[tuple[Any, ...]]) -> None:
    for name in ("support", "abuse", "postmaster"):
        receiving.receive(MAIL, [f"{name}@mail.wem.example"], "", {})
    jobs.route()
    rung.clear()

    def states() -> list[InboundState]:
        db.session.rollback()
        return list(db.session.scalars(sa.select(InboundMail.state).order_by(InboundMail.id)))

    before = states()
    assert before == [InboundState.kept, InboundState.unrecognised, InboundState.unrecognised]
    said = app.test_cli_runner().invoke(replay_inbound, ["--dry-run"])
    assert ("3 mails" in said.output, states()) == (True, before)
    said = app.test_cli_runner().invoke(
        replay_inbound, ["--route", "other", "--state", "unrecognised", "--number", "2"]
    )
    assert said.output == "1 mails are routed anew\n"
    assert states() == [InboundState.kept, InboundState.waiting, InboundState.unrecognised]
    assert rung == [(queue.INBOUND, "wem.inbound.jobs.route")]
    jobs.route()
    assert states() == before  # as repetitions they would be ignored; the first of them is the one that is seen
    assert db.session.scalars(replaying.chosen(FOR_STAFF, Route.help_desk, None)).one().route is Route.help_desk
