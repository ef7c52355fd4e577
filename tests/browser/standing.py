"""A WeM that stands still: every page with a row of every kind in every state, and no worker that changes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from werkzeug.serving import WSGIRequestHandler, make_server

from tests import factories
from tests.conftest import settings_for_tests
from tests.invariants import stage as stages
from tests.invariants.stage import Stage
from wem import create_app
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.settings import ROOT


@dataclass
class Standing:
    app: Flask
    stage: Stage
    portal: str
    public: str
    newcomer: int  # owner of a customer that has nothing yet
    suspended: int  # owner of a customer whose service stands still
    suspended_contract: int


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@dataclass
class Served:
    """A WeM that this process serves itself: its clock is the test's, so a test can travel in time."""

    app: Flask
    portal: str
    public: str


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve an empty database on one port: the portal as localhost, the public origin as 127.0.0.1."""
    server = make_server("127.0.0.1", 0, Flask("later"), threaded=True, request_handler=Quiet)
    portal, public = (f"http://{host}:{server.server_port}" for host in ("localhost", "127.0.0.1"))
    app = create_app(settings_for_tests(folder, PORTAL_URL=portal, PUBLIC_URL=public))
    app.config.update(RATELIMIT_ENABLED=False)
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        db.session.remove()
    server.app = app
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Served(app, portal, public)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def standing_service(folder: Path) -> Iterator[Standing]:
    """Serve the filled database."""
    with served(folder) as service:
        with service.app.app_context():
            stage = stages.set_up()
            newcomer = factories.make_customer("合同会社はじめ", "hajime")
            factories.make_contract(newcomer, attested_uploads=True)
            suspended = factories.make_customer("株式会社おやすみ", "oyasumi")
            contract = factories.make_contract(suspended)
            mailing_list = factories.make_list(suspended, "町のたより", "news")
            factories.make_subscriber(mailing_list, "yasumi@readers.example.com")
            made = [
                factories.make_member(newcomer, name="新井 はじめ", email="owner@hajime.example.jp").id,
                factories.make_member(suspended, name="安見 肇", email="owner@oyasumi.example.jp").id,
                contract.id,
            ]
            contract.suspend(SuspensionGround.nonpayment, "", by=stage.admin.id)
            db.session.info.pop("rings", None)  # there is no Redis
            db.session.commit()
            db.session.remove()
        yield Standing(service.app, stage, service.portal, service.public, *made)
