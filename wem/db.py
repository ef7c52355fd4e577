"""The base of all tables: constraint names, column types, the session and how SQLite is opened."""

from __future__ import annotations

import enum
import sqlite3
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase

from wem.clock import JAPAN

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(sa.TypeDecorator[datetime]):
    """A point in time: aware in Python (Asia/Tokyo), UTC in the database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        return value.astimezone(JAPAN)


class Small(sa.TypeDecorator[Any]):
    """An IntEnum kept as a small integer, for tables of millions of rows."""

    impl = sa.SmallInteger
    cache_ok = True

    def __init__(self, kind: type[enum.IntEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else self.kind(value)


Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
# SQLite numbers rows by itself only where the type is INTEGER.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map = {
        datetime: Moment(),
        dict[str, Any]: Json,
        list[Any]: Json,
        # Without this a text enum would be stored by member name, in a column as long as today's longest.
        enum.StrEnum: sa.Enum(
            enum.StrEnum, native_enum=False, length=32, values_callable=lambda kind: [member.value for member in kind]
        ),
    }


# Models stand on the plain Base; the extension gives the session and shares the tables.
db = SQLAlchemy(metadata=Base.metadata)

# On SQLite a transaction that may write takes the write lock when it begins: a read that later turns into a write
# fails at once when somebody wrote in between. Page views only read and must not wait for writers.
reading_only: ContextVar[bool] = ContextVar("reading_only", default=False)
# Who waits for the write lock looks so often. SQLite itself would look every 100 ms and miss the gaps of long work.
LOOK_EVERY_SECONDS = 0.005
PATIENCE_SECONDS = 30.0
# How long this context waits for the write lock.
patience_seconds: ContextVar[float] = ContextVar("patience_seconds", default=PATIENCE_SECONDS)
ROOMY_LOG_PAGES = 16_000  # 64 MB
SMALL_MEMORY_BYTES = 16 * 1024 * 1024


def open_as_we_need(engine: Engine, synchronous: str) -> None:
    """Set up the SQLite connections of an engine: write-ahead log, foreign keys, patient writers."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            # What is erased is gone from the file too, not only from the tables (同意6).
            "secure_delete=ON",
            f"busy_timeout={PATIENCE_SECONDS * 1000:.0f}",
            "cache_size=-65536",
            "temp_store=MEMORY",
            # Long work writes its own log back; nobody else is to pay for it in a commit.
            f"wal_autocheckpoint={2 * ROOMY_LOG_PAGES}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if reading_only.get():
            connection.exec_driver_sql("BEGIN")
        else:
            _take_turn(connection)


def _take_turn(connection: Connection) -> None:
    """Begin a transaction that may write as soon as nobody else writes; raises OperationalError when that lasts."""
    driver: Any = connection.connection.driver_connection
    until = time.monotonic() + patience_seconds.get()
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                # The kind stands above the code: while a log is recovered, for example.
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= until:
                # Says in SQLAlchemy's words what is wrong.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            time.sleep(LOOK_EVERY_SECONDS)
    finally:
        driver.execute(f"PRAGMA busy_timeout={PATIENCE_SECONDS * 1000:.0f}")


def quote_no_values(engine: Engine) -> None:
    """Take out of PostgreSQL's errors what quotes rows: it would stand in the log, and rows hold readers' addresses."""

    @event.listens_for(engine, "handle_error")
    def failed(context: sa.engine.ExceptionContext) -> None:
        error, wrapped = context.original_exception, context.sqlalchemy_exception
        primary = getattr(getattr(error, "diag", None), "message_primary", None)
        if primary and wrapped:
            error.args = (primary,)
            wrapped.args = (f"({type(error).__module__}.{type(error).__qualname__}) {primary}",)


def keep_memory_small() -> None:
    """Bound what all connections of this process keep of an SQLite database in memory together.

    Each may keep 64 MB, which is right for the one that writes a million rows; a sender has five of them and reads
    every row once, and the system keeps the file in memory anyway.
    """
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA soft_heap_limit={SMALL_MEMORY_BYTES}")


def look_at_sizes(*tables: str) -> None:
    """Have SQLite see how full these tables are now: it goes by what it saw last, and reads all of a table that it
    believes to be small. PostgreSQL looks by itself. Commits."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(sa.text("PRAGMA analysis_limit=400"))
        for table in tables:
            db.session.execute(sa.text(f"ANALYZE {table}"))
        db.session.commit()


def let_others_write() -> None:
    """Leave a gap between two transactions of long work, so that whoever waits for SQLite's write lock gets it."""
    if db.engine.dialect.name == "sqlite":
        time.sleep(2 * LOOK_EVERY_SECONDS)


def insert_ignoring(table: Any) -> Any:
    """Return an INSERT that leaves rows alone that are there already; for the database in use."""
    from_dialect = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    return from_dialect(table).on_conflict_do_nothing()


def driver_connection() -> Any:
    """Return a connection of the driver without session, and without transaction until one is begun; the caller closes
    it. For what is asked hundreds of times a second: there SQLAlchemy costs more than the database."""
    kept = db.engine.raw_connection()
    connection: Any = kept.driver_connection
    assert connection is not None
    kept.detach()
    if db.engine.dialect.name == "postgresql":
        connection.autocommit = True
    return connection


def driver_error() -> type[Exception]:
    """Return what such a connection raises."""
    found: type[Exception] = db.engine.dialect.loaded_dbapi.Error
    return found
