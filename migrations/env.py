"""How Alembic finds our tables and writes their types."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection

from wem.db import Json, Moment, Small, db


def plain_types(kind: str, thing: Any, _context: Any) -> str | bool:
    """Write our own column types as what the database sees: a migration must outlive our code."""
    if kind == "type" and isinstance(thing, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, Small):
        return "sa.SmallInteger()"
    if kind == "type" and thing is Json:
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


@contextmanager
def without_foreign_keys(connection: Connection) -> Iterator[None]:
    """On SQLite a table is changed by making it anew. To drop the old one would delete every row that points to it, or
    be refused, so keys are looked at only when all is done. Must be entered before a transaction begins."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        if broken := driver.execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError(f"the migration leaves rows that point nowhere: {broken[:10]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    options = dict(current_app.extensions["migrate"].configure_args)
    options.update(render_item=plain_types, user_module_prefix="")
    if context.is_offline_mode():
        context.configure(
            url=db.engine.url,
            target_metadata=db.metadata,
            literal_binds=True,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()
        return
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=db.metadata, **options)
        with without_foreign_keys(connection), context.begin_transaction():
            context.run_migrations()


run()
