"""The door on the wire: what it takes, what it refuses, and that 250 means kept."""

from __future__ import annotations

import errno
import os
import smtplib
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.inbound.conftest import MAIL, RunningDoor, files, verp
from wem import storage
from wem.db import db
from wem.inbound.keeping import raw_of
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState, Route, Way
from wem.settings import settings

pytestmark = pytest.mark.both_databases


def rows() -> list[InboundMail]:
    """Return what is kept, and leave the write lock to the door."""
    found = list(db.session.scalars(sa.select(InboundMail).order_by(InboundMail.id)))
    db.session.expunge_all()
    db.session.rollback()
    return found


def conversation(port: int, said: bytes) -> list[str]:
    """Say everything at once (PIPELINING) and return the lines of all answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(said)
        with line.makefile("rb") as answers:
            return [answer.decode().rstrip() for answer in answers]


def script(*commands: str, greeting: str = "LHLO x") -> bytes:
    return "".join(f"{command}\r\n" for command in (greeting, *commands)).encode()


def test_a_mail_by_smtp_is_a_file_and_a_row(door: RunningDoor) -> None:
    with smtplib.SMTP("127.0.0.1", door.smtp) as line:
        line.ehlo()
        assert {"pipelining", "8bitmime", "smtputf8", "enhancedstatuscodes"} <= set(line.esmtp_features)
        assert line.esmtp_features["size"] == settings().INBOUND_SIZE
        line.sendmail("", [verp().upper()], MAIL)
    [row] = rows()
    assert (row.way, row.route, row.state) == (Way.smtp, Route.bounce, InboundState.waiting)
    assert (row.sender, row.recipient, row.size) == ("", verp(), len(MAIL))
    assert raw_of(row) == MAIL
    assert len(files()) == 1


def test_lmtp_answers_for_each_recipient_and_keeps_one_file(door: RunningDoor) -> None:
    world_slug = db.session.scalar(sa.text("select slug from customer order by id limit 1"))
    db.session.rollback()
    domain = settings().SERVICE_DOMAIN
    said = script(
        "MAIL FROM:<a..b.@docomo.ne.jp>", f"RCPT TO:<{verp()}>", f"RCPT TO:<nobody@{domain}>",
        f"RCPT TO:<{world_slug}@{domain}>", "RCPT TO:<someone@elsewhere.example>", "DATA",
    ) + MAIL + b".\r\nQUIT\r\n"  # fmt: skip
    codes = [line for line in conversation(door.lmtp, said) if not line.startswith("250-")]
    assert [code[:3] for code in codes] == ["220", "250", "250", "250", "550", "250", "550", "354", "250", "250", "221"]
    assert "550 5.1.1" in codes[4]
    assert [(row.sender, row.route) for row in rows()] == [
        ("a..b.@docomo.ne.jp", Route.bounce),
        ("a..b.@docomo.ne.jp", Route.other),
    ]
    assert len(files()) == 1


def test_lmtp_and_smtp_have_their_own_greeting(door: RunningDoor) -> None:
    assert conversation(door.lmtp, script("QUIT", greeting="EHLO x"))[1][:3] == "500"
    assert conversation(door.smtp, script("QUIT", greeting="LHLO x"))[1][:3] == "500"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"a\r\n..b\r\n...\r\n.\r\n", b"a\r\n.b\r\n..\r\n"),
        (b"\r\r\n.\r\n", b"\r\r\n"),
        # No line end of SMTP, so no end of the mail: what follows is no command (CVE-2023-51764 and its like).
        (b"a\n.\nMAIL FROM:<x@y>\r\n.\r\n", b"a\n.\nMAIL FROM:<x@y>\r\n"),
        (b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n"),
        (b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n"),
        (b"\xff\x00" * 40_000 + b"\r\n.\r\n", b"\xff\x00" * 40_000 + b"\r\n"),
    ],
)
def test_the_text_is_kept_byte_for_byte(door: RunningDoor, sent: bytes, kept: bytes) -> None:
    commands = script("MAIL FROM:<>", f"RCPT TO:<{verp()}>", "DATA")
    answers = conversation(door.lmtp, commands + sent + b"QUIT\r\n")
    assert [line[:3] for line in answers[-2:]] == ["250", "221"]
    [row] = rows()
    assert raw_of(row) == kept


def test_too_big_is_refused_and_the_line_goes_on(door: RunningDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.listeners, "loaded", _with(door, INBOUND_SIZE="1000"))
    big, small = b"x" * 5000 + b"\r\n", b"x" * 500 + b"\r\n"
    start = script("MAIL FROM:<>", f"RCPT TO:<{verp()}>", "DATA")
    again = f"MAIL FROM:<>\r\nRCPT TO:<{verp()}>\r\nDATA\r\n".encode()
    answers = conversation(door.lmtp, start + big + b".\r\n" + again + small + b".\r\nQUIT\r\n")
    assert [line[:9] for line in answers if line[:3] in ("552", "221")] == ["552 5.3.4", "221 Bye"]
    assert [row.size for row in rows()] == [502]
    announced = conversation(door.lmtp, script("MAIL FROM:<> SIZE=1001", "QUIT"))
    assert announced[-2].startswith("552")


def _with(door: RunningDoor, **changed: str) -> Any:
    return replace(door.listeners.loaded, **changed)


def test_more_connections_than_allowed_are_sent_away(door: RunningDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.listeners, "loaded", _with(door, INBOUND_CONNECTIONS="1"))
    with smtplib.SMTP("127.0.0.1", door.smtp) as first:
        first.ehlo()
        assert conversation(door.smtp, b"")[0].startswith("421 4.3.2")
        first.sendmail("", [verp()], MAIL)
    assert len(rows()) == 1


def test_whoever_errs_too_often_is_sent_away(door: RunningDoor) -> None:
    guesses = [f"RCPT TO:<guess{number}@{settings().SERVICE_DOMAIN}>" for number in range(200)]
    answers = conversation(door.lmtp, script("MAIL FROM:<a@b.example>", *guesses))
    assert answers[-1].startswith("421 4.7.0")
    assert sum(line.startswith("550") for line in answers) < 60


def test_too_many_recipients_and_hops(door: RunningDoor) -> None:
    many = [f"RCPT TO:<{verp(number)}>" for number in range(1, 103)]
    answers = conversation(door.lmtp, script("MAIL FROM:<>", *many, "RSET", "QUIT"))
    assert [line[:9] for line in answers if line[:3] == "452"] == ["452 4.5.3"] * 2
    circle = b"Received: by x.example\r\n" * 51 + MAIL
    start = script("MAIL FROM:<>", f"RCPT TO:<{verp()}>", "DATA")
    assert "554 5.4.6" in conversation(door.lmtp, start + circle + b".\r\nQUIT\r\n")[-2]
    assert rows() == [] and files() == []


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_452_and_leaves_nothing(door: RunningDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    start = script("MAIL FROM:<>", f"RCPT TO:<{verp()}>", "DATA") + MAIL + b".\r\nQUIT\r\n"
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _full)
        assert "452 4.3.1" in conversation(door.lmtp, start)[-2]
    assert rows() == [] and files() == []
    assert "250" in conversation(door.lmtp, start)[-2]


def test_no_database_is_451_and_a_name_cannot_be_told(door: RunningDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("connect", {}, Exception("gone"))

    name = f"RCPT TO:<anyone@{settings().SERVICE_DOMAIN}>"
    said = script("MAIL FROM:<>", name, f"RCPT TO:<{verp()}>", "DATA") + MAIL + b".\r\nQUIT\r\n"
    with monkeypatch.context() as broken:
        broken.setattr(sa.orm.Session, "execute", gone)
        broken.setattr(sa.orm.Session, "scalar", gone)
        answers = conversation(door.lmtp, said)
    codes = [line for line in answers if not line.startswith("250-")]
    assert codes[3].startswith("451 4.3.0") and codes[-2].startswith("451 4.3.0")
    assert rows() == [] and files() == []


def test_a_line_that_breaks_in_a_mail_keeps_nothing(door: RunningDoor) -> None:
    conversation_begun = script("MAIL FROM:<>", f"RCPT TO:<{verp()}>", "DATA") + MAIL
    with socket.create_connection(("127.0.0.1", door.lmtp), timeout=20) as line:
        line.sendall(conversation_begun)
    with smtplib.LMTP("127.0.0.1", door.lmtp) as next_one:
        next_one.sendmail("", [verp(2)], MAIL)
    assert [row.recipient for row in rows()] == [verp(2)]


def test_what_is_said_reaches_the_disk_with_its_name(
    door: RunningDoor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    synced: list[str] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    conversation(door.lmtp, script("MAIL FROM:<>", f"RCPT TO:<{verp()}>", "DATA") + MAIL + b".\r\nQUIT\r\n")
    [row] = rows()
    assert row.raw_key
    path = storage.path_of(row.raw_key)
    assert str(path) in synced and str(path.parent) in synced[synced.index(str(path)) :]
