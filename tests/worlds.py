"""The world of the tests as rows: made once in a process, then only written into each test's empty database.

Making it anew took a tenth of a second, 2,400 times; asking for its objects one by one, a fortieth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

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
    again: str = ""  # what writes the rows into PostgreSQL


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


def write_world(kept: KeptWorld) -> None:
    """Write the rows into the empty database of the application, and commit."""
    for table, rows in kept.rows:
        db.session.execute(table.insert(), rows)
    db.session.commit()


def for_postgresql(kept: KeptWorld) -> KeptWorld:
    """Return the same with what writes all rows into PostgreSQL at once; leaves its database filled.

    Nothing of it stays in the database, which a test may save and bring back.
    """
    write_world(kept)
    asked = ["DO $kept$ BEGIN SET LOCAL session_replication_role = replica"]
    for table, rows in kept.rows:
        numbers = ", ".join(f'"{column.name}"' for column in table.primary_key)
        row = f'SELECT quote_literal(t::text) FROM public."{table.name}" AS t ORDER BY {numbers}'
        values = ", ".join(f'({each}::public."{table.name}")' for each in db.session.scalars(sa.text(row)))
        names = [f'"{name}"' for name in rows[0]]
        parts = ", ".join(f"(t).{name}" for name in names)
        asked.append(
            f'INSERT INTO public."{table.name}" ({", ".join(names)}) SELECT {parts} FROM (VALUES {values}) v(t)'
        )
        if isinstance(last := rows[-1].get("id"), int):
            # The rows come with their ids: the next one is to be another.
            asked.append(f"""PERFORM setval(pg_get_serial_sequence('public."{table.name}"', 'id'), {last})""")
    return replace(kept, again="; ".join([*asked, "END $kept$"]))


def fill_tables(kept: KeptWorld) -> None:
    """Write the rows into the application's empty PostgreSQL database, with one request to the server."""
    with db.engine.begin() as connection:
        connection.execution_options(no_parameters=True).exec_driver_sql(kept.again)


def read_world(kept: KeptWorld) -> factories.World:
    """Return the world of a database in which its rows stand. Its objects are as after a commit: what is asked of them
    is read from the database then."""
    world: factories.World = _objects_of(kept.keys)
    db.session.commit()
    return world


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
    return _of_row(kind, inner)


def _of_row(kind: Any, identity: tuple[Any, ...]) -> Any:
    """Return the session's object of a row that is known to be there, without asking the database: that took nine
    tenths of what a test with a world needs before it begins."""
    mapper = sa.inspect(kind)
    found = db.session().identity_map.get(mapper.identity_key_from_primary_key(identity))
    if found is None:
        found = mapper.class_manager.new_instance()
        for column, value in zip(mapper.primary_key, identity, strict=True):
            set_committed_value(found, mapper.get_property_by_column(column).key, value)
        make_transient_to_detached(found)
        db.session.add(found)
    return found
