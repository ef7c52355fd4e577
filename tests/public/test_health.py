"""What watches over WeM is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from wem.db import db


@pytest.mark.both_databases
@pytest.mark.parametrize("host", ["localhost:8000", "localhost:8001", "127.0.0.1:8000"])
def test_ready_without_redis(app: Flask, host: str) -> None:
    client = app.test_client()
    assert client.get("/healthz", headers={"Host": host}).status_code == 200
    answer = client.get("/readyz", headers={"Host": host})
    assert (answer.status_code, answer.json) == (200, {"database": "ok", "redis": "away"})
    assert "Set-Cookie" not in answer.headers


def test_not_ready_without_the_database(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> Callable[..., object]:
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(db.engine.pool, "connect", gone)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"database": "away", "redis": "away"})


def test_not_ready_without_tables(app: Flask) -> None:
    db.session.execute(sa.text("ALTER TABLE customer RENAME TO gone"))
    db.session.commit()
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"database": "no tables", "redis": "away"})
