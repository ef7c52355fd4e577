"""One application per test process, a fresh database per test, two customers in it: a leak has something to leak."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask_migrate import upgrade

from tests import factories
from tests.name_server import NameServer, running_name_server
from tests.not_run import chromium
from tests.page import Browser
from tests.worlds import KeptWorld, empty_tables, fill_tables, for_postgresql, keep_world, read_world, write_world
from wem import create_app
from wem.db import db
from wem.settings import ROOT, Settings
from wem.web.limits import limiter

PORTAL = "http://localhost:8000"
PUBLIC = "http://localhost:8001"


# How long an example takes says how busy the machine is, nothing of what is tested.
hypothesis.settings.register_profile("wem", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("wem")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_databases: runs on SQLite and on PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases")
        databases = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)] if both else ["sqlite"]
        metafunc.parametrize("database", databases, scope="session")


def settings_for_tests(var: Path, **changed: str) -> Settings:
    """Return settings that reach nothing outside `var` and loopback."""
    values = {
        "WEM_ENV": "testing",
        "VAR_DIR": str(var),
        "SECRET_KEY": "a secret for tests",
        "MASTER_KEY": "a master key for tests",
        "PORTAL_URL": PORTAL,
        "PUBLIC_URL": PUBLIC,
        "SMTP_PORT": "1",  # nothing listens here
        "INBOUND_SMTP_PORT": "0",
        "INBOUND_LMTP_PORT": "0",
        "MAILBOX_URL": "",
        "REDIS_URL": f"unix://{var}/no-redis.sock",
        "SQLITE_SYNCHRONOUS": "OFF",
        "SERVICE_DOMAIN": "mail.wem.example",
        "DNS_SERVERS": "127.0.0.1:1",  # nobody answers here
        "LOG_LEVEL": "ERROR",
    }
    return Settings(**{**values, **changed})


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of state of this test process."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="session")
def _name_server() -> Iterator[NameServer]:
    with running_name_server() as server:
        yield server


@pytest.fixture
def name_server(_name_server: NameServer) -> NameServer:
    """The name server that the application asks, with nothing in it."""
    _name_server.clear()
    return _name_server


@pytest.fixture(scope="session")
def _sqlite_app(var: Path, _name_server: NameServer) -> Flask:
    app = create_app(settings_for_tests(var, DNS_SERVERS=f"127.0.0.1:{_name_server.port}"))
    limiter.enabled = False  # every test comes from one address
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=True)
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        db.session.remove()
        db.engine.dispose()
    shutil.copy(var / "wem.sqlite3", var / "empty.sqlite3")
    return app


@pytest.fixture(scope="session")
def _postgresql_app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _name_server: NameServer
) -> Iterator[Flask]:
    url, servers = request.getfixturevalue("postgres_url"), f"127.0.0.1:{_name_server.port}"
    app = create_app(settings_for_tests(tmp_path_factory.mktemp("var-pg"), DATABASE_URL=url, DNS_SERVERS=servers))
    limiter.enabled = False
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        db.session.remove()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def put_file(folder: Path, name: str = "empty") -> None:
    """Put the empty SQLite database, or the one that holds the world, in the place of the application's."""
    db.engine.dispose()
    for rest in ("-wal", "-shm"):
        (folder / f"wem.sqlite3{rest}").unlink(missing_ok=True)
    shutil.copy(folder / f"{name}.sqlite3", folder / "wem.sqlite3")


@pytest.fixture
def app(request: pytest.FixtureRequest, database: str) -> Iterator[Flask]:
    """The application with an empty database, in an application context."""
    app: Flask = request.getfixturevalue(f"_{database}_app")
    filled = "world" in request.fixturenames
    if filled:
        request.getfixturevalue(f"_{database}_world")
    # A test may change settings; the next one is to find them as they were.
    right = app.config["WEM"]
    with app.app_context():
        db.session.remove()
        if database == "sqlite":
            put_file(app.config["WEM"].var, "world" if filled else "empty")
        else:
            empty_tables()
            if filled:
                fill_tables(request.getfixturevalue("_postgresql_world"))
        yield app
        db.session.rollback()
        db.session.remove()
    app.config["WEM"] = right


@pytest.fixture(scope="session")
def _sqlite_world(_sqlite_app: Flask) -> KeptWorld:
    with _sqlite_app.app_context():
        # The tests before the first that wants the world may have left rows, which would stand in it for ever.
        folder = _sqlite_app.config["WEM"].var
        put_file(folder)
        kept = keep_world()
        write_world(kept)
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.session.remove()
        shutil.copy(folder / "wem.sqlite3", folder / "world.sqlite3")
        return kept


@pytest.fixture(scope="session")
def _postgresql_world(_postgresql_app: Flask, _sqlite_world: KeptWorld) -> KeptWorld:
    with _postgresql_app.app_context():
        empty_tables()
        kept = for_postgresql(_sqlite_world)
        db.session.remove()
    return kept


@pytest.fixture
def world(request: pytest.FixtureRequest, app: Flask, database: str) -> factories.World:
    """Two customers with contracts, people, a list and readers each; a staff member, a partner."""
    return read_world(request.getfixturevalue(f"_{database}_world"))


@pytest.fixture
def browser_for(app: Flask) -> Callable[..., Browser]:
    """Return a browser signed in as an account (or nobody), on the portal or the public origin."""

    def make(account: Any = None, *, origin: str = PORTAL) -> Browser:
        browser = Browser(app, origin)
        if account is not None:
            browser.sign_in(account)
        return browser

    return make


@pytest.fixture
def public(browser_for: Callable[..., Browser]) -> Browser:
    """A browser of an end user: the public origin, no sign-in."""
    return browser_for(origin=PUBLIC)


os.environ.setdefault("WEM_ENV", "testing")


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """Chromium for one file of tests: a loop of Playwright that goes on makes `asyncio.run` fail in later files."""
    from playwright.sync_api import sync_playwright

    # Drawing in a process of its own, on an emulated GPU, takes a tenth more of the processor.
    plain = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--in-process-gpu"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=plain)
        yield browser
        browser.close()
