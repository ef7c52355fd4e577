"""Pace on a real Redis: one rate for many workers, connections of the dead, Redis away and empty."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from flask import Flask

from tests import factories
from tests.delivery.redis_servers import RedisServer
from wem import clock
from wem.db import db
from wem.delivery import pace as pace_module
from wem.delivery.pace import Pace, TooSoon
from wem.delivery.pace_buckets import Bucket, Buckets
from wem.delivery.pace_lanes import PaceKey
from wem.delivery.pace_limits import Limits, WarmUp
from wem.delivery.pace_models import CustomerTurn, ProviderState
from wem.delivery.pace_rules import FLOOR, SLACK, Limit

NO_REDIS = "unix:///nowhere/redis.sock"
KEY = PaceKey(1, "mail.wem.example", "docomo")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def redis_url(server: RedisServer) -> str:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    return server.url


def with_buckets(url: str, use: Callable[[Buckets], Awaitable[Any]], workers: int = 1, owner: str = "one") -> Any:
    async def run() -> Any:
        buckets = Buckets(url, owner, workers)
        try:
            return await use(buckets)
        finally:
            await buckets.close()

    return asyncio.run(run())


def with_pace(use: Callable[[Pace], Awaitable[Any]], limits: Limits, url: str = NO_REDIS, workers: int = 1) -> Any:
    async def run() -> Any:
        pace = Pace(db.engine, url, f"worker-{time.monotonic_ns()}", limits, workers)
        try:
            return await use(pace)
        finally:
            await pace.release()

    return asyncio.run(run())


def send_for(url: str, rate: float, seconds: float, start: Any, results: Any) -> None:
    """Take tokens in lots as fast as they are given; report when each lot was given by Redis' clock."""

    async def use(buckets: Buckets) -> list[tuple[int, int]]:
        given = []
        start.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            granted, wait = await buckets.take([Bucket("provider:gmail", rate)], 20)
            if granted:
                given.append((buckets.asked_at, granted))
            else:
                await asyncio.sleep(wait)
        return given

    results.put(with_buckets(url, use))


@pytest.mark.redis
def test_many_processes_keep_to_one_rate_and_use_it(redis_url: str) -> None:
    rate, seconds, processes = 200.0, 3.0, 4
    fork = multiprocessing.get_context("fork")
    start, results = fork.Barrier(processes), fork.Queue()
    workers = [fork.Process(target=send_for, args=(redis_url, rate, seconds, start, results)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    given = sorted(each for _ in workers for each in results.get(timeout=120))
    for worker in workers:
        worker.join()
    times = [at / 1e6 for at, _ in given]
    total = [0]
    for _, number in given:
        total.append(total[-1] + number)
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            window = times[last] - begin
            assert total[last + 1] - total[first] <= rate * window * 1.01 + rate * SLACK + 1
    # Time in which a busy machine let nobody ask does not count.
    asked = sum(min(later - earlier, SLACK) for earlier, later in itertools.pairwise(times))
    assert total[-1] >= 0.97 * rate * asked


@pytest.mark.redis
def test_tokens_that_were_not_used_can_be_used_by_others(redis_url: str) -> None:
    bucket = [Bucket("customer:1", 1.0)]

    async def use(buckets: Buckets) -> list[int]:
        first, _ = await buckets.take(bucket, 1)
        second, wait = await buckets.take(bucket, 1)
        assert 0 < wait <= 0.5
        await buckets.give_back(bucket, 1)
        third, _ = await buckets.take(bucket, 1)
        return [first, second, third]

    assert with_buckets(redis_url, use) == [1, 0, 1]


@pytest.mark.redis
def test_all_buckets_give_or_none_does(redis_url: str) -> None:
    slow, fast = Bucket("customer:1", 0.001), Bucket("provider:gmail", 1.0)

    async def use(buckets: Buckets) -> list[int]:
        given = [(await buckets.take(each, 1))[0] for each in ([slow, fast], [slow, fast])]
        await buckets.give_back([fast], 1)
        # Had the second asking taken of the fast one, it would be empty now.
        return [*given, (await buckets.take([fast], 1))[0]]

    assert with_buckets(redis_url, use) == [1, 0, 1]


@pytest.mark.redis
def test_what_an_older_slower_rate_took_does_not_hold_up_a_faster_one(redis_url: str) -> None:
    async def use(buckets: Buckets) -> float:
        await buckets.take([Bucket("customer:1", 1 / 3600)], 1)
        return (await buckets.take([Bucket("customer:1", 100.0)], 1))[1]

    assert with_buckets(redis_url, use) <= 20 / 100


@pytest.mark.redis
def test_an_emptied_redis_gives_at_most_half_a_second_of_the_rate_at_once(redis_url: str) -> None:
    bucket = [Bucket("customer:1", 0.5)]

    async def use(buckets: Buckets) -> int:
        await buckets.take(bucket, 20)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        return (await buckets.take(bucket, 20))[0]

    assert with_buckets(redis_url, use) == 1


@pytest.mark.redis
def test_connections_are_shared_and_a_dead_workers_come_back(redis_url: str) -> None:
    async def use(buckets: Buckets) -> None:
        other, third = Buckets(redis_url, "other", 1), Buckets(redis_url, "oth", 1)
        try:
            assert await buckets.hold("docomo", 4, 5) == 4
            assert await other.hold("docomo", 4, 5) == 1
            assert await other.hold("docomo", 4, 5) == 1  # keeping is not taking twice
            assert await third.hold("docomo", 4, 5) == 0
            assert await buckets.hold("docomo", 2, 5) == 2
            assert await third.hold("docomo", 4, 5) == 2
            # The first gives no sign of life: its time is up.
            with redis.Redis.from_url(redis_url) as client:
                for number in (1, 2):
                    client.zadd("wem:pace:slots:docomo", {f"one:{number}": 1})
            assert await other.hold("docomo", 4, 5) == 3
        finally:
            await other.close()
            await third.close()

    with_buckets(redis_url, use)


def test_without_redis_a_worker_keeps_to_its_part() -> None:
    bucket = [Bucket("customer:1", 100.0)]

    async def use(buckets: Buckets) -> list[Any]:
        first = await buckets.take(bucket, 20)
        second = await buckets.take(bucket, 20)
        return [first[0], second, await buckets.hold("docomo", 10, 9), await buckets.hold("docomo", 10, 1)]

    first, (second, wait), connections, one = with_buckets(NO_REDIS, use, workers=4)
    assert first == 1  # no burst: Redis may have given one just before
    assert second == 0 and 0 < wait <= 4 / 100
    assert (connections, one) == (2, 1)


@pytest.mark.redis
def test_redis_may_go_and_come_back(app: Flask) -> None:
    server = RedisServer()

    async def use(pace: Pace) -> None:
        await pace.permit(KEY)
        server.kill()
        await pace.permit(KEY)
        server.start()
        pace._buckets._back_at = 0.0
        await pace.permit(KEY)

    try:
        with_pace(use, Limits(providers={"docomo": Limit(50, 3)}), server.url)
    finally:
        server.stop()


@pytest.mark.both_databases
def test_without_limits_nobody_waits_and_nothing_is_written(app: Flask) -> None:
    async def use(pace: Pace) -> None:
        for _ in range(1000):
            await pace.permit(KEY)
            pace.note(KEY, 250, "2.0.0")
        assert pace.connections(KEY) >= 1000

    with_pace(use, Limits())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ProviderState)) == 0


@pytest.mark.both_databases
def test_a_complaint_reaches_the_other_workers_by_the_database(app: Flask) -> None:
    async def complain(pace: Pace) -> None:
        await pace.permit(KEY)
        pace.note(KEY, 421, "4.7.28", "4.7.28 rate limited due to IP reputation")

    async def heed(pace: Pace) -> int:
        await pace.permit(KEY)  # one a minute
        with pytest.raises(TooSoon) as refused:
            await pace.permit(KEY)
        assert timedelta(seconds=50) < refused.value.until - clock.now() <= timedelta(seconds=60)
        await pace.permit(PaceKey(1, KEY.sender_domain, "au"))
        return pace.connections(KEY)

    with_pace(complain, Limits())
    state = db.session.scalars(sa.select(ProviderState)).one()
    assert (state.pool, state.provider) == ("", "docomo")
    assert state.rate is not None and state.rate >= FLOOR
    db.session.rollback()
    assert with_pace(heed, Limits(providers={"docomo": Limit(None, 10)})) == 1


@pytest.mark.both_databases
def test_a_suspended_provider_gets_nothing(app: Flask) -> None:
    until = clock.now() + timedelta(hours=2)
    db.session.add(ProviderState(pool="", provider="docomo", cooldown_until=until))
    db.session.commit()

    async def use(pace: Pace) -> None:
        with pytest.raises(TooSoon) as refused:
            await pace.permit(KEY)
        assert refused.value.until == until

    with_pace(use, Limits())


@pytest.mark.both_databases
def test_success_lets_the_rate_grow(app: Flask) -> None:
    before = clock.now() - timedelta(minutes=2)
    db.session.add(
        ProviderState(pool="", provider="docomo", rate=1.0, rate_before=2.0, troubled_at=before, grown_at=before)
    )
    db.session.commit()

    async def use(pace: Pace) -> None:
        await pace.permit(KEY)
        pace.note(KEY, 250)

    with_pace(use, Limits())
    assert db.session.scalars(sa.select(ProviderState.rate)).one() == pytest.approx(1.05)


@pytest.mark.both_databases
@pytest.mark.parametrize("warm_up", [WarmUp.domain, WarmUp.pool])
def test_warm_up_ends_the_day_at_its_number(app: Flask, warm_up: WarmUp) -> None:
    until: list[datetime] = []

    async def use(pace: Pace) -> int:
        for number in range(1000):
            try:
                await pace.permit(KEY)
            except TooSoon as refused:
                until.append(refused.until)
                return number
        return 1000

    async def use_few(pace: Pace) -> None:
        for _ in range(7):
            await pace.permit(KEY)

    limits = Limits(warm_up=warm_up)
    with_pace(use_few, limits)
    state = db.session.scalars(sa.select(ProviderState)).one()
    assert state.sent_today == 7, "what was reserved and not sent goes back"
    assert state.pool == (KEY.sender_domain if warm_up is WarmUp.domain else "")
    db.session.rollback()
    assert with_pace(use, limits) == 43
    assert (until[0].hour, until[0].minute) == (0, 0) and until[0] > clock.now()
    db.session.expire_all()
    assert db.session.scalars(sa.select(ProviderState.sent_today)).one() == 50


@pytest.mark.both_databases
def test_a_customer_may_have_a_rate_of_its_own(world: factories.World) -> None:
    customer_id = world.ours.customer.id
    db.session.add(CustomerTurn(customer_id=customer_id, rate=1 / 60))
    db.session.commit()

    async def use(pace: Pace) -> None:
        await pace.permit(PaceKey(customer_id, "a.example", "au"))
        with pytest.raises(TooSoon):
            await pace.permit(PaceKey(customer_id, "a.example", "gmail"))
        await pace.permit(PaceKey(world.theirs.customer.id, "a.example", "gmail"))

    with_pace(use, Limits())


def test_nobody_waits_for_ever_behind_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module, "PATIENCE", 0.2)

    async def use(pace: Pace) -> list[Any]:
        return await asyncio.gather(*(pace.permit(KEY) for _ in range(50)), return_exceptions=True)

    answers = with_pace(use, Limits(customer=10.0))
    allowed = answers.count(None)
    assert 1 <= allowed < 50
    assert all(answer is None or isinstance(answer, TooSoon) for answer in answers)
