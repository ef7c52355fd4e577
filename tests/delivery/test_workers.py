"""Real workers on a real Redis: a mailing from start to end, a confirmation at once, a queue that is lost."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask

from tests import factories
from tests.delivery.test_killing import add_many
from wem import outbox, queue
from wem.db import db
from wem.delivery.models import DispatchState
from wem.mailbox.client import MailboxClient
from wem.mailings import starting
from wem.mailings.states import MailingState
from wem.outbox import SystemMail
from wem.running.redis_server import answers, find_server, program
from wem.settings import ROOT, Settings

pytestmark = pytest.mark.redis

WORKERS = ("hi", "work", "send")


def wait_for(what: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        db.session.rollback()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    db.session.rollback()


@pytest.fixture
def redis_url() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="wem-redis-", dir="/tmp"))  # sockets have room for about a hundred bytes
    command = program(find_server(), folder / "s", folder / "data").command
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"unix://{folder}/s"
    wait_for(lambda: answers(url))
    yield url
    server.terminate()
    server.wait()
    shutil.rmtree(folder)


@pytest.fixture
def workers(app: Flask, mailbox: MailboxClient, redis_url: str) -> Iterator[None]:
    """A worker for each queue that sending needs, all started; the application rings them."""
    before = app.config["WEM"]
    app.config["WEM"] = dataclasses.replace(before, REDIS_URL=redis_url, SEND_WORKERS="1")
    app.extensions.pop("wem.redis", None)
    processes = [start_worker(app.config["WEM"], name) for name in WORKERS]
    client = redis.Redis.from_url(redis_url)
    wait_for(lambda: client.scard("rq:workers") == len(WORKERS))  # type: ignore[operator]
    client.close()
    yield
    db.session.rollback()  # on SQLite an open transaction of ours would keep them waiting
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=300)
    app.extensions.pop("wem.redis").close()
    app.config["WEM"] = before


def start_worker(settings: Settings, name: str) -> subprocess.Popen[bytes]:
    environment = {field.name: str(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
    return subprocess.Popen([sys.executable, "worker.py", name], cwd=ROOT, env=environment)


def test_a_mailing_and_a_confirmation_from_start_to_end(
    world: factories.World, mailbox: MailboxClient, workers: None
) -> None:
    add_many(world.ours.mailing_list, 300)
    world.ours.mailing_list.active_count += 300
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.commit()

    # Both follow by themselves, without a sweep.
    def done() -> bool:
        db.session.refresh(dispatch)
        return dispatch.state is DispatchState.done and world.ours.mailing.state is MailingState.done

    wait_for(done)
    assert dispatch.accepted == 303
    assert mailbox.count() >= 303  # and one to each of those who are told that it is done
    mail = SystemMail(kind="reader_confirmation", recipient="new@readers.example.com", subject="確認", text="x")
    outbox.post(mail, customer_id=world.ours.customer.id, about="subscription 1")
    db.session.commit()
    wait_for(lambda: mailbox.count(recipient="new@readers.example.com") == 1)


def test_what_redis_forgot_the_sweep_rings_again(
    world: factories.World, mailbox: MailboxClient, workers: None, redis_url: str
) -> None:
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.info.pop("rings")  # Redis was gone at this moment
    dispatch.touched_at = dispatch.touched_at.replace(year=2025)
    db.session.commit()
    queue.ring_now(queue.SEND, "wem.delivery.jobs.sweep")

    def done() -> bool:
        db.session.refresh(dispatch)
        return dispatch.state is DispatchState.done

    wait_for(done)
    assert mailbox.count() >= 3


# What the children of a worker would import, each of them anew.
IMPORTED = """
import pkgutil, sys
import worker
from wem import schedule
worker.load(sys.argv[1:])
before = set(sys.modules)
with worker.app.app_context():
    for periodic in schedule.TIMETABLE:
        if periodic.queue in sys.argv[1:]:
            pkgutil.resolve_name(periodic.job)()
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("encodings.")))
"""


def test_jobs_find_everything_imported(app: Flask) -> None:
    settings = app.config["WEM"]
    environment = {field.name: str(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
    command = [sys.executable, "-c", IMPORTED, *queue.QUEUES]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
