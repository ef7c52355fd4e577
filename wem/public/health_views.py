"""What watches over WeM asks: does the process answer, can it work."""

from __future__ import annotations

import redis
import sqlalchemy as sa

from wem import queue
from wem.db import db
from wem.web.blueprints import OpenBlueprint
from wem.web.origins import Origin

blueprint = OpenBlueprint("health", __name__, origin=Origin.both)


@blueprint.get("/healthz")
def alive() -> dict[str, str]:
    """Answer 200 as long as the process does."""
    return {"process": "ok"}


@blueprint.get("/readyz")
def ready() -> tuple[dict[str, str], int]:
    """Answer 200 when the database answers and holds our tables, else 503.

    A Redis that is away is named but no reason to take the pages down: what it would carry is found in the database.
    """
    said = {"database": "ok", "redis": "ok"}
    try:
        db.session.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError:
        db.session.rollback()
        said["database"] = "away"
    if said["database"] == "ok" and not _has_tables():
        said["database"] = "no tables"
    try:
        queue.connection().ping()
    except redis.RedisError:
        said["redis"] = "away"
    return said, 200 if said["database"] == "ok" else 503


def _has_tables() -> bool:
    try:
        db.session.execute(sa.text("SELECT 1 FROM customer LIMIT 1"))
    except sa.exc.SQLAlchemyError:
        db.session.rollback()
        return False
    return True
