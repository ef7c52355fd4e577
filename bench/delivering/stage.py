"""An installation of its own in a temporary folder: database, Redis, a customer with readers, mailings to send."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from bench.delivering import content, databases
from bench.delivering.databases import Database
from bench.delivering.disks import SmallDisk
from tests import factories
from wem import clock, create_app
from wem.db import db
from wem.hashing import address_hasher
from wem.lists.models import MailingList
from wem.lists.states import SubscriptionState, Way
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailings import expanding, starting
from wem.mailings.models import Mailing
from wem.running import redis_server
from wem.settings import ROOT, Settings

DOMAIN = "readers.example.com"
PORTION = 20_000


def settings_of(folder: Path, database: Database, **changed: str) -> Settings:
    """Return the product's settings; those that this version does not know yet are left out."""
    values = {
        "WEM_ENV": "testing",
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": database.url,
        "REDIS_URL": f"unix://{folder}/redis.sock",
        "SECRET_KEY": "a secret for benchmarks",
        "MASTER_KEY": "a master key for benchmarks",
        "SERVICE_DOMAIN": "mail.wem.example",
        "MAILBOX_URL": "",
        "LOG_LEVEL": "ERROR",
    }
    known = {field.name for field in dataclasses.fields(Settings)}
    return Settings(**{name: value for name, value in {**values, **changed}.items() if name in known})


class Redis:
    """The queue's Redis, as `bin/run` starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/redis.sock"
        self.start()

    def start(self) -> None:
        program = redis_server.program(redis_server.find_server(), self.folder / "redis.sock", self.folder / "redis")
        self.process = subprocess.Popen(program.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not redis_server.answers(self.url):
            if time.monotonic() > deadline:
                raise RuntimeError("Redis does not start")
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclasses.dataclass
class Stage:
    """What a benchmark plays on. Everything in it runs, and is gone after `staged`."""

    folder: Path
    database: Database
    redis: Redis
    app: Flask
    disk: SmallDisk | None = None

    @property
    def settings(self) -> Settings:
        loaded: Settings = self.app.config["WEM"]
        return loaded

    def change(self, **changed: str) -> None:
        """Change settings for what is started from now on."""
        known = {field.name for field in dataclasses.fields(Settings)}
        kept = {name: value for name, value in changed.items() if name in known}
        self.app.config["WEM"] = dataclasses.replace(self.settings, **kept)


@contextmanager
def staged(database: str, *, var: Path | None = None, disk: int = 0, **settings: str) -> Iterator[Stage]:
    """Make an installation with empty tables and take it down at the end; raises NotHere.

    With `disk` the database lies on a disk of so many megabytes.
    """
    logging.disable(logging.WARNING)
    # Who is told to stop leaves nothing behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A short path: sockets have room for about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="wem-bench-", dir=var or "/tmp"))
    running: list[Database | Redis | SmallDisk] = []
    small = None
    try:
        if disk:
            folder.chmod(0o755)
            running.append(small := SmallDisk(folder / ("var" if database == "sqlite" else "pg"), disk))
        (folder / "var").mkdir(exist_ok=True)
        running.append(made := databases.make(database, folder))
        running.append(redis := Redis(folder))
        app = create_app(settings_of(folder, made, **settings))
        with app.app_context():
            upgrade(str(ROOT / "migrations"))
            db.session.remove()
            yield Stage(folder, made, redis, app, small)
            db.session.remove()
            db.engine.dispose()
    finally:
        for each in reversed(running):
            each.stop()
        shutil.rmtree(folder, ignore_errors=True)


def make_list(readers: int, name: str = "株式会社髙橋商店", slug: str = "takahashi") -> MailingList:
    """Return a list of a new customer with so many readers, five fields each. Commits."""
    customer = factories.make_customer(name, slug)
    factories.make_contract(customer)
    mailing_list = factories.make_list(customer, "お得情報", "news")
    for label in content.FIELDS:
        factories.make_field(customer, label)
    db.session.commit()
    for first in range(0, readers, PORTION):
        _add_readers(mailing_list, slug, range(first, min(first + PORTION, readers)))
    mailing_list.active_count = readers
    db.session.commit()
    _analyze()
    return mailing_list


def _add_readers(mailing_list: MailingList, slug: str, numbers: range) -> None:
    hashed, at = address_hasher(), clock.now()
    addresses = [f"{slug}.{number}@{DOMAIN}" for number in numbers]
    customer_id = mailing_list.customer_id
    db.session.execute(
        sa.insert(Subscriber),
        [
            {
                "customer_id": customer_id,
                "address": address,
                "address_key": address,
                "address_hash": hashed(address),
                "fields": content.fields_of(number),
                "active_count": 1,
            }
            for number, address in zip(numbers, addresses, strict=True)
        ],
    )
    has_row = sa.exists().where(Subscription.subscriber_id == Subscriber.id, Subscription.list_id == mailing_list.id)
    columns = ["customer_id", "list_id", "subscriber_id", "state", "way", "created_at", "confirmed_at"]
    values = (
        sa.literal(customer_id),
        sa.literal(mailing_list.id),
        Subscriber.id,
        sa.literal(SubscriptionState.active.value),
        sa.literal(Way.form.value),
        sa.literal(at),
        sa.literal(at),
    )
    chosen = sa.select(*values).where(Subscriber.customer_id == customer_id, ~has_row).order_by(Subscriber.id)
    db.session.execute(sa.insert(Subscription).from_select(columns, chosen))
    db.session.commit()


def _analyze() -> None:
    db.session.execute(sa.text("ANALYZE"))
    db.session.commit()


def make_mailing(mailing_list: MailingList, links: int = 20) -> Mailing:
    """Return a mailing to the list, about 14 KB on the wire. Commits."""
    mailing = factories.make_mailing(
        mailing_list,
        subject=content.SUBJECT,
        html=content.html(links),
        text=content.text(links),
        text_edited=True,
    )
    db.session.commit()
    return mailing


def snapshot(mailing: Mailing) -> tuple[int, float]:
    """Start the mailing and write its audience down, by the product's own code; returns dispatch and seconds."""
    begun = time.perf_counter()
    dispatch = starting.start(mailing, by=None)
    number = int(dispatch.id)
    db.session.commit()
    while expanding.expand_until(number, time.monotonic() + 50):
        pass
    seconds = time.perf_counter() - begun
    db.session.commit()
    return number, seconds
