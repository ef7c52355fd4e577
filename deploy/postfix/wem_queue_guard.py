"""Keeps Postfix's queue shallow: lets WeM wait while the queue holds more than two minutes of mail.

A policy service that smtpd asks before each mail (`check_policy_service`, Postfix's SMTPD_POLICY_README). It counts the
files in incoming and active every half second and knows from that, and from how often it was asked, how many mails
leave. While more lies there than leaves in `--seconds`, but no less than `--least`, it does not answer, so that WeM's
connection waits; after `--patience` seconds it answers 421, and WeM takes its batch back and tries later. Deferred mail
is not counted: it waits for others, not for us. Needs Python alone; runs as the user postfix, who may read the queue.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from pathlib import Path

LOOK = 0.5
SMOOTH = 0.1  # how much one look says about the rate
REFUSAL = "421 4.3.2 The queue is deep, come back later"


class Queue:
    """The depth of the queue and the rate at which mail leaves it."""

    def __init__(self, folder: Path, least: int, seconds: float) -> None:
        self.folders = [folder / "incoming", folder / "active"]
        self.least = least
        self.seconds = seconds
        self.depth = self.count()
        self.deepest = self.depth
        self.leaving = 0.0
        self.arrived = 0

    @property
    def most(self) -> float:
        return max(self.least, self.leaving * self.seconds)

    @property
    def full(self) -> bool:
        # Those let in since the last look count already.
        return self.depth + self.arrived >= self.most

    def count(self) -> int:
        """Return how many mails wait to be sent; the folders may be hashed."""
        return sum(len(names) for folder in self.folders for _, _, names in os.walk(folder))

    async def watch(self) -> None:
        """Look again and again."""
        looked = time.monotonic()
        while True:
            await asyncio.sleep(LOOK)
            arrived, before = self.arrived, self.depth
            self.depth, self.arrived = self.count(), 0
            now = time.monotonic()
            gone = max(0, before + arrived - self.depth) / (now - looked)
            if before or arrived:  # an empty queue says nothing about how fast it could be
                self.leaving += SMOOTH * (gone - self.leaving)
            self.deepest = max(self.deepest, self.depth)
            looked = now


async def serve(queue: Queue, patience: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one smtpd for as long as it asks."""
    try:
        while line := await reader.readline():
            if line != b"\n":
                continue  # nothing of what it tells matters here
            deadline = time.monotonic() + patience
            while queue.full and time.monotonic() < deadline:
                await asyncio.sleep(LOOK / 5)
            action = REFUSAL if queue.full else "DUNNO"
            queue.arrived += not queue.full
            writer.write(f"action={action}\n\n".encode())
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue", type=Path, default=Path("/var/spool/postfix"))
    parser.add_argument("--listen", default="127.0.0.1:10026")
    parser.add_argument("--seconds", type=float, default=120, help="how much mail may lie there, in time to send it")
    parser.add_argument("--least", type=int, default=1000, help="so many mails may always lie there")
    parser.add_argument("--patience", type=float, default=20, help="seconds before it answers 421")
    given = parser.parse_args()
    queue = Queue(given.queue, given.least, given.seconds)
    host, _, port = given.listen.rpartition(":")
    server = await asyncio.start_server(lambda *ends: serve(queue, given.patience, *ends), host, int(port))
    async with server:
        await asyncio.gather(server.serve_forever(), queue.watch())


if __name__ == "__main__":
    asyncio.run(main())
