"""A mail server of the test's own that follows a script: what it offers, how it answers, when it goes silent."""

from __future__ import annotations

import asyncio
import contextvars
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OFFERS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10485760", "DSN", "ENHANCEDSTATUSCODES")
# What a script may say in place of an answer.
DROP = "drop"
SILENCE = "silence"


@dataclass
class Peer:
    """`script` gets each command (`.` is the end of a mail) and the recipient; what it returns is the answer.

    None stands for the usual answer; an empty text for none at all. It runs in the thread of the peer, in the context
    of the test, so that it may do what a second process would do.
    """

    offers: tuple[str, ...] = OFFERS
    script: Callable[[str, str], str | None] = lambda command, recipient: None
    greeting: str = "220 peer ready"
    certificate: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    # Whether DATA after a refused recipient gets 354, as RFC 2920 allows.
    hungry: bool = False
    port: int = 0
    # Everything that was said, and (recipient, data) of what was taken.
    said: list[str] = field(default_factory=list)
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    # Most commands that came in one piece.
    in_one_piece: int = 0

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.mails]


@contextmanager
def scripted_peer(peer: Peer) -> Iterator[Peer]:
    """Run the peer on loopback in a thread of its own."""
    context, ready, loop = contextvars.copy_context(), threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        nonlocal stop
        stop = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talks.add(task)
            try:
                await Talk(peer, reader, writer).go()
            except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                pass
            finally:
                talks.discard(task)
                writer.transport.abort()

        talks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        peer.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        for task in list(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    stop: asyncio.Event
    thread = threading.Thread(target=lambda: context.run(loop.run_until_complete, serve()))
    thread.start()
    ready.wait()
    try:
        yield peer
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


class Talk:
    """One connection to the peer."""

    def __init__(self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peer, self.reader, self.writer = peer, reader, writer
        self.recipient = ""
        self.heard = False
        peer.connections += 1

    async def go(self) -> None:
        self._say(self.peer.greeting)
        while line := await self.reader.readuntil(b"\r\n"):
            command = line.decode().rstrip("\r\n")
            waiting = self.reader._buffer.count(b"\r\n")  # type: ignore[attr-defined]
            self.peer.in_one_piece = max(self.peer.in_one_piece, waiting + 1)
            self.peer.said.append(command)
            if found := re.match(r"RCPT TO:<([^>]*)>", command, re.IGNORECASE):
                self.recipient = found[1]
            verb = command.split(" ")[0].upper()
            if not await self._answer(verb, self._usual(verb)):
                return
            if verb == "STARTTLS" and self.peer.certificate is not None:
                await self.writer.start_tls(self.peer.certificate)
            if verb == "AUTH" and not await self._log_in(command):
                return

    async def _answer(self, verb: str, usual: str) -> bool:
        answer = self.peer.script(verb, self.recipient)
        if answer == DROP:
            return False
        if answer == SILENCE:
            await asyncio.sleep(3600)
        answer = usual if answer is None else answer
        if verb == "RCPT":
            self.heard = answer.startswith("2")
        if verb == "DATA" and not self.heard and not self.peer.hungry:
            answer = "503 5.5.1 no recipient"
        if verb == "DATA" and answer.startswith("354"):
            self._say(answer)
            return await self._take()
        if answer:
            self._say(answer)
        return verb != "QUIT" and not answer.startswith("421")

    async def _take(self) -> bool:
        data = await self._data()
        if not self.heard:
            self.peer.said.append(f"nothing: {data!r}")
            self._say("554 5.5.1 no valid recipients")
            return True
        self.heard = False
        refused = self.peer.script(".", self.recipient)
        if refused is None or (refused[:1] not in ("4", "5") and refused != SILENCE):
            self.peer.mails.append((self.recipient, data))
        if refused == DROP:
            return False
        if refused == SILENCE:
            await asyncio.sleep(3600)
        self._say(refused or "250 2.0.0 taken")
        return not (refused or "").startswith("421")

    async def _data(self) -> bytes:
        lines = []
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def _log_in(self, command: str) -> bool:
        import base64

        assert self.peer.login is not None
        if command.startswith("AUTH PLAIN "):
            _, user, password = base64.b64decode(command[11:]).decode().split("\0")
        else:
            self._say("334 VXNlcm5hbWU6")
            user = base64.b64decode(await self.reader.readuntil(b"\r\n")).decode()
            self._say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self.reader.readuntil(b"\r\n")).decode()
        right = (user, password) == self.peer.login
        self._say("235 2.7.0 welcome" if right else "535 5.7.8 no")
        return True

    def _usual(self, verb: str) -> str:
        if verb == "EHLO":
            return "\r\n".join(f"250-{line}" for line in ("peer", *self.peer.offers)) + "\r\n250 HELP"
        usual = {"DATA": "354 go on", "STARTTLS": "220 go on", "QUIT": "221 bye", "AUTH": ""}
        return usual.get(verb, "250 2.1.0 ok")

    def _say(self, answer: str) -> None:
        self.writer.write(answer.encode() + b"\r\n")
