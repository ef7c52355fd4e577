"""Mail servers to send to: Postfix's smtp-sink, which only counts, and our own, which notes and errs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.delivering.databases import NotHere

SINK = Path(__file__).with_name("sink.py")
SECONDS = 20


def tool(name: str) -> str:
    """Return the path of one of Postfix's test programs; raises NotHere."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotHere(f"{name} is missing. Type: sudo apt-get install postfix")
    return found


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Return when somebody listens on the port."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class SmtpSink:
    """smtp-sink with its running counters; the last one stands in a file."""

    def __init__(self, folder: Path) -> None:
        program, self.port = tool("smtp-sink"), free_port()
        self.counters = folder / f"smtp-sink-{self.port}"
        with self.counters.open("wb") as output:
            self.process = subprocess.Popen(
                [program, "-c", "-m", "2000", *_as_somebody(), f"127.0.0.1:{self.port}", "1024"],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_for(self.port)

    @property
    def messages(self) -> int:
        """Return how many final dots it has taken."""
        with self.counters.open("rb") as file:
            file.seek(max(0, self.counters.stat().st_size - 200))
            found = re.findall(rb"mesg=(\d+)", file.read())
        return int(found[-1]) if found else 0

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def _as_somebody() -> list[str]:
    return ["-u", "nobody"] if os.geteuid() == 0 else []


@dataclass(frozen=True)
class Taken:
    """One line of the log of our own sink."""

    at: float
    recipient: str
    message_id: str
    octets: int
    what: str

    @property
    def arrived(self) -> bool:
        return self.what in ("250", "dropped")


class OwnSink:
    """Our own sink as a process that may be killed and begun again on the same port, with the same log."""

    def __init__(self, folder: Path, **behaviour: float | bool | str) -> None:
        self.port = free_port()
        self.log = folder / f"sink-{self.port}.log"
        self.log.touch()
        self.behaviour = behaviour
        self.start()

    def start(self) -> None:
        options = [
            f"--{name.replace('_', '-')}={value}" for name, value in self.behaviour.items() if value is not False
        ]
        options = [option.removesuffix("=True") for option in options]
        self.process = subprocess.Popen(
            [sys.executable, str(SINK), str(self.log), str(self.port), *options],
            stdout=subprocess.PIPE,
            # Whatever is done to our clock, the sink's is the right one.
            env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("the sink does not start")

    def behave(self, **behaviour: float | bool | str) -> None:
        """Begin again with another behaviour."""
        self.stop()
        self.behaviour = behaviour
        self.start()

    def lines(self) -> list[Taken]:
        taken = []
        for line in self.log.read_text().splitlines():
            at, recipient, message_id, octets, what = line.split("\t")
            taken.append(Taken(float(at), recipient, message_id, int(octets), what))
        return taken

    @property
    def messages(self) -> int:
        return sum(line.arrived for line in self.lines())

    def copies(self) -> Counter[str]:
        """Return how often each recipient got a mail."""
        return Counter(line.recipient for line in self.lines() if line.arrived)

    def clear(self) -> None:
        self.log.write_bytes(b"")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
