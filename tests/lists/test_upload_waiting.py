"""While an upload is worked on, whoever writes beside it waits a moment, never for the file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import World
from tests.lists.uploads import DATA, csv_of, received, work
from wem import audit
from wem.db import LOOK_EVERY_SECONDS, db, let_others_write, patience_seconds, reading_only
from wem.lists import upload_checking, upload_steps
from wem.lists.states import UploadState


@pytest.fixture
def write_beside(app: Flask) -> Callable[[], bool]:
    def write() -> None:
        patience_seconds.set(120)
        with app.app_context():
            with suppress(sa.exc.OperationalError):
                audit.record("test.write", by=None)
                db.session.commit()
                done.append(True)
            db.session.remove()

    done: list[bool] = []

    def beside() -> bool:
        """Write in a session of its own; returns whether it could before whoever works on went on."""
        before = len(done)
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        return len(done) > before

    return beside


def test_nobody_waits_while_the_file_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch, write_beside: Callable[[], bool]
) -> None:
    """The next frame comes from the file outside any transaction, also when a process of its own reads it."""
    went: list[bool] = []
    frames = upload_checking.ahead

    def slowly(items: Iterator[Any]) -> Iterator[Any]:
        for frame in frames(items):
            went.append(write_beside())
            yield frame

    monkeypatch.setattr(upload_checking, "ahead", slowly)
    monkeypatch.setattr(upload_checking, "LARGE", 100)
    monkeypatch.setattr(upload_checking, "FRAME", 100)
    assert work(received(world.ours, DATA / "readers-1000-utf8-bom.csv")).state is UploadState.checked
    assert went == [True] * 10


def test_nobody_waits_while_duplicates_are_sought(
    world: World, monkeypatch: pytest.MonkeyPatch, write_beside: Callable[[], bool]
) -> None:
    went: list[bool] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "OVER (PARTITION" in statement:
            assert reading_only.get()
            went.append(write_beside())

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        upload = work(received(world.ours, csv_of("a@x.example", "a@x.example")))
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert upload.duplicate == 1 and not reading_only.get()
    assert went and all(went)


@pytest.mark.parametrize(
    ("rows", "seconds", "then"), [(10_000, 0.5, 5_000), (1_000, 9, 1_000), (5_000, 0.2, 5_000), (6_000, 0.1, 10_000)]
)
def test_a_busy_machine_does_less_at_once(rows: int, seconds: float, then: int) -> None:
    assert upload_steps.paced(rows, seconds, 10_000) == then


def test_who_waits_gets_a_gap(app: Flask, world: World, write_beside: Callable[[], bool]) -> None:
    """Long work that takes the lock again and again leaves gaps that are met."""
    over = threading.Event()

    def long_work() -> None:
        with app.app_context():
            while not over.is_set():
                audit.record("test.long", by=None)
                db.session.flush()
                time.sleep(0.1)
                db.session.commit()
                let_others_write()
            db.session.remove()

    thread = threading.Thread(target=long_work)
    thread.start()
    try:
        assert all(write_beside() for _ in range(8))
    finally:
        over.set()
        thread.join()


def test_a_gap_is_as_long_as_two_looks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    let_others_write()
    assert slept == [2 * LOOK_EVERY_SECONDS]
    assert LOOK_EVERY_SECONDS < 0.1  # SQLite's own: it would meet a gap once in ten


def test_a_locked_database_is_said_in_the_end(app: Flask, world: World) -> None:
    audit.record("test.write", by=None)
    db.session.flush()
    found: list[BaseException] = []

    def write() -> None:
        patience_seconds.set(0)
        with app.app_context():
            try:
                db.session.execute(sa.select(1))
            except sa.exc.OperationalError as error:
                found.append(error)
            db.session.remove()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert "database is locked" in str(found)


def test_patience_is_spent_once(app: Flask, world: World) -> None:
    audit.record("test.write", by=None)
    db.session.flush()
    waited: list[float] = []

    def write() -> None:
        patience_seconds.set(1)
        with app.app_context():
            begun = time.monotonic()
            with pytest.raises(sa.exc.OperationalError):
                db.session.execute(sa.select(1))
            waited.append(time.monotonic() - begun)
            db.session.remove()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert waited and 1 <= waited[0] < 1.8
