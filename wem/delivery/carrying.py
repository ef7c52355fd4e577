"""Carries parcels over many connections: has them leased, gathers outcomes, has them committed in rounds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import uvloop
from flask import Flask

from wem import clock, queue
from wem.delivery.connection import Connection
from wem.delivery.models import Stage
from wem.delivery.pace import Pace
from wem.delivery.parcels import Desk, Hold, Parcel
from wem.delivery.smtp import Answer, Server, Unreachable
from wem.delivery.supplying import Supply

log = logging.getLogger("wem.delivery")

# Seconds between looks at the clock and at what forbids sending, while nothing else makes us look.
TICK = 0.25
# No dot leaves when the last look is older: a stop that is a second old is always seen.
SIGHT = 0.8
_Got = TypeVar("_Got")


class Carrier:
    """One run: many connections, one thread for the database, rounds in which all outcomes so far are committed.

    A round has no timer: it takes what was gathered while the one before ran (group commit).
    """

    def __init__(
        self,
        app: Flask,
        desk: Callable[[], Desk],
        server: Server,
        connections: int,
        deadline: float,
        pace: Callable[[], Pace] | None = None,
    ) -> None:
        self.app = app
        self.server = server
        self.deadline = deadline
        # Why it ended early, if it did.
        self.unreachable: Unreachable | None = None
        self.more = True
        self._make_desk = desk
        self._make_pace = pace
        self._size = connections
        self._connections: list[Connection] = []
        self._supply = Supply(connections, self._ring)
        self._entries: list[tuple[Parcel, Any]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._holds: list[Hold] = []
        self._closing = False
        self._look_due = False
        self._fetch_again = 0.0
        self._serving = 0

    def carry(self) -> bool:
        """Run in an event loop of its own; see `run`."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(self.run())

    async def run(self) -> bool:
        """Carry until nothing is left or the deadline is reached; returns whether there may be more.

        Raises what the database raised: then nothing has been given back, and the leases run out.
        """
        self._loop = asyncio.get_running_loop()
        self._bell = self._loop.create_future()
        self._closed = self._loop.create_future()
        context = self.app.app_context()
        with ThreadPoolExecutor(1, "database", context.push) as self._thread:
            self.desk = await self._ask(self._make_desk)
            if self._make_pace is not None:
                self._supply.keep_to(self._make_pace(), self._put_off)
            ticker = self._loop.create_task(self._tick())
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._keep_books())
                    for _ in range(self._size):
                        self._serving += 1
                        group.create_task(self._serve(Connection(self._supply, self, self.server)))
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
            finally:
                ticker.cancel()
                await self._supply.leave()
                await self._ask(self.desk.leave)
                await self._ask(context.pop)
        return self.more

    # What the connections ask.

    def record(self, parcel: Parcel, outcome: Any) -> asyncio.Future[None]:
        """Have an outcome written down; the future is done when it is committed."""
        parcel.hold.busy -= 1
        parcel.let_go()
        self._supply.done_with(parcel)
        return self._enter(parcel, outcome)

    def answered(self, parcel: Parcel, answer: Answer) -> asyncio.Future[None]:
        """Have it written down what a server's answer means.

        A refusal says something of the recipient's provider only after MAIL, and not when an MTA of ours refuses.
        """
        heard = answer.accepted or not self.server.ours
        if answer.stage is not Stage.mail and heard:
            self._supply.note(parcel, answer.code, answer.enhanced if answer.code != 250 else None, answer.text)
        return self.record(parcel, parcel.outcome(answer))

    def intend(self, parcel: Parcel, intent: Any) -> asyncio.Future[None]:
        """Have it written down that a parcel is about to leave."""
        return self._enter(parcel, intent)

    def word_on(self, parcel: Parcel) -> bool | None:
        """Return whether a parcel may leave this instant; None when that must be looked at first."""
        hold, now = parcel.hold, time.monotonic()
        if now >= hold.lease.deadline or (hold.closes_at is not None and clock.now() >= hold.closes_at):
            hold.stopped = True
        if queue.stopping.is_set():
            self._close()
            return False
        if hold.stopped or parcel.stopped:
            return False
        return True if now - self.desk.looked_at < SIGHT else None

    def next_round(self) -> asyncio.Future[None]:
        """Return a future that is done when a round that begins after this is over."""
        future = self._loop.create_future()
        self._waiting.append(future)
        self._ring()
        return future

    def _enter(self, parcel: Parcel, outcome: Any) -> asyncio.Future[None]:
        parcel.hold.unwritten += 1
        self._entries.append((parcel, outcome))
        return self.next_round()

    # What happens beside them.

    def _put_off(self, parcel: Parcel, until: datetime) -> None:
        parcel.hold.waiting -= 1
        if not parcel.hold.stopped:
            self._enter(parcel, parcel.put_off(until))

    async def _serve(self, connection: Connection) -> None:
        self._connections.append(connection)
        wait = 1.0
        try:
            while not self._closing:
                try:
                    await connection.run()
                except Unreachable as error:
                    if not any(other.alive for other in self._connections):
                        self.unreachable, self.more = error, False
                        self._close()
                    # It may have as many lines as it wants: try again later, with what the others leave.
                    await asyncio.wait((self._closed,), timeout=wait)
                    wait = min(2 * wait, 10.0)
        finally:
            self._serving -= 1
            self._ring()

    async def _keep_books(self) -> None:
        while True:
            if not self._entries and not self._waiting:
                await self._bell
            self._bell = self._loop.create_future()
            entries, self._entries = self._entries, []
            waiting, self._waiting = self._waiting, []
            if entries or waiting or self._look_due:
                self._look_due = False
                await self._ask(self.desk.round, entries, self._holds)
            for parcel, _ in entries:
                parcel.hold.unwritten -= 1
            for future in waiting:
                if not future.done():
                    future.set_result(None)
            await self._fetch()
            await self._close_resting()
            if self._closing and not self._serving and not self._entries and not self._holds:
                return

    async def _fetch(self) -> None:
        """Have more leased when the supply runs low; close when there is no more and nothing under way."""
        now = time.monotonic()
        idle = not self._entries and not any(hold.busy or hold.waiting for hold in self._holds)
        if self._closing or not self._supply.short or (now < self._fetch_again and not idle):
            return
        parcels = await self._ask(self.desk.fetch)
        if parcels is None:
            self._fetch_again = now + 2 * TICK
            if idle:
                self.more = False
                self._close()
            return
        if parcels:
            self._holds.append(parcels[0].hold)
        if self._closing:
            return  # while they were leased: nobody takes them any more, and they go back at once
        self._supply.bring(parcels)

    async def _close_resting(self) -> None:
        for hold in [hold for hold in self._holds if hold.resting]:
            if hold.waiting:
                self._supply.leave_out(hold)
            self._holds.remove(hold)
            await self._ask(self.desk.close, hold, self.unreachable is not None)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for connection in self._connections:
                if connection.session is not None:
                    connection.session.check(now)
            if now >= self.deadline or queue.stopping.is_set():
                self._close()
            self._look_due = True
            self._ring()

    def _close(self) -> None:
        """Begin nothing any more; what is under way comes to its end."""
        if self._closing:
            return
        self._closing = True
        self._supply.close()
        self._closed.set_result(None)
        self._ring()

    def _ring(self) -> None:
        if not self._bell.done():
            self._bell.set_result(None)

    async def _ask(self, what: Callable[..., _Got], *given: Any) -> _Got:
        return await self._loop.run_in_executor(self._thread, what, *given)
