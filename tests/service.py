"""The whole product running for a test: all processes on free ports, state in a folder of the test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from tests import factories
from wem import create_app
from wem.accounts.models import Account
from wem.db import db
from wem.mailbox.client import MailboxClient
from wem.running import ports
from wem.running.browsing import Browser, Page
from wem.running.starting import STARTED
from wem.settings import ROOT, Settings, load


@dataclass
class Service:
    """A running WeM. `app` reaches the same database from inside the test."""

    settings: Settings
    mailbox: MailboxClient
    app: Flask
    process: subprocess.Popen[bytes]

    @property
    def portal(self) -> str:
        return self.settings.PORTAL_URL

    @property
    def public(self) -> str:
        return self.settings.PUBLIC_URL

    def ask(self, question: Callable[[], Any]) -> Any:
        """Return what the question answers, asked of the database in a transaction of its own."""
        with self.app.app_context():
            try:
                return question()
            finally:
                db.session.rollback()

    def wait(self, what: str, condition: Callable[[], Any], seconds: float = 300) -> Any:
        """Return the first true answer; fails after `seconds` with what was waited for."""
        deadline, pause = time.monotonic() + seconds, 0.05
        while not (answer := self.ask(condition)):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s in vain for: {what}\n{self.log()}")
            time.sleep(pause)
            pause = min(pause * 1.2, 0.25)  # who asks all the time takes the processor from what is waited for
        return answer

    def sign_in(self, account: Account | str) -> Browser:
        """Return a browser in which this person has typed address and password."""
        email = account if isinstance(account, str) else account.email
        browser = Browser()
        form = browser.get(f"{self.portal}/login").form("email", "password")
        form.fill("email", email)
        form.fill("password", factories.PASSWORD)
        browser.submit(form)
        return browser

    def kill(self, name: str) -> int:
        """SIGKILL a process of the supervisor and all that it started; returns its process id."""
        pid = int((self.settings.var / "run" / f"{name}.pid").read_text())
        os.killpg(os.getpgid(pid), signal.SIGKILL)
        return pid

    def log(self, lines: int = 40) -> str:
        file = self.settings.var / "log" / "wem.log"
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.exists() else ""


@contextmanager
def running_service(folder: Path, **changed: str) -> Iterator[Service]:
    """Start WeM as bin/run does, with an empty database but for the demo; stop it in the end."""
    kept = {n: v for n, v in os.environ.items() if n not in ("DATABASE_URL", "REDIS_URL", "PORT", "WEM_ENV")}
    environ = kept | ports.any_free() | {"VAR_DIR": str(folder), "WEM_ENV": "development", **changed}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "wem.running"], cwd=ROOT, env=environ, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 300
        while not (folder / "run" / STARTED).exists():
            assert process.poll() is None and time.monotonic() < deadline, (folder / "output").read_text()
            time.sleep(0.05)
        settings = load(environ)
        yield Service(settings, MailboxClient(settings.MAILBOX_URL), create_app(settings), process)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


__all__ = ["Browser", "Page", "Service", "running_service"]
