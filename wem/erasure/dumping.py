"""Takes the database into a file and back: SQLite by itself, PostgreSQL by its own tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import sqlalchemy as sa

from wem.db import db

SQLITE, POSTGRES = "database.sqlite3", "database.dump"


class Failed(Exception):
    """The database could not be taken or brought back; the message says why."""


def file_name() -> str:
    return POSTGRES if db.engine.dialect.name == "postgresql" else SQLITE


def take(target: Path) -> None:
    """Write the database as it stands at one moment into a file. Raises Failed."""
    if db.engine.dialect.name == "postgresql":
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
        return
    db.session.rollback()
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        # One consistent copy, without what was deleted.
        driver.execute("VACUUM INTO ?", (str(target),))
    with sa.create_engine(f"sqlite:///{target}").connect() as copy:
        said = copy.execute(sa.text("PRAGMA quick_check")).scalar()
    if said != "ok":
        raise Failed(f"the copy of the database is damaged: {said}")


def bring_back(source: Path) -> None:
    """Put the database of a backup in the place of the present one. Raises Failed."""
    if db.engine.dialect.name == "postgresql":
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        db.engine.dispose()
        _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", _dbname(), str(source))
        return
    place = db.engine.url.database
    assert place is not None
    db.session.remove()
    db.engine.dispose()
    for rest in ("-wal", "-shm"):
        Path(place + rest).unlink(missing_ok=True)
    fresh = Path(place + ".restored")
    shutil.copyfile(source, fresh)
    fresh.chmod(0o600)
    fresh.replace(place)


def revision() -> str:
    """Return the revision of the tables."""
    return str(db.session.scalar(sa.text("SELECT version_num FROM alembic_version")) or "")


def is_empty() -> bool:
    """Return whether nobody is in the database that would be lost."""
    if not sa.inspect(db.engine).has_table("account"):
        return True
    return not db.session.scalar(sa.text("SELECT EXISTS (SELECT 1 FROM account)"))


def _dbname() -> str:
    return f"--dbname={db.engine.url.database}"


def _run(tool: str, *arguments: str) -> None:
    """Run a tool of PostgreSQL against our database; the password goes by the environment, where nobody reads it."""
    url = db.engine.url
    given: dict[str, object] = {"PGPORT": url.query.get("port", url.port), "PGUSER": url.username}
    given |= {"PGHOST": url.query.get("host", url.host), "PGPASSWORD": url.password, "PGDATABASE": url.database}
    environment = {**os.environ, **{name: str(value) for name, value in given.items() if value}}
    program = shutil.which(tool)
    if program is None:
        raise Failed(f"{tool} is not on PATH; it comes with PostgreSQL's client programs")
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, check=False)
    if done.returncode:
        raise Failed(f"{tool}: {done.stderr.decode('utf-8', 'replace').strip()[-500:]}")
