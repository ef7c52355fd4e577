"""One open line to a mail server: what was written, which replies are owed, and whether the line still lives."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from wem.delivery.smtp_commands import Offers
from wem.delivery.smtp_replies import Garbage, Replies, Reply


class Lost(Exception):
    """The line is gone, or who speaks at its other end speaks no SMTP."""


class Session(asyncio.Protocol):
    """A protocol without a timer per reply: `check` is called a few times a second and ends what waits too long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.offers = Offers()
        # Mails whose answer came over this line.
        self.mails = 0
        self.lost: str | None = None
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._read = Replies()
        self._replies: deque[Reply] = deque()
        # The greeting is owed from the beginning.
        self._owed = 1
        self._waiter: asyncio.Future[None] | None = None
        self._due = 0.0
        self._drain: asyncio.Future[None] | None = None

    @property
    def transport(self) -> asyncio.Transport:
        return self._transport  # type: ignore[no-any-return]

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            found = self._read.feed(data)
        except Garbage as error:
            self._replies.clear()
            self.fail(str(error))
            return
        if not found:
            return
        self._replies.extend(found)
        self._owed -= len(found)
        if self._owed < 0:
            if found[-1].code == 421:
                self.fail("closed by the server")
                return
            # Which of them belongs to what nobody can tell: none is taken for a yes.
            self._replies.clear()
            self.fail("a reply too many")
            return
        if self._waiter is not None:
            self._wake()

    def eof_received(self) -> bool:
        self.fail("closed by the server")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.fail(type(error).__name__ if error else "closed")

    def pause_writing(self) -> None:
        self._drain = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)
        self._drain = None

    def write(self, data: bytes, replies: int) -> None:
        """Write what is answered by so many replies; raises Lost, and then nothing has left."""
        if self.lost is not None or self._transport.is_closing():
            raise Lost(self.lost or "closed")
        self._owed += replies
        self._transport.write(data)

    async def drained(self) -> None:
        """Wait until what was written has gone to the network; raises Lost."""
        while self._drain is not None and self.lost is None:
            self._due = time.monotonic() + self.seconds
            await self._drain
        if self.lost is not None:
            raise Lost(self.lost)

    async def reply(self) -> Reply:
        """Return the next reply; raises Lost when none comes any more. What came before the end still counts."""
        if not self._replies:
            if self.lost is not None:
                raise Lost(self.lost)
            self._due = time.monotonic() + self.seconds
            self._waiter = self._loop.create_future()
            await self._waiter
            if not self._replies:
                raise Lost(self.lost or "closed")
        return self._replies.popleft()

    async def ask(self, command: str) -> Reply:
        """Write one command and return its reply; raises Lost."""
        self.write(command.encode() + b"\r\n", 1)
        return await self.reply()

    def check(self, now: float) -> None:
        """End the line when it has kept us waiting for too long; `now` is monotonic."""
        if (self._waiter is not None or self._drain is not None) and now >= self._due:
            self.fail("no reply in time")

    def encrypted(self, transport: asyncio.Transport) -> None:
        """Go on over TLS; raises Lost when something came before that could have been put there by another."""
        if self._replies or not self._read.empty:
            self.fail("spoke before the encryption")
            raise Lost(str(self.lost))
        self._transport = transport

    def fail(self, why: str) -> None:
        """Give the line up at once: nothing that was begun is completed by this."""
        if self.lost is None:
            self.lost = why
        if self._transport is not None:
            self._transport.abort()
        self.resume_writing()
        self._wake()

    async def quit(self) -> None:
        """Say goodbye and wait a moment for the answer."""
        try:
            async with asyncio.timeout(1):
                await self.ask("QUIT")
        except (Lost, TimeoutError):
            pass
        self.fail("said goodbye")

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
