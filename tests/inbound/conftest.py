"""A door on loopback, and mails to hand in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from tests.factories import World
from wem import storage
from wem.delivery.identity import identity_keys, return_path
from wem.inbound.keeping import FOLDER
from wem.inbound.listening import Listeners
from wem.inbound.states import Way
from wem.settings import settings

MAIL = b"From: a@reader.example\r\nMessage-ID: <one@reader.example>\r\nSubject: x\r\n\r\nHello\r\n"


def verp(number: int = 1) -> str:
    """Return a return path of a mailing, as a mail server answers to it."""
    loaded = settings()
    return return_path(number, 1, loaded.bounce_domain, identity_keys(loaded.SECRET_KEY))


@dataclass
class RunningDoor:
    """A door whose loop runs in a thread; `listeners` may be changed from there alone."""

    listeners: Listeners
    loop: asyncio.AbstractEventLoop
    lmtp: int
    smtp: int


@pytest.fixture
def door(app: Flask, world: World) -> Iterator[RunningDoor]:
    """An open door; every file of arrived mail of other tests is gone."""
    for path in (settings().var / "files" / FOLDER).glob("*/*"):
        path.unlink()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def opened() -> RunningDoor:
        listeners = Listeners(app)
        return RunningDoor(
            listeners, loop, await listeners.open_one(Way.lmtp, 0), await listeners.open_one(Way.smtp, 0)
        )

    running = asyncio.run_coroutine_threadsafe(opened(), loop).result()
    yield running
    asyncio.run_coroutine_threadsafe(running.listeners.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def files() -> list[str]:
    """Return the names of the raw mails that are kept."""
    return sorted(path.name for path in (storage.path_of(f"{FOLDER}/00").parent.parent).glob("*/*"))
