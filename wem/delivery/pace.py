"""The pace of one worker: asks before each mail, in lots, whether it may go; learns from what providers answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from wem import clock
from wem.db import db
from wem.delivery import pace_keeping as keeping
from wem.delivery import pace_rules as rules
from wem.delivery.pace_buckets import Bucket, Buckets
from wem.delivery.pace_keeping import Known, News, Place
from wem.delivery.pace_lanes import ANY_NUMBER, Lane
from wem.delivery.pace_lanes import PaceKey as PaceKey
from wem.delivery.pace_limits import Limits, WarmUp
from wem.delivery.pace_rules import FREE, Limit, Standing
from wem.settings import settings

log = logging.getLogger("wem.delivery")

# Seconds between two looks at the database, and those that one mail is waited for at most.
KEEP_EVERY = 5.0
PATIENCE = 5.0
# A mail that may not go for longer than this is not waited for: others go meanwhile.
LONG_WAIT = timedelta(seconds=2)
RESERVED_AT_ONCE = 200

T = TypeVar("T")


class TooSoon(Exception):
    """No mail of this key may go now; `until` is when to ask again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until:%H:%M:%S}")
        self.until = until


def open_pace(owner: str) -> Pace:
    """Return the pace of a worker of this application; `owner` is its name, unlike any other's."""
    given = settings()
    return Pace(db.engine, given.redis_url, owner, Limits.of(given), given.send_workers)


class Pace:
    """Used from one event loop; `release` ends it. Without limits `permit` costs next to nothing."""

    def __init__(self, engine: Engine, redis_url: str, owner: str, limits: Limits, workers: int = 1) -> None:
        self._engine = engine
        self._limits = limits
        self._configured = workers
        self._buckets = Buckets(redis_url, owner, workers)
        self._lanes: dict[PaceKey, Lane] = {}
        self._known = Known()
        self._news: defaultdict[Place, News] = defaultdict(News)
        # Mails taken and seconds since the news were told last, and before that.
        self._told_at = time.monotonic()
        self._before: tuple[dict[Place, int], float] = ({}, 0.0)
        self._complained = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._keeping = asyncio.Lock()

    async def permit(self, key: PaceKey) -> None:
        """Wait until one mail may go; raises TooSoon when that is not soon, or others were faster for too long."""
        lane = self._lanes.get(key)
        if lane is None or not lane.opened:
            lane = await self._open(key)
        if lane.connections and lane.take():
            return
        until = time.monotonic() + PATIENCE
        async with lane.lock:
            await self._look_for_connections(lane)
            while not lane.take():
                if time.monotonic() >= until:
                    raise TooSoon(clock.now() + timedelta(seconds=rules.SLACK))
                await self._refill(lane)

    def note(self, key: PaceKey, code: int, enhanced: str | None = None, text: str = "") -> None:
        """Learn from an answer: its code, enhanced code (RFC 3463) and text."""
        ours: Place = ("", key.provider)
        warming = self._warming(key)
        for place in (ours,) if warming in (None, ours) else (ours, warming):
            assert place is not None
            if 200 <= code < 300:
                self._news[place].sent += 1
            elif code < 500:
                self._news[place].deferred += 1
        if code >= 400 and (trouble := rules.trouble_of(code, enhanced, text)) is not None:
            news = self._news[ours]
            news.trouble = max(news.trouble or trouble, trouble)
            self._complained.set()

    def connections(self, key: PaceKey) -> int:
        """Return how many connections of ours may carry mail to the key's provider; known from the first `permit`."""
        lane = self._lanes.get(key)
        return lane.connections if lane else ANY_NUMBER

    async def want(self, key: PaceKey, connections: int) -> int:
        """Say how many connections would be used for the key's provider; returns how many may be, perhaps none."""
        lane = await self._open(key)
        lane.wanted = connections
        await self._hold(lane)
        return lane.connections

    async def release(self) -> None:
        """Give back what was not used and write down what was learnt."""
        async with self._keeping:
            if self._keeper is not None:
                self._keeper.cancel()
        for lane in self._lanes.values():
            await self._buckets.give_back(lane.buckets, lane.tokens)
            lane.tokens = 0
            if lane.connections != ANY_NUMBER:
                await self._buckets.hold(lane.key.provider, 0, 1)
            if lane.warming and lane.reserved:
                await self._in_database(keeping.reserve, lane.warming, -lane.reserved, 1, clock.now())
        await self._keep()
        self._lanes.clear()
        await self._buckets.close()

    async def _open(self, key: PaceKey) -> Lane:
        lane = self._lanes.setdefault(key, Lane(key, self._warming(key)))
        async with lane.lock:
            if not lane.opened:
                lane.reserved = 0 if lane.warming else None
                await self._keep()
                lane.opened = True
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_on())
        return lane

    async def _refill(self, lane: Lane) -> None:
        """Get what is missing, or wait a little for it; raises TooSoon when it does not come soon."""
        if lane.closed_until is not None:
            raise TooSoon(lane.closed_until)
        if lane.reserved == 0:
            at = clock.now()
            lane.reserved = await self._in_database(
                keeping.reserve, lane.warming, RESERVED_AT_ONCE, self._buckets.workers, at
            )
            if lane.reserved == 0:
                raise TooSoon(rules.next_day(at))
            return
        await self._buckets.give_back(lane.buckets, lane.tokens)
        slowest, asked = min(bucket.rate for bucket in lane.buckets), time.monotonic()
        lot = rules.lot_size(slowest)
        lane.tokens, wait = await self._buckets.take(lane.buckets, lot)
        # What lay too long goes back: kept, it would make a burst later.
        lane.fresh_until = max(asked + rules.LOT_SECONDS, time.monotonic() + 0.02)
        if lane.tokens:
            return
        if wait > LONG_WAIT.total_seconds():
            raise TooSoon(clock.now() + timedelta(seconds=wait))
        # Whoever comes back for the first token gets one at a time, and asks twenty times as often.
        await asyncio.sleep(wait + (lot - 1) / slowest)

    async def _look_for_connections(self, lane: Lane) -> None:
        if not lane.connections:
            await self._hold(lane)
        if not lane.connections:
            raise TooSoon(clock.now() + LONG_WAIT)

    async def _keep_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(KEEP_EVERY):
                    await self._complained.wait()
            except TimeoutError:
                pass
            await self._keep()

    async def _keep(self) -> None:
        """Tell the database what was seen, learn from it what the others saw, and go by it."""
        async with self._keeping:
            self._complained.clear()
            news, self._news = self._measured(), defaultdict(News)
            warming = {lane.warming for lane in self._lanes.values() if lane.warming}
            places = warming | {("", key.provider) for key in self._lanes}
            at = clock.now()
            try:
                if matters := {place: seen for place, seen in news.items() if self._matters(place, seen, warming)}:
                    await self._in_database(keeping.tell, matters, warming, at)
                customers = {key.customer_id for key in self._lanes}
                self._known = await self._in_database(keeping.known, places, customers, at)
            except SQLAlchemyError as error:
                # What is known goes on to hold; who cannot write down does not send for long anyway.
                log.warning("the pace is not written down: %s", error)
            self._buckets.workers = max(self._configured, self._known.workers)
            for lane in self._lanes.values():
                self._follow(lane, at)
                await self._hold(lane)

    def _measured(self) -> dict[Place, News]:
        """Return the news with the rate of late of all workers, as far as this one can tell."""
        now = time.monotonic()
        before, seconds = self._before
        since = now - self._told_at
        for place, seen in self._news.items():
            mine = (before.get(place, 0) + seen.sent) / max(1.0, seconds + since)
            seen.measured = mine * max(1, self._known.workers)
        if since >= 1:
            self._before, self._told_at = ({place: seen.sent for place, seen in self._news.items()}, since), now
        return self._news

    def _matters(self, place: Place, seen: News, warming: set[Place]) -> bool:
        standing = self._known.standings.get(place, Standing())
        return seen.trouble is not None or place in warming or (seen.sent > 0 and standing.rate is not None)

    def _follow(self, lane: Lane, at: datetime) -> None:
        """Have the lane keep to what holds now."""
        key, limits, standing = lane.key, self._limits, self._standing(lane.key)
        rates = {
            f"customer:{key.customer_id}": self._known.customer_rates.get(key.customer_id, limits.customer),
            f"domain:{key.sender_domain}": limits.sender_domain,
            f"provider:{key.provider}": self._limit(key, at).rate,
        }
        lane.buckets = tuple(Bucket(name, rate) for name, rate in rates.items() if rate is not None)
        cooldown = standing.cooldown_until
        lane.closed_until = cooldown if cooldown is not None and at < cooldown else None

    async def _hold(self, lane: Lane) -> None:
        limit = self._limit(lane.key, clock.now()).connections
        if limit is None:
            lane.connections = ANY_NUMBER
            return
        wanted = -(-limit // self._buckets.workers) if lane.wanted is None else lane.wanted
        lane.connections = await self._buckets.hold(lane.key.provider, wanted, limit)

    def _limit(self, key: PaceKey, at: datetime) -> Limit:
        return rules.limit_now(self._standing(key), self._limits.providers.get(key.provider, FREE), at)

    def _standing(self, key: PaceKey) -> Standing:
        return self._known.standings.get(("", key.provider), Standing())

    def _warming(self, key: PaceKey) -> Place | None:
        if self._limits.warm_up is WarmUp.none:
            return None
        return (key.sender_domain if self._limits.warm_up is WarmUp.domain else "", key.provider)

    async def _in_database(self, do: Callable[..., T], *arguments: Any) -> T:
        # In a thread: a write may wait for another one, and the lines to the mail server must not.
        return await asyncio.to_thread(do, self._engine, *arguments)
