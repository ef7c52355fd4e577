"""The ports that `bin/run` needs, where they come from, and whether they are free."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from wem.settings import Settings


@dataclass(frozen=True)
class Port:
    """A port on the loopback address, with the setting that it comes from."""

    use: str
    number: int
    setting: str


def needed(settings: Settings) -> list[Port]:
    """Return the ports that we shall listen on: the web servers', the door's and, outside production, the mailbox's."""
    found = [
        Port("portal", _of(settings.PORTAL_URL), "PORTAL_URL"),
        Port("public", _of(settings.PUBLIC_URL), "PUBLIC_URL"),
    ]
    if has_mailbox(settings):
        found.append(Port("mailbox", _of(settings.MAILBOX_URL), "MAILBOX_URL"))
        found.append(Port("mailbox-smtp", int(settings.SMTP_PORT), "SMTP_PORT"))
    for use, setting in (("door-smtp", "INBOUND_SMTP_PORT"), ("door-lmtp", "INBOUND_LMTP_PORT")):
        if number := int(getattr(settings, setting)):
            found.append(Port(use, number, setting))
    return found


def has_mailbox(settings: Settings) -> bool:
    """Say whether the built-in mailbox runs: never in production, and only where our mail goes to this machine."""
    return bool(settings.MAILBOX_URL) and not settings.production and settings.SMTP_HOST in ("127.0.0.1", "localhost")


def beginning_at(first: int) -> dict[str, str]:
    """Return the settings that move all ports: portal at `first`, public one above, mailbox and door from 25 above.

    Raises ValueError when they do not fit.
    """
    if not 1 <= first <= 65535 - 28:
        raise ValueError(f"port {first} is not possible: choose one from 1024 to {65535 - 28}")
    return settings_for(first, first + 1, first + 25, first + 26, first + 27, first + 28)


def any_free() -> dict[str, str]:
    """Return the settings for six ports that nobody uses at this moment."""
    kept = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
    numbers = [one.getsockname()[1] for one in kept]
    for one in kept:
        one.close()
    return settings_for(*numbers)


def settings_for(portal: int, public: int, mailbox: int, smtp: int, door_smtp: int, door_lmtp: int) -> dict[str, str]:
    """Return the environment that puts the six listeners on these ports."""
    return {
        "PORTAL_URL": f"http://localhost:{portal}",
        "PUBLIC_URL": f"http://localhost:{public}",
        "MAILBOX_URL": f"http://localhost:{mailbox}",
        "SMTP_PORT": str(smtp),
        "INBOUND_SMTP_PORT": str(door_smtp),
        "INBOUND_LMTP_PORT": str(door_lmtp),
    }


def complaint(ports: Iterable[Port]) -> str:
    """Return one line about the first port that we cannot have, saying what to change; empty when all are free."""
    for port in ports:
        try:
            # Reuse: a port whose last connections are only fading is free for us.
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(("127.0.0.1", port.number))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            return (
                f"Port {port.number} ({port.use}) {why}. "
                f"Stop what uses it, or type: bin/run --port 9000 (or set {port.setting})."
            )
    return ""


def _of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
