"""What could not be run, and why; `WEM_DEMAND=browser,postgres` makes that a failure. Also keeps the network closed.

A pytest plugin (`-p tests.not_run`). `@pytest.mark.browser` needs Chromium, `@pytest.mark.postgres` the embedded
PostgreSQL, `@pytest.mark.postfix` Debian's Postfix and root; where one is missing its tests are skipped and named after
the summary.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import postgres

PREFIX = "not run: "


def chromium() -> str:
    """Return the path of Chromium; empty when there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


def missing_browser() -> str:
    """Return why browser tests cannot run; empty when they can."""
    return "" if chromium() else "no Chromium; type: sudo apt-get install chromium"


def missing_postfix() -> str:
    """Return why no Postfix can be started; empty when it can."""
    if not shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"):
        return "no Postfix; type: sudo apt-get install postfix"
    return "" if os.geteuid() == 0 else "Postfix starts for root only"


NEEDS: dict[str, tuple[str, Callable[[], str]]] = {
    "browser": ("browser tests", missing_browser),
    "postgres": ("PostgreSQL tests", postgres.missing),
    "postfix": ("Postfix tests", missing_postfix),
}
NEEDED_BY = {"chrome": "browser", "postgres_url": "postgres"}  # fixtures that bring their mark with them


def demanded(environ: os._Environ[str] | dict[str, str] = os.environ) -> set[str]:
    """Return the needs whose absence is a failure."""
    return {name.strip() for name in environ.get("WEM_DEMAND", "").split(",") if name.strip()}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unknown = demanded() - set(NEEDS)
    if unknown:
        raise pytest.UsageError(f"WEM_DEMAND names {', '.join(sorted(unknown))}; possible: {', '.join(NEEDS)}")
    reasons = {name: why() for name, (_, why) in NEEDS.items()}
    for item in items:
        for fixture, name in NEEDED_BY.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(name)
        for name, reason in reasons.items():
            if reason and name not in demanded() and item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"{PREFIX}{NEEDS[name][0]} ({reason})"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name, (what, why) in NEEDS.items():
        if item.get_closest_marker(name) and name in demanded() and (reason := why()):
            pytest.fail(f"{what} are demanded but cannot run ({reason})", pytrace=False)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", ()):
        _, _, reason = report.longrepr
        if PREFIX in reason:
            line = reason[reason.index(PREFIX) :]
            counts[line] = counts.get(line, 0) + 1
    for line, count in counts.items():
        terminalreporter.write_line(f"{line}: {count} tests", yellow=True)


class NetworkClosed(RuntimeError):
    """A test tried to reach beyond this machine."""


def check_address(family: int, address: Any) -> None:
    """Raise NetworkClosed unless the address is a Unix socket or on the loopback interface."""
    if family == socket.AF_UNIX:
        return
    if family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0]).partition("%")[0]
        if host in ("localhost", "") or _loopback(host):
            return
    raise NetworkClosed(f"tests reach nothing beyond this machine, but {address!r} was asked for")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """Let sockets connect to this machine only, names resolve only when they are its own."""
    kept = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
    resolve = socket.getaddrinfo

    def guarded(name: str) -> Callable[..., Any]:
        def call(self: socket.socket, *arguments: Any) -> Any:
            check_address(self.family, arguments[-1])
            return kept[name](self, *arguments)

        return call

    def resolve_ours(host: Any, *arguments: Any, **named: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        if text not in (None, "", "localhost", socket.gethostname()) and not _literal(text):
            raise NetworkClosed(f"tests resolve no names, but {text!r} was asked for")
        return resolve(host, *arguments, **named)

    for name in kept:
        setattr(socket.socket, name, guarded(name))
    socket.getaddrinfo = resolve_ours
    yield
    socket.getaddrinfo = resolve
    for name, original in kept.items():
        setattr(socket.socket, name, original)


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
