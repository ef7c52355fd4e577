"""Rings: after the commit, once, never for what was rolled back, lost without harm; on a real Redis."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from rq import Queue

from tests.factories import make_customer
from wem import queue
from wem.db import db
from wem.running import redis_server

JOB = "wem.lists.jobs.read_upload"


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Redis of our own on a socket."""
    with tempfile.TemporaryDirectory(prefix="wem-", dir="/tmp") as folder:
        listening = Path(folder) / "redis.sock"
        program = redis_server.program(redis_server.find_server(), listening, Path(folder) / "data")
        server = subprocess.Popen(program.command, stdout=subprocess.DEVNULL)
        url = f"unix://{quote(str(listening))}"
        deadline = time.monotonic() + 120
        while not redis_server.answers(url):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield url
        server.terminate()
        server.wait()


@pytest.fixture
def on_redis(app: Flask, redis_url: str) -> Iterator[Flask]:
    kept = app.config["WEM"]
    app.config["WEM"] = replace(kept, REDIS_URL=redis_url)
    app.extensions.pop("wem.redis", None)
    queue.connection().flushall()
    yield app
    app.config["WEM"] = kept
    app.extensions.pop("wem.redis").close()


def waiting(name: str = queue.WORK) -> list[tuple[str, tuple[object, ...]]]:
    """Return (job, arguments) of what waits."""
    jobs = Queue(name, connection=queue.connection(), serializer="json").jobs
    return [(job.func_name, tuple(job.args)) for job in jobs]


pytestmark = pytest.mark.redis


def test_rung_after_the_commit(on_redis: Flask) -> None:
    queue.ring(queue.WORK, JOB, 12)
    assert waiting() == []
    db.session.flush()
    assert waiting() == []
    db.session.commit()
    assert waiting() == [(JOB, (12,))]
    db.session.commit()
    assert waiting() == [(JOB, (12,))]


def test_who_waits_before_a_page_comes_first(on_redis: Flask) -> None:
    queue.ring_now(queue.WORK, "wem.lists.jobs.erase_expired")
    queue.ring(queue.WORK, JOB, 1)
    db.session.commit()
    with on_redis.test_request_context():
        queue.ring(queue.WORK, JOB, 2)
        db.session.commit()
    assert waiting() == [(JOB, (2,)), ("wem.lists.jobs.erase_expired", ()), (JOB, (1,))]


def test_a_transaction_without_any_write_rings_too(on_redis: Flask) -> None:
    make_customer()
    db.session.commit()
    queue.ring(queue.WORK, JOB, 12)
    db.session.commit()
    assert waiting() == [(JOB, (12,))]


def test_not_rung_for_what_was_rolled_back(on_redis: Flask) -> None:
    make_customer()
    queue.ring(queue.WORK, JOB, 12)
    db.session.rollback()
    make_customer()
    db.session.commit()
    assert waiting() == []


def test_a_released_savepoint_is_no_commit(on_redis: Flask) -> None:
    with db.session.begin_nested():
        make_customer()
        queue.ring(queue.WORK, JOB, 12)
    assert waiting() == []
    db.session.commit()
    assert waiting() == [(JOB, (12,))]


def test_a_released_savepoint_in_what_is_rolled_back(on_redis: Flask) -> None:
    with db.session.begin_nested():
        make_customer()
        queue.ring(queue.WORK, JOB, 12)
    db.session.rollback()
    db.session.commit()
    assert waiting() == []


def test_rings_from_before_survive_a_savepoint_that_is_undone(on_redis: Flask) -> None:
    """What the savepoint rang for may ring in vain: the job looks and finds nothing. What stood before must ring."""
    queue.ring(queue.WORK, JOB, 1)
    point = db.session.begin_nested()
    make_customer()
    point.rollback()
    make_customer()
    db.session.commit()
    assert waiting() == [(JOB, (1,))]


def test_the_same_ring_is_one_job(on_redis: Flask) -> None:
    for _ in range(3):
        queue.ring(queue.WORK, JOB, 12)
    queue.ring(queue.WORK, JOB, 13)
    db.session.commit()
    assert waiting() == [(JOB, (12,)), (JOB, (13,))]


def test_what_waits_already_is_rung_at_most_once_more(on_redis: Flask) -> None:
    """A second place is for the job that runs and may have looked already; a third would only look again."""
    for _ in range(5):
        assert queue.ring_now(queue.WORK, JOB, 12)
    assert waiting() == [(JOB, (12,))] * 2


def test_each_queue_for_itself(on_redis: Flask) -> None:
    for number, name in enumerate(queue.QUEUES):
        queue.ring(name, JOB, number)
    db.session.commit()
    assert [waiting(name) for name in queue.QUEUES] == [[(JOB, (number,))] for number in range(len(queue.QUEUES))]


def test_an_unknown_queue_is_refused(on_redis: Flask) -> None:
    with pytest.raises(ValueError, match="no such queue"):
        queue.ring("later", JOB, 12)


def test_redis_carries_json(on_redis: Flask) -> None:
    queue.ring_now(queue.WORK, JOB, 12)
    client = queue.connection()
    (key,) = client.keys("rq:job:*")
    data = client.hget(key, "data")
    assert isinstance(data, bytes)
    try:
        data = zlib.decompress(data)
    except zlib.error:
        pass
    assert json.loads(data)[0] == JOB


def test_without_redis_the_commit_holds(on_redis: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app = on_redis
    app.config["WEM"] = replace(app.config["WEM"], REDIS_URL="unix:///tmp/no-such-socket")
    app.extensions.pop("wem.redis").close()
    customer = make_customer()
    queue.ring(queue.WORK, JOB, 12)
    db.session.commit()
    assert db.session.get(type(customer), customer.id) is not None
    assert queue.ring_now(queue.WORK, JOB, 12) is False
    assert "the sweep will ring again" in caplog.text


def test_a_redis_that_is_full_is_one_that_is_away(on_redis: Flask) -> None:
    client = queue.connection()
    client.config_set("maxmemory", "1")
    try:
        assert queue.ring_now(queue.WORK, JOB, 12) is False
    finally:
        client.config_set("maxmemory", "0")
