"""The parcels that are leased and not with a connection: let through at their pace, taken, given back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from wem.delivery.pace import Pace
from wem.delivery.pacing import Gate
from wem.delivery.parcels import Hold, Parcel


class Supply:
    """Where connections take their parcels. It rings when it runs low, and when what comes back is not to go."""

    def __init__(self, connections: int, ring: Callable[[], None]) -> None:
        self._size = connections
        self._ring = ring
        self._gate: Gate | None = None
        self._parcels: deque[Parcel] = deque()
        self._takers: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def keep_to(self, pace: Pace, put_off: Callable[[Parcel, datetime], None]) -> None:
        """Let parcels through at a pace, from now on."""
        self._gate = Gate(pace, 2 * self._size, self._let_in, put_off)

    @property
    def short(self) -> bool:
        """Whether the connections will soon have nothing to do."""
        return len(self._parcels) + (self._gate.waiting if self._gate else 0) <= 2 * self._size

    def bring(self, parcels: Sequence[Parcel]) -> None:
        """Take parcels that were leased."""
        for parcel in parcels:
            parcel.hold.waiting += 1
        if self._gate is not None:
            self._gate.bring(parcels)
        else:
            self._parcels.extend(parcels)
            self._wake_takers()

    async def take(self) -> Parcel | None:
        """Return the next parcel, None when there will be no more."""
        while (parcel := self.take_now()) is None and not self._closed:
            taker = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            self._ring()
            await taker
        return parcel

    def take_now(self) -> Parcel | None:
        """Return the next parcel if one is there."""
        while self._parcels:
            parcel = self._parcels.popleft()
            parcel.hold.waiting -= 1
            if self.short:
                self._ring()
            if not parcel.hold.stopped:
                parcel.hold.busy += 1
                return parcel
            self.done_with(parcel)
        return None

    def give_back(self, parcel: Parcel) -> None:
        """Take a parcel back that has not left."""
        parcel.hold.busy -= 1
        if self._closed or parcel.hold.stopped:
            self.done_with(parcel)
            self._ring()
            return
        parcel.hold.waiting += 1
        self._parcels.appendleft(parcel)
        self._wake_takers()

    def done_with(self, parcel: Parcel) -> None:
        """Note that a parcel is out of the way of others."""
        if self._gate is not None:
            self._gate.done_with(parcel)

    def note(self, parcel: Parcel, code: int | None, enhanced: str | None, text: str) -> None:
        """Tell the pace what a server said."""
        if self._gate is not None:
            self._gate.note(parcel, code, enhanced, text)

    def leave_out(self, hold: Hold) -> None:
        """Hand out nothing of a hold any more."""
        left = [parcel for parcel in self._parcels if parcel.hold is hold]
        self._parcels = deque(parcel for parcel in self._parcels if parcel.hold is not hold)
        for parcel in left:
            self.done_with(parcel)
        if self._gate is not None:
            self._gate.leave_out(hold)
        hold.waiting = 0

    def close(self) -> None:
        """Hand out nothing any more; who waits for a parcel gets none."""
        self._closed = True
        for parcel in (*self._parcels, *(self._gate.clear() if self._gate else ())):
            parcel.hold.waiting -= 1
        self._parcels.clear()
        self._wake_takers()

    async def leave(self) -> None:
        """Give back what the pace permitted and nobody used."""
        if self._gate is not None:
            await self._gate.close()

    def _let_in(self, parcel: Parcel) -> None:
        self._parcels.append(parcel)
        self._wake_takers()

    def _wake_takers(self) -> None:
        number = len(self._takers) if self._closed else min(len(self._takers), len(self._parcels))
        for _ in range(number):
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)
