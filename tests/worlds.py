"""The world of the tests as rows: made once in a process, then only written into each test's empty database.

Making it anew took a tenth of a second, 2,400 times.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import sqlalchemy as sa

from tests import factories
from wem.db import Base, db

# To truncate every table takes ten times as long as to delete the few rows of a test. In this role neither foreign keys
# nor triggers that keep rows unchanged are asked.
EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        IF pg_relation_size(quote_ident(name)::regclass) > 1000000 THEN
            EXECUTE format('TRUNCATE %I CASCADE', name);
        ELSIF pg_relation_size(quote_ident(name)::regclass) > 0 THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
        FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


@dataclass(frozen=True)
class KeptWorld:
    """The rows of each table, and the world with (class, primary key) where its objects stood."""

    rows: list[tuple[sa.Table, list[dict[str, Any]]]]
    keys: Any


def empty_tables() -> None:
    """Remove all rows from the application's PostgreSQL database and let its numbers begin again."""
    with db.engine.begin() as connection:
        connection.execute(sa.text(EMPTY))


def keep_world() -> KeptWorld:
    """Make the world in the empty database of the application, return it as rows, and take it back."""
    made = factories.world()
    db.session.flush()
    rows = []
    for table in Base.metadata.sorted_tables:
        stored = [column for column in table.columns if column.computed is None]
        found = [dict(row._mapping) for row in db.session.execute(sa.select(*stored).order_by(*table.primary_key))]
        if found:
            rows.append((table, found))
    keys = _keys_of(made)
    db.session.rollback()
    return KeptWorld(rows, keys)


def write_world(kept: KeptWorld) -> factories.World:
    """Write the rows into the empty database of the application, commit, and return the world."""
    for table, rows in kept.rows:
        db.session.execute(table.insert(), rows)
    if db.engine.dialect.name == "postgresql":
        _count_on(kept)
    return read_world(kept)


def read_world(kept: KeptWorld) -> factories.World:
    """Return the world of a database in which its rows stand, and commit."""
    world: factories.World = _objects_of(kept.keys)
    db.session.commit()  # on SQLite an open transaction keeps all others from writing
    return world


def _count_on(kept: KeptWorld) -> None:
    """Set the sequences past the rows: these came with their ids."""
    numbered = {table.name: rows[-1]["id"] for table, rows in kept.rows if isinstance(rows[-1].get("id"), int)}
    db.session.execute(
        sa.text(
            "SELECT setval(pg_get_serial_sequence(name, 'id'), last)"
            " FROM unnest(CAST(:names AS text[]), CAST(:lasts AS bigint[])) AS t(name, last)"
        ),
        {"names": list(numbered), "lasts": list(numbered.values())},
    )


def _keys_of(value: Any) -> Any:
    if isinstance(value, list):
        return [_keys_of(part) for part in value]
    if is_dataclass(value) and not isinstance(value, Base):
        return type(value), {field.name: _keys_of(getattr(value, field.name)) for field in fields(value)}
    return type(value), sa.inspect(value).identity


def _objects_of(keys: Any) -> Any:
    if isinstance(keys, list):
        return [_objects_of(part) for part in keys]
    kind, inner = keys
    if isinstance(inner, dict):
        return kind(**{name: _objects_of(part) for name, part in inner.items()})
    return db.session.get_one(kind, inner)
