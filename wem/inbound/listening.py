"""The listeners of the door: how many may come in, who is ours, and how they end."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from wem.db import reading_only
from wem.inbound.addresses import ours, route_for
from wem.inbound.door import Door
from wem.inbound.grouping import Keeper
from wem.inbound.rules import route_of
from wem.inbound.states import Way
from wem.settings import settings

REMEMBER_SECONDS = 10.0  # how long a name is known to be somebody's without asking again
MOST_REMEMBERED = 10_000
END_SECONDS = 30.0
FULL = b"421 4.3.2 too many connections, try again later\r\n"
log = logging.getLogger("wem.inbound")


def listen_until_stopped(app: Flask) -> None:
    """Take mail until SIGTERM or SIGINT; then say what was kept, and end. Raises OSError when a port is taken."""
    asyncio.run(_listen(app))


async def _listen(app: Flask) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    listeners = Listeners(app)
    try:
        for way, port in await listeners.open():
            print(f"door {way.value}={port}", flush=True)
        await stopped.wait()
    finally:
        await listeners.close()


class Listeners:
    """Both ports of the door in one event loop."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            self.loaded = settings()
        self.app = app
        self.ours = ours(self.loaded)
        self.keeper = Keeper(app)
        self.askers = ThreadPoolExecutor(2, "address-asker")
        self.doors: set[Door] = set()
        self.servers: list[asyncio.Server] = []
        self._known: dict[str, float] = {}

    async def open(self) -> list[tuple[Way, int]]:
        """Listen; return which way listens on which port."""
        opened = []
        for way, port in ((Way.lmtp, self.loaded.INBOUND_LMTP_PORT), (Way.smtp, self.loaded.INBOUND_SMTP_PORT)):
            if port != "0":
                opened.append((way, await self.open_one(way, int(port))))
        return opened

    async def open_one(self, way: Way, port: int) -> int:
        """Listen on one port (0: a free one); return it."""
        make = partial(self._connected, way)
        server = await asyncio.get_running_loop().create_server(make, self.loaded.INBOUND_HOST, port, backlog=512)
        self.servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def _connected(self, way: Way) -> asyncio.BaseProtocol:
        if len(self.doors) >= int(self.loaded.INBOUND_CONNECTIONS):
            return _Full()
        return Door(way, self.knows, self.keeper.keep, self.loaded.inbound_size, self.loaded.SERVICE_DOMAIN, self.doors)

    async def knows(self, address: str) -> bool | None:
        """Say whether a lower-case address is ours; None when the database cannot be asked."""
        if route_of(address, self.ours, lambda name: None):
            return True
        if address.rpartition("@")[2] != self.ours.service_domain:
            return False
        if self._known.get(address, 0.0) > time.monotonic():
            return True
        known = await asyncio.get_running_loop().run_in_executor(self.askers, self._ask, address)
        if known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[address] = time.monotonic() + REMEMBER_SECONDS
        return known

    def _ask(self, address: str) -> bool | None:
        with self.app.app_context():
            token = reading_only.set(True)
            try:
                return route_for(address) is not None
            except SQLAlchemyError as error:
                log.warning("the door cannot ask the database: %s", type(error).__name__)
                return None
            finally:
                reading_only.reset(token)

    async def close(self) -> None:
        """Let in nobody more, answer for what is being kept, end."""
        for server in self.servers:
            server.close()
        for door in list(self.doors):
            door.end()
        deadline = time.monotonic() + END_SECONDS
        while self.doors and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await asyncio.get_running_loop().run_in_executor(None, self.keeper.close)
        self.askers.shutdown()


class _Full(asyncio.Protocol):
    """Says that there are too many connections."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(FULL)
        transport.close()
