"""Providers by MX, asked of a name server of the test's own."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import sqlalchemy as sa
from flask import Flask

from tests import factories
from wem import clock
from wem.db import db
from wem.delivery import providers
from wem.delivery.pace_models import MailDomain

pytestmark = pytest.mark.both_databases

MX = {
    "kaisha.example.jp.": ["1 aspmx.l.google.com.", "5 mx.backup.example."],
    "gakko.example.jp.": ["0 gakko-example-jp.mail.protection.outlook.com."],
    "mise.example.jp.": ["10 mail.mise.example.jp."],
    "nomail.example.jp.": ["0 ."],
    "xn--wgv71a.example.jp.": ["1 aspmx.l.google.com."],
    "empty.example.jp.": [],
}


class NameServer:
    """Answers MX from the table; NXDOMAIN for the rest, SERVFAIL for `broken…`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            wire, peer = self._socket.recvfrom(2000)
            if wire == b"end":
                return
            question = dns.message.from_wire(wire)
            name = question.question[0].name.to_text().lower()
            self.asked.append(name)
            answer = dns.message.make_response(question)
            if name.startswith("broken"):
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif name not in MX:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif MX[name]:
                answer.answer.append(dns.rrset.from_text(name, 86400, "IN", "MX", *MX[name]))
            self._socket.sendto(answer.to_wire(), peer)

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()


@pytest.fixture
def name_server(app: Flask) -> Iterator[NameServer]:
    server = NameServer()
    before = app.config["WEM"]
    app.config["WEM"] = dataclasses.replace(before, DNS_SERVERS=f"127.0.0.1:{server.port}")
    yield server
    app.config["WEM"] = before
    server.stop()


def note(*domains: str, **values: object) -> None:
    at = clock.now()
    for domain in domains:
        db.session.add(MailDomain(**({"domain": domain, "due_at": at, "wanted_at": at} | values)))
    db.session.commit()


def look_up() -> dict[str, MailDomain]:
    assert not providers.look_up_until(time.monotonic() + 60)
    return {row.domain: row for row in db.session.scalars(sa.select(MailDomain))}


def test_mx_records_tell_the_provider(name_server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "PORTION", 2)
    note(*(name.rstrip(".") for name in MX if not name.startswith("xn--")), "日本.example.jp", "gone.example.jp")
    found = look_up()
    assert {domain: row.provider for domain, row in found.items()} == {
        "kaisha.example.jp": "gmail",
        "gakko.example.jp": "microsoft",
        "mise.example.jp": "other",
        "nomail.example.jp": "other",
        "empty.example.jp": "other",
        "gone.example.jp": "other",
        "日本.example.jp": "gmail",
    }
    assert all(row.due_at > clock.now() + timedelta(hours=5) for row in found.values())
    assert found["kaisha.example.jp"].due_at > clock.now() + timedelta(hours=23)
    asked = len(name_server.asked)
    look_up()
    assert len(name_server.asked) == asked, "what is known is not asked again"


def test_what_was_known_stays_while_nobody_answers(name_server: NameServer) -> None:
    note("broken.example.jp", provider="gmail", failures=1)
    row = look_up()["broken.example.jp"]
    assert (row.provider, row.failures) == ("gmail", 2)
    assert clock.now() + timedelta(minutes=19) < row.due_at <= clock.now() + timedelta(minutes=20)


def test_a_domain_that_is_no_name_is_not_asked_for_ever(name_server: NameServer) -> None:
    note("a..b.example", "x" * 64 + ".example")
    assert all(row.failures == 1 for row in look_up().values())


def test_what_nobody_writes_to_is_forgotten(name_server: NameServer) -> None:
    note("kaisha.example.jp", wanted_at=clock.now() - timedelta(days=31))
    assert look_up() == {}
    assert name_server.asked == []


def test_what_an_audience_holds_stays_known(world: factories.World) -> None:
    old = clock.now() - timedelta(days=20)
    note("readers.example.com", wanted_at=old, due_at=clock.now() + timedelta(days=1), provider="gmail")
    providers.want_domains(world.ours.customer.id, 0, 10**9, clock.now())
    db.session.commit()
    row = db.session.scalars(sa.select(MailDomain).execution_options(populate_existing=True)).one()
    assert row.wanted_at > old
    assert (row.provider, row.due_at > clock.now()) == ("gmail", True)
