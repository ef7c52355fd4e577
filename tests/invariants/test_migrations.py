"""One head; every migration goes up and down on both databases; the tables are what the models say, all named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy.dialects import postgresql

from tests.conftest import settings_for_tests
from wem import create_app, vault
from wem.db import Base, db
from wem.settings import ROOT

FOLDER = str(ROOT / "migrations")


def test_there_is_one_head() -> None:
    scripts = ScriptDirectory(FOLDER)
    assert len(scripts.get_heads()) == 1, "two people made a migration at once: put one after the other"
    assert len(scripts.get_bases()) == 1


def test_migrations_are_numbered() -> None:
    """A number is a name: what was made at the same time lands in any order, and `down_revision` says which."""
    scripts = ScriptDirectory(FOLDER)
    revisions = sorted(script.revision for script in scripts.walk_revisions())
    assert all(re.fullmatch("[0-9]{4}", revision) for revision in revisions)
    files = sorted(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
    assert [name[:4] for name in files] == revisions


def test_migrations_outlive_our_code() -> None:
    """A migration that imports the product breaks when the product moves on."""
    wrong = [
        path.name
        for path in (ROOT / "migrations" / "versions").glob("*.py")
        if re.search(r"^\s*(?:from|import) wem\b", path.read_text("utf-8"), re.M)
    ]
    assert not wrong, wrong


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database of its own that nothing has touched, in an application context."""
    changed = {}
    if request.param == "postgresql":
        changed["DATABASE_URL"] = _new_database(request.getfixturevalue("postgres_url"))
    app = create_app(settings_for_tests(tmp_path, **changed))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def _new_database(shared: str) -> str:
    """Return the address of a fresh database beside the tests' own; it goes with the server."""
    url = sa.make_url(shared)
    engine = sa.create_engine(shared, isolation_level="AUTOCOMMIT")
    name = f"{url.database}_migrations"
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}"'))
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names())


def fill() -> dict[str, int]:
    """Put one row into every table, each pointing to the one of the other table; returns how many rows each has."""
    metadata = sa.MetaData()
    metadata.reflect(db.engine)
    with db.engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(table.insert().values({column.name: some(column) for column in table.columns}))
    return counts()


def some(column: sa.Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer | sa.Numeric | sa.Float):
        return 1
    if isinstance(kind, sa.Interval | postgresql.INTERVAL):
        return timedelta(hours=1)
    if isinstance(kind, sa.DateTime):
        return datetime(2026, 4, 1, tzinfo=UTC)
    if isinstance(kind, sa.Date):
        return date(2026, 4, 1)
    if isinstance(kind, sa.JSON):
        return {}
    return b"x" if isinstance(kind, sa.LargeBinary) else "x"


def counts() -> dict[str, int]:
    with db.engine.connect() as connection:
        names = sorted(tables() - {"alembic_version"})
        return {name: connection.scalar(sa.text(f'SELECT count(*) FROM "{name}"')) or 0 for name in names}


def test_an_upgrade_keeps_every_row(bare: Flask) -> None:
    """From the tables that the first installations have."""
    upgrade(FOLDER, "0004")
    before = fill()
    db.engine.dispose()
    upgrade(FOLDER)
    after = counts()
    assert {name: after[name] for name in before if name in after} == {
        name: before[name] for name in before if name in after
    }
    assert set(before) <= set(after)


def test_up_down_up_and_no_drift(bare: Flask) -> None:
    upgrade(FOLDER)
    assert tables() == {table.name for table in Base.metadata.sorted_tables} | {"alembic_version"}
    assert drift() == []
    unnamed_or_odd()
    downgrade(FOLDER, revision="base")
    assert tables() <= {"alembic_version"}, "what goes up must come down"
    upgrade(FOLDER)
    assert drift() == []


def drift() -> list[object]:
    """Return what a new migration would have to change."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        return list(compare_metadata(context, Base.metadata))


def unnamed_or_odd() -> None:
    """Assert that every key, index and constraint in the database has a name to drop it by later."""
    inspector = sa.inspect(db.engine)
    for table in Base.metadata.sorted_tables:
        names = [
            inspector.get_pk_constraint(table.name)["name"],
            *(each["name"] for each in inspector.get_unique_constraints(table.name)),
            *(each["name"] for each in inspector.get_foreign_keys(table.name)),
            *(each["name"] for each in inspector.get_check_constraints(table.name)),
            *(each["name"] for each in inspector.get_indexes(table.name)),
        ]
        if db.engine.dialect.name == "sqlite" and table.dialect_options["sqlite"]["autoincrement"]:
            names.pop(0)  # SQLite writes AUTOINCREMENT only into the column, where a key has no name
        assert None not in names, f"{table.name} has a constraint without a name"
        wrong = [name for name in names if not re.match(r"(?:pk|uq|fk|ck|ix)_", str(name))]
        assert not wrong, f"{table.name}: {wrong} do not say what they are"
        # PostgreSQL cuts names at 63 bytes, and then two can be the same.
        assert all(len(str(name)) <= 63 for name in names)


def test_every_foreign_key_is_found_by_its_target() -> None:
    """Without an index each delete of a parent reads the whole child table; PostgreSQL makes none by itself."""
    bare_keys = []
    for table in Base.metadata.sorted_tables:
        indexed = [[column.name for column in index.columns] for index in table.indexes]
        indexed += [[column.name for column in table.primary_key.columns]]
        indexed += [
            [column.name for column in constraint.columns]
            for constraint in table.constraints
            if isinstance(constraint, sa.UniqueConstraint)
        ]
        for key in table.foreign_key_constraints:
            columns = [column.name for column in key.columns]
            # An index that begins with one of the columns finds the few rows.
            if not any(set(index[:1]) & set(columns) for index in indexed) and (table.name, columns[0]) not in NO_INDEX:
                bare_keys.append(f"{table.name}({', '.join(columns)})")
    assert not bare_keys, f"no index begins with {bare_keys}"


# (table, column): why deleting the parent may read the table.
NO_INDEX = {("upload", "customer_id"): "customers stay; their few uploads are found by the list"}


def test_text_enums_are_kept_by_value() -> None:
    """By member name the database would change with the code's spelling."""
    wrong = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, sa.Enum) and column.type.enum_class is not None:
                values = [member.value for member in column.type.enum_class]
                if column.type.enums != values or column.type.native_enum or column.type.length != 32:
                    wrong.append(f"{table.name}.{column.name}")
    assert not wrong, wrong


def test_moments_have_a_zone() -> None:
    wrong = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.DateTime)
    ]
    assert not wrong, f"use Moment (Mapped[datetime] gives it): {wrong}"


def test_0012_seals_the_account_numbers_that_are_there(bare: Flask) -> None:
    """With an application of the time before, beside rows of every table; and back again."""
    upgrade(FOLDER, "0011")
    before = fill()
    typed = {"name": "株式会社髙橋商店", "account_number": "0076543", "bank": "みずほ"}
    application = sa.table("application", sa.column("id"), sa.column("entries", sa.JSON()), sa.column("account_sealed"))
    with db.engine.begin() as connection:
        id = connection.scalar(sa.select(application.c.id))
        connection.execute(sa.update(application).values(entries=typed))
    upgrade(FOLDER, "0012")
    with db.engine.connect() as connection:
        row = connection.execute(sa.select(application)).one()
    assert row.entries == {"name": "株式会社髙橋商店", "bank": "みずほ"}
    assert vault.open_sealed(row.account_sealed, "application account", id) == b"0076543"
    assert {name: number for name, number in counts().items() if name in before} == before
    assert counts()["mandate"] == 0
    downgrade(FOLDER, revision="0013")
    with db.engine.connect() as connection:
        assert connection.execute(sa.select(application.c.entries)).scalar_one() == typed
