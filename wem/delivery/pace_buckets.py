"""Tokens and connections shared by all workers: kept in Redis by its own clock, or in each worker's part of the rate
while Redis is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import redis.asyncio
from redis.exceptions import RedisError

from wem.delivery.pace_rules import LOT_MOST, SLACK, take

log = logging.getLogger("wem.delivery")

# Seconds that nobody waits longer for Redis, and for which it is left alone when it did not answer.
PATIENCE = 0.5
AWAY_FOR = 1.0
# How long connections stay taken without a sign of life.
SLOT_SECONDS = 20.0

# All keys give, or none does. Each holds the time (microseconds) that what was allowed reaches to. A value beyond what
# one lot can reach is an older rate's, or an older clock's. Returns granted, microseconds to wait, Redis' time.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local granted, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait, reaches = 0, {}
for i, key in ipairs(KEYS) do
    local interval = tonumber(ARGV[3 + i])
    local at = tonumber(redis.call('GET', key) or '0')
    at = math.max(now, math.min(at, now + slack + ARGV[3] * interval))
    reaches[i] = at
    local late = at - now - slack
    if late > 0 then
        granted = 0
        wait = math.max(wait, late)
    else
        granted = math.min(granted, math.floor(-late / interval) + 1)
    end
end
if granted > 0 then
    for i, key in ipairs(KEYS) do
        local at = reaches[i] + granted * tonumber(ARGV[3 + i])
        redis.call('SET', key, string.format('%.3f', at), 'PX', math.ceil((at - now) / 1000) + 1)
    end
end
return {granted, math.ceil(wait), string.format('%.0f', now)}
"""

RETURN = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
for i, key in ipairs(KEYS) do
    local at = tonumber(redis.call('GET', key) or '0') - ARGV[1] * ARGV[1 + i]
    if at > now then
        redis.call('SET', key, string.format('%.3f', at), 'PX', math.ceil((at - now) / 1000) + 1)
    else
        redis.call('DEL', key)
    end
end
return redis.status_reply('OK')
"""

# Connections of a provider: one member each, with the time at which a dead worker's comes back as its score.
SLOTS = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local owner, wanted, limit, lasts = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ours = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if string.sub(member, 1, #owner + 1) == owner .. ':' then
        ours[#ours + 1] = member
    end
end
local free = limit - (redis.call('ZCARD', KEYS[1]) - #ours)
local held = math.max(0, math.min(wanted, free))
for _, member in ipairs(ours) do
    redis.call('ZREM', KEYS[1], member)
end
for number = 1, held do
    redis.call('ZADD', KEYS[1], now + lasts, owner .. ':' .. number)
end
if held > 0 then
    redis.call('PEXPIRE', KEYS[1], lasts)
end
return held
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Something that has a rate: a customer, a sending domain, a provider."""

    name: str
    rate: float


class Buckets:
    """The tokens and connections of all workers, as one of them (`owner`) sees them; `workers` share them."""

    def __init__(self, redis_url: str, owner: str, workers: int) -> None:
        self.owner = owner
        self.workers = max(1, workers)
        self._redis = redis.asyncio.Redis.from_url(
            redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=None
        )
        self._take = self._redis.register_script(TAKE)
        self._return = self._redis.register_script(RETURN)
        self._slots = self._redis.register_script(SLOTS)
        self._back_at = 0.0
        # When Redis answered last, by its own clock, in microseconds.
        self.asked_at = 0
        # Monotonic times that this worker's own part of the rates reaches to, while Redis is away.
        self._reaches: dict[str, float] = {}

    async def take(self, buckets: Sequence[Bucket], wanted: int) -> tuple[int, float]:
        """Return how many mails may go now, one token of each bucket a mail, and the seconds to wait when none may."""
        if self._there:
            try:
                intervals = [1e6 / bucket.rate for bucket in buckets]
                granted, wait, at = await self._take(
                    keys=[_key(bucket) for bucket in buckets], args=[wanted, SLACK * 1e6, LOT_MOST, *intervals]
                )
                self.asked_at = int(at)
                return int(granted), int(wait) / 1e6
            except (RedisError, OSError) as error:
                self._gone(error)
        return self._take_ours(buckets, wanted)

    async def give_back(self, buckets: Sequence[Bucket], unused: int) -> None:
        """Return tokens that no mail used."""
        if self._there and unused:
            try:
                intervals = [1e6 / bucket.rate for bucket in buckets]
                await self._return(keys=[_key(bucket) for bucket in buckets], args=[unused, *intervals])
            except (RedisError, OSError) as error:
                self._gone(error)

    async def hold(self, provider: str, wanted: int, limit: int) -> int:
        """Take up to `wanted` of a provider's connections, or keep them; returns how many are ours from now on.

        They come back SLOT_SECONDS after the last call. While Redis is away each worker has its part, at least one.
        """
        if self._there:
            try:
                lasts = int(SLOT_SECONDS * 1000)
                return int(
                    await self._slots(keys=[f"wem:pace:slots:{provider}"], args=[self.owner, wanted, limit, lasts])
                )
            except (RedisError, OSError) as error:
                self._gone(error)
        return min(wanted, max(1, limit // self.workers))

    async def close(self) -> None:
        await self._redis.aclose()

    @property
    def _there(self) -> bool:
        return time.monotonic() >= self._back_at

    def _gone(self, error: Exception) -> None:
        if not self._back_at:
            log.warning("Redis does not answer (%s): this worker keeps to its part of the rates", error)
        self._back_at = time.monotonic() + AWAY_FOR

    def _take_ours(self, buckets: Sequence[Bucket], wanted: int) -> tuple[int, float]:
        now, granted, wait = time.monotonic(), wanted, 0.0
        for bucket in buckets:
            # What Redis allowed just before is not known here: the part begins without a burst.
            ahead = max(0.0, self._reaches.setdefault(bucket.name, now + SLACK) - now)
            some, late = take(ahead, self.workers / bucket.rate, wanted)
            granted, wait = min(granted, some), max(wait, late)
        for bucket in buckets:
            reach = max(now, self._reaches[bucket.name])
            self._reaches[bucket.name] = reach + granted * self.workers / bucket.rate
        return granted, wait


def _key(bucket: Bucket) -> str:
    return f"wem:pace:{bucket.name}"
