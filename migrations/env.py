"""How Alembic finds our tables and writes their types."""

from typing import Any

from alembic import context
from flask import current_app

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
        with context.begin_transaction():
            context.run_migrations()


run()
