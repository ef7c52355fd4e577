"""The gate between what is leased and the connections: lets each parcel through when its pace permits."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from wem import clock
from wem.delivery.pace import LONG_WAIT, Pace, TooSoon
from wem.delivery.pace_lanes import PaceKey
from wem.delivery.parcels import Hold, Parcel

log = logging.getLogger("wem.delivery")


class _Queue:
    """The parcels of one key: how many are through and not done with, and who lets the others through."""

    def __init__(self, key: PaceKey) -> None:
        self.key = key
        self.parcels: deque[Parcel] = deque()
        self.out = 0
        self.moved = asyncio.Event()
        self.keeper: asyncio.Task[None] | None = None


class Gate:
    """One queue for each key of pace, so that a slow provider keeps nobody else waiting.

    What may not go for long is put off: it comes back as a retry, and its batch need not be held until then.
    """

    def __init__(
        self, pace: Pace, most: int, let_in: Callable[[Parcel], None], put_off: Callable[[Parcel, datetime], None]
    ) -> None:
        self._pace = pace
        self._most = most
        self._let_in = let_in
        self._put_off = put_off
        self._queues: dict[PaceKey, _Queue] = {}
        self.waiting = 0

    def bring(self, parcels: Iterable[Parcel]) -> None:
        """Take parcels that are to be let through."""
        for parcel in parcels:
            assert parcel.pace_key is not None
            queue = self._queues.get(parcel.pace_key)
            if queue is None:
                queue = self._queues[parcel.pace_key] = _Queue(parcel.pace_key)
            queue.parcels.append(parcel)
            self.waiting += 1
            if queue.keeper is None:
                queue.keeper = asyncio.get_running_loop().create_task(self._keep(queue))

    def done_with(self, parcel: Parcel) -> None:
        """Note that a parcel that was let through is out of the way."""
        if parcel.pace_key is not None and (queue := self._queues.get(parcel.pace_key)) is not None:
            queue.out -= 1
            queue.moved.set()

    def note(self, parcel: Parcel, code: int | None, enhanced: str | None, text: str) -> None:
        """Tell the pace what a server said."""
        if parcel.pace_key is not None and code is not None:
            self._pace.note(parcel.pace_key, code, enhanced, text)

    def leave_out(self, hold: Hold) -> None:
        """Let nothing of a hold through any more: it would only take the turn of others."""
        for queue in self._queues.values():
            kept = deque(parcel for parcel in queue.parcels if parcel.hold is not hold)
            self.waiting -= len(queue.parcels) - len(kept)
            queue.parcels = kept
            queue.moved.set()

    def clear(self) -> list[Parcel]:
        """Return all that waits; nothing more is let through."""
        left = [parcel for queue in self._queues.values() for parcel in queue.parcels]
        for queue in self._queues.values():
            queue.parcels.clear()
            queue.moved.set()
            if queue.keeper is not None:
                queue.keeper.cancel()
        self.waiting = 0
        return left

    async def close(self) -> None:
        """Give back what was permitted and not used."""
        self.clear()
        await self._pace.release()

    async def _keep(self, queue: _Queue) -> None:
        while queue.parcels:
            try:
                await self._pace.permit(queue.key)
                while queue.out >= min(self._most, max(1, self._pace.connections(queue.key))):
                    queue.moved.clear()
                    await queue.moved.wait()
            except TooSoon as soon:
                self._put_all_off(queue, soon.until)
                break
            except SQLAlchemyError as error:
                # Nobody else would let them through.
                log.warning("the pace is not known: %s", type(error).__name__)
                self._put_all_off(queue, clock.now() + LONG_WAIT)
                break
            if queue.parcels:
                self.waiting -= 1
                queue.out += 1
                self._let_in(queue.parcels.popleft())
        queue.keeper = None

    def _put_all_off(self, queue: _Queue, until: datetime) -> None:
        while queue.parcels:
            self.waiting -= 1
            self._put_off(queue.parcels.popleft(), until)
