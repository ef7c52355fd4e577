"""The SMTP side: takes every mail on loopback, answers only when it is committed, misbehaves where it was told to."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from typing import Any

from aiosmtpd.smtp import MISSING, SMTP, Envelope, Session

from wem.clock import now
from wem.mail_reading import glance
from wem.mailbox.passing import Door, Refused
from wem.mailbox.rules import Behaviours, Reaction
from wem.mailbox.storing import Received, Store

SIZE_LIMIT = 30 * 1024 * 1024  # bytes
LONGEST_LINE = 998  # RFC 5321 section 4.5.3.1.6, without the line end
IDLE_SECONDS = 900.0
PATH = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^<>"\s@]+)@[^<>\s@]+|)>[ \t]*(.*)', re.DOTALL)

log = logging.getLogger("wem.mailbox")


class Receiver(SMTP):
    """One connection. Differs from aiosmtpd's in reading the data at once instead of line by line, in taking
    addresses as they stand on the wire (`a..b@docomo.ne.jp` too), and in the behaviours."""

    line_length_limit = SIZE_LIMIT + LONGEST_LINE  # the stream reader's limit: how much may wait for the final dot

    def __init__(
        self, store: Store, behaviours: Behaviours, loop: asyncio.AbstractEventLoop, door: Door = Door()
    ) -> None:
        self.store = store
        self.door = door
        self.behaviours = behaviours
        super().__init__(
            Handler(),
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="mailbox.localhost",
            ident="WeM built-in mailbox",
            timeout=IDLE_SECONDS,
            loop=loop,
        )

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        if path := PATH.fullmatch(arg.strip()):
            return path[1] or "<>", path[2]
        return None, None

    async def smtp_DATA(self, arg: str) -> None:
        envelope = self.envelope
        assert envelope is not None
        if arg:
            await self.push("501 Syntax: DATA")
            return
        if not envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if reply := await self.follow(self.behaviours.react("data", envelope.rcpt_tos)):
            self._set_post_data_state()
            await self.answer(reply)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        raw = await self.read_data()
        reply = "552 5.3.4 message too big" if raw is None else await self.take(envelope, raw)
        self._set_post_data_state()
        await self.answer(reply)

    async def read_data(self) -> bytes | None:
        """Return what was sent up to the final dot, dots unstuffed; None when it was too big."""
        start = bytearray()
        while True:  # the final dot may follow at once, or after empty lines: then no CRLF is left before it
            byte = await self._reader.readexactly(1)
            if byte == b"\r":
                start += byte + await self._reader.readexactly(1)
                continue
            start += byte
            if byte == b".":
                following = await self._reader.readexactly(1)
                if following == b"\r":
                    await self._reader.readexactly(1)
                    return bytes(start[:-1])
                start += following
            break
        too_big = False
        while True:
            try:
                rest = await self._reader.readuntil(b"\r\n.\r\n")
                break
            except asyncio.LimitOverrunError as error:
                too_big = True
                await self._reader.read(error.consumed)
        if too_big or len(start) + len(rest) > SIZE_LIMIT:
            return None
        return (b"\r\n" + start + rest[:-3]).replace(b"\r\n.", b"\r\n")[2:]

    async def take(self, envelope: Envelope, raw: bytes) -> str:
        """Keep the mail unless a behaviour refuses it; return the answer."""
        if max(map(len, raw.split(b"\r\n"))) > LONGEST_LINE:
            return "500 5.6.0 line too long (RFC 5321 section 4.5.3.1.6)"
        reaction = self.behaviours.react("after_data", envelope.rcpt_tos)
        answer = None
        if reaction.reply is None or reaction.reply.startswith("2"):
            answer = await self.keep(envelope, raw)
        # Kept before the waiting and the dropping: that is the case in which the sender cannot know.
        return await self.follow(reaction) or answer or ""

    async def keep(self, envelope: Envelope, raw: bytes) -> str:
        if refused := await self.pass_on(envelope, raw):
            return refused
        headers = glance(raw)
        mail = Received(
            received_at=now().isoformat(timespec="milliseconds"),
            sender="" if envelope.mail_from == "<>" else _text(envelope.mail_from or ""),
            recipients=[_text(recipient) for recipient in envelope.rcpt_tos],
            subject=_text(headers.get("subject", "")),
            from_header=_text(headers.get("from", "")),
            to_header=_text(headers.get("to", "")),
            message_id=_text(headers.get("message-id", "")),
            raw=raw,
        )
        try:
            ids = await asyncio.wrap_future(self.store.keep(mail))
        except sqlite3.Error:
            log.exception("a mail could not be kept")
            return "452 4.3.1 the mailbox could not keep this mail"
        return f"250 2.0.0 kept as {', '.join(map(str, ids))}"

    async def pass_on(self, envelope: Envelope, raw: bytes) -> str:
        """Hand what is for WeM itself to its door; return the answer when that refuses."""
        ours = [_text(recipient) for recipient in envelope.rcpt_tos if self.door.takes(_text(recipient))]
        if not ours:
            return ""
        sender = "" if envelope.mail_from == "<>" else _text(envelope.mail_from or "")
        try:
            await asyncio.get_running_loop().run_in_executor(None, self.door.hand_over, sender, ours, raw)
        except Refused as refused:
            return str(refused)
        return ""

    async def follow(self, reaction: Reaction) -> str | None:
        """Wait or drop the line as the behaviour says; return its reply, if it has one."""
        if reaction.seconds:
            await asyncio.sleep(reaction.seconds)
        if reaction.drop:
            self.drop()
            await asyncio.sleep(0)  # ends this task, like after QUIT
        return reaction.reply

    async def answer(self, reply: str) -> None:
        await self.push(reply)
        if reply.startswith("421"):  # RFC 5321 section 3.8: who says 421 closes
            self.drop()
            await asyncio.sleep(0)

    def drop(self) -> None:
        assert self._handler_coroutine is not None and self.transport is not None
        self._handler_coroutine.cancel()
        self.transport.close()


class Handler:
    """What aiosmtpd asks per command."""

    async def handle_EHLO(
        self, server: Receiver, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(
        self, server: Receiver, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> Any:
        if "@" not in address:
            return "553 5.1.3 the address has no domain"
        reply = await server.follow(server.behaviours.react("rcpt", [address]))
        if reply is None:
            return MISSING
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        elif reply.startswith("421"):
            await server.answer(reply)
        return reply

    async def handle_exception(self, error: Exception) -> str:
        log.error("SMTP session failed", exc_info=error)
        return "451 4.3.0 the mailbox made a mistake"


def _text(value: str) -> str:
    """Without the lone surrogates that stand for bytes which were not UTF-8: SQLite refuses them."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def listen(store: Store, behaviours: Behaviours, port: int, door: Door = Door()) -> tuple[asyncio.Server, int]:
    """Open the SMTP door on loopback only; return it and its port (0 takes a free one)."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(store, behaviours, loop, door), "127.0.0.1", port, backlog=512)
    return server, int(server.sockets[0].getsockname()[1])
