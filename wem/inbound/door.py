"""The door: one connection of SMTP or LMTP. Takes mail for our addresses, says 250 when it is kept, nothing more."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiosmtpd.smtp import MISSING, SMTP, Session
from aiosmtpd.smtp import Envelope as Commands

from wem import clock
from wem.inbound.data_reading import read_data
from wem.inbound.envelopes import Envelope
from wem.inbound.keeping import Arriving
from wem.inbound.rules import MOST_HOPS, hops
from wem.inbound.states import Way

IDLE_SECONDS = 300.0  # RFC 5321 section 4.5.3.2.7 asks a server to wait at least five minutes
MOST_RECIPIENTS = 100  # RFC 5321 section 4.5.3.1.8
MOST_MAILS = 5000  # over one connection; a mail server opens another
MOST_REFUSALS = 50  # wrong commands and unknown recipients of one connection
# As addresses stand on the wire, those of old phones too (`a..b@docomo.ne.jp`); then parameters.
PATH = re.compile(
    r'<((?:"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"|[^<>"\s@\x00-\x1f]+)@[^<>\s@\x00-\x1f]+|)>[ \t]*(.*)', re.DOTALL
)
Keep = Callable[[Arriving], Awaitable[str]]
Knows = Callable[[str], Awaitable[bool | None]]


class Door(SMTP):
    """One connection. `knows` tells whether an address is ours (None: cannot be told now), `keep` keeps and answers."""

    line_length_limit = 65536  # how much the reader holds before it lets the other side wait

    def __init__(self, way: Way, knows: Knows, keep: Keep, most: int, hostname: str, open_doors: set[Door]) -> None:
        self.way, self.knows, self.keep_mail, self.most, self.open_doors = way, knows, keep, most, open_doors
        self.mails = self.refusals = 0
        self.busy = self.ending = False
        super().__init__(
            _Hooks(),
            data_size_limit=most,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="WeM",
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        if way is Way.lmtp:
            self._smtp_methods = {
                name: method for name, method in self._smtp_methods.items() if name not in ("HELO", "EHLO")
            } | {"LHLO": self.smtp_EHLO}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.open_doors.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.open_doors.discard(self)
        super().connection_lost(error)

    def end(self) -> None:
        """Close at once, or after the answer to the mail that is being kept."""
        self.ending = True
        if not self.busy:
            self.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        path = PATH.fullmatch(arg.strip())
        return (path[1] or "<>", path[2]) if path else (None, None)

    async def push(self, status: Any) -> None:
        """Answer; whoever is refused too often is sent away."""
        if isinstance(status, str) and status[:1] == "5":
            self.refusals += 1
        await super().push(status)
        if self.refusals > MOST_REFUSALS:
            await self.send_away("421 4.7.0 too many errors")

    async def send_away(self, reply: str) -> None:
        """Say why, and close (RFC 5321 section 3.8)."""
        self.refusals = 0
        await super().push(reply)
        self.close()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    async def smtp_DATA(self, arg: str) -> None:
        commands = self.envelope
        assert commands is not None
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        if not commands.rcpt_tos:
            await self.push("503 5.5.1 need RCPT first")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            raw = await read_data(self._reader, self.most)
        except asyncio.IncompleteReadError:
            self.close()
            return
        self._reset_timeout()
        self.busy = True
        reply = await self._take(commands, raw)
        self._set_post_data_state()
        # LMTP answers once for each recipient that was accepted (RFC 2033 section 4.2).
        for _ in commands.rcpt_tos if self.way is Way.lmtp else (None,):
            await self.push(reply)
        self.busy = False
        self.mails += 1
        if self.ending:
            await self.send_away("421 4.3.2 going down, try again later")
        elif self.mails >= MOST_MAILS:
            await self.send_away("421 4.7.0 enough mails over one connection")

    async def _take(self, commands: Commands, raw: bytes | None) -> str:
        if raw is None:
            return "552 5.3.4 the mail is too big"
        if hops(raw) > MOST_HOPS:
            return "554 5.4.6 the mail goes round in circles"
        sender = commands.mail_from or ""
        recipients = tuple(dict.fromkeys(each.lower() for each in commands.rcpt_tos))
        envelope = Envelope(clock.now(), self.way, "" if sender == "<>" else _text(sender), recipients)
        return await self.keep_mail(Arriving(envelope, raw))


class _Hooks:
    """What aiosmtpd asks per command."""

    async def handle_EHLO(
        self, server: Door, session: Session, commands: Commands, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]

    async def handle_RCPT(
        self, server: Door, session: Session, commands: Commands, address: str, options: list[str]
    ) -> Any:
        if len(commands.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        known = await server.knows(_text(address).lower()) if "@" in address else False
        if known is None:
            return "451 4.3.0 cannot tell at present, try again later"
        if not known:
            return "550 5.1.1 no such address here"
        return MISSING

    async def handle_exception(self, error: Exception) -> str:
        # The kind alone: aiosmtpd's errors quote what was sent.
        logging.getLogger("wem.inbound").error("a connection of the door failed: %s", type(error).__name__)
        return "451 4.3.0 something went wrong here, try again later"


def _text(value: str) -> str:
    """Without the lone surrogates that stand for bytes which were not UTF-8: no database takes them."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
