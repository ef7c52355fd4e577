"""The ports: where they come from, and the one line when one is taken."""

from __future__ import annotations

import socket

import pytest

from wem.running import ports
from wem.settings import Settings


def test_six_listeners_named_by_their_settings() -> None:
    assert [(port.use, port.number, port.setting) for port in ports.needed(Settings())] == [
        ("portal", 8000, "PORTAL_URL"),
        ("public", 8001, "PUBLIC_URL"),
        ("mailbox", 8025, "MAILBOX_URL"),
        ("mailbox-smtp", 2525, "SMTP_PORT"),
        ("door-smtp", 2527, "INBOUND_SMTP_PORT"),
        ("door-lmtp", 2528, "INBOUND_LMTP_PORT"),
    ]


@pytest.mark.parametrize(
    "settings",
    [
        Settings(WEM_ENV="production"),
        Settings(MAILBOX_URL=""),
        Settings(SMTP_HOST="mail.example.jp"),
    ],
    ids=["production", "no mailbox", "mail goes elsewhere"],
)
def test_no_mailbox(settings: Settings) -> None:
    assert [port.use for port in ports.needed(settings)] == ["portal", "public", "door-smtp", "door-lmtp"]


def test_one_number_moves_all() -> None:
    moved = Settings(**ports.beginning_at(9000))
    assert [port.number for port in ports.needed(moved)] == [9000, 9001, 9025, 9026, 9027, 9028]


@pytest.mark.parametrize("first", [0, -1, 65530, 100_000])
def test_a_number_that_does_not_fit(first: int) -> None:
    with pytest.raises(ValueError, match="choose one from"):
        ports.beginning_at(first)


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        number = holder.getsockname()[1]
        said = ports.complaint([ports.Port("public", number, "PUBLIC_URL")])
    assert said == (
        f"Port {number} (public) is in use. Stop what uses it, or type: bin/run --port 9000 (or set PUBLIC_URL)."
    )
    assert ports.complaint([ports.Port("public", number, "PUBLIC_URL")]) == ""


def test_free_ports_are_free() -> None:
    found = ports.needed(Settings(**ports.any_free()))
    assert len({port.number for port in found}) == 6
    assert ports.complaint(found) == ""
