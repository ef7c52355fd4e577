"""Starts a mailbox as a process of its own, for tests and benchmarks."""

from __future__ import annotations

import re
import selectors
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from wem.mailbox.client import MailboxClient

ROOT = Path(__file__).resolve().parent.parent.parent
READY = re.compile(r"mailbox smtp=127\.0\.0\.1:(\d+) http=127\.0\.0\.1:(\d+)")


@dataclass
class RunningMailbox:
    """A mailbox that was started here. It also ends when this process does, however that happens."""

    process: subprocess.Popen[bytes]
    smtp_port: int
    http_port: int
    client: MailboxClient

    def stop(self) -> None:
        """End it; everything answered with 250 is kept in its folder."""
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def start_mailbox(
    folder: Path | str, smtp_port: int = 0, http_port: int = 0, timeout: float = 30, door_port: int = 0
) -> RunningMailbox:
    """Return a mailbox that listens, on free ports unless told, with its mails in `folder`.

    Raises RuntimeError with what it said (also in `folder`/mailbox.log) when it is not ready in `timeout` seconds.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    ports = ["--smtp-port", str(smtp_port), "--http-port", str(http_port), "--door-port", str(door_port)]
    command = [sys.executable, "-m", "wem.mailbox", *ports, "--folder", str(folder.resolve()), "--until-eof"]
    with open(folder / "mailbox.log", "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=ROOT)
    assert process.stdout is not None
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        said = process.stdout.readline().decode() if waiting.select(timeout) else ""
    ready = READY.match(said)
    if ready is None:
        process.kill()
        process.wait()
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()
        raise RuntimeError(f"the mailbox did not start: {said}{(folder / 'mailbox.log').read_text('utf-8', 'replace')}")
    client = MailboxClient(f"http://127.0.0.1:{ready[2]}")
    return RunningMailbox(process, int(ready[1]), int(ready[2]), client)
