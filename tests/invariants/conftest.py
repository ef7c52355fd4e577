"""One crawl over all pages for all tests that judge answers; a filled database for those that act themselves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from tests.invariants import stage as stages
from tests.invariants.crawling import Crawl, Crawler
from tests.invariants.database import Watch
from tests.invariants.stage import Stage
from wem.db import db


def put_in_place(app: Flask, copy: Path) -> None:
    """Make a copy of a database file the application's database."""
    db.session.remove()
    db.engine.dispose()
    folder = app.config["WEM"].var
    for rest in ("-wal", "-shm"):
        (folder / f"wem.sqlite3{rest}").unlink(missing_ok=True)
    shutil.copy(copy, folder / "wem.sqlite3")


@pytest.fixture(scope="session")
def whole_app(request: pytest.FixtureRequest) -> Flask:
    """The application, for what asks no database."""
    app: Flask = request.getfixturevalue("_sqlite_app")
    return app


@pytest.fixture(scope="session")
def staged(whole_app: Flask) -> Stage:
    """What the filled database holds, made once; a copy of the file is kept beside it."""
    folder = whole_app.config["WEM"].var
    with whole_app.app_context():
        put_in_place(whole_app, folder / "empty.sqlite3")
        stage = stages.set_up()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.session.remove()
        shutil.copy(folder / "wem.sqlite3", folder / "staged.sqlite3")
    return stage


@pytest.fixture(scope="session")
def crawl(whole_app: Flask, staged: Stage) -> Crawl:
    """Every answer of every page to everybody who may open it."""
    with whole_app.app_context():
        put_in_place(whole_app, whole_app.config["WEM"].var / "staged.sqlite3")
        with closing(Crawler(whole_app, staged)) as crawler:
            return crawler.run()


@pytest.fixture
def stage(staged: Stage, app: Flask) -> Stage:
    """Two customers with a row of every kind in every state."""
    put_in_place(app, app.config["WEM"].var / "staged.sqlite3")
    return staged


@pytest.fixture
def no_error_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals come without their page: thousands of requests are refused here for their status, and to write the page,
    which is always the same, took more than to refuse. The crawl and tests/web look at these pages."""
    monkeypatch.setattr("wem.web.errors.render_template", lambda *_names, **_values: "")


@pytest.fixture
def watch(stage: Stage) -> Iterator[Watch]:
    """What tells whether the database has changed."""
    with closing(Watch()) as watching:
        yield watching
