"""The two databases for a benchmark, with what makes their commits survive a loss of power."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg

from tests import postgres

SECONDS = 60


class NotHere(Exception):
    """Something that the benchmark needs is not on this machine; the message says what to type."""


class Sqlite:
    """The file in VAR_DIR, opened as the product opens it (synchronous=FULL)."""

    name = "sqlite"
    pid: int | None = None

    def __init__(self, folder: Path) -> None:
        self.file = folder / "var" / "wem.sqlite3"
        self.url = ""

    def size(self) -> int:
        """Return the bytes on disk, the log included."""
        return sum(path.stat().st_size for path in self.file.parent.glob("wem.sqlite3*"))

    def stop(self) -> None:
        pass


class Postgres:
    """An embedded PostgreSQL with its own defaults: every commit is on disk before it is answered."""

    name = "postgres"

    def __init__(self, folder: Path) -> None:
        """Set it up and start it in an empty folder with a short path; raises NotHere."""
        if reason := postgres.missing():
            raise NotHere(f"PostgreSQL is not to be had: {reason}")
        self.folder = folder / "pg"
        self.folder.mkdir(mode=0o755, exist_ok=True)
        found = postgres.binaries()
        assert found is not None
        self.binaries = found
        self.who: dict[str, Any] = {}
        if os.geteuid() == 0:
            who = postgres.other_user()
            assert who is not None
            folder.chmod(0o755)
            self.binaries = postgres.readable_binaries(found, self.folder, who)
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self.who = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        self.log = (self.folder / "server.log").open("w")
        initdb = [self.binaries / "initdb", "-D", self.folder / "data", "-U", "wem", "-A", "trust", "-E", "UTF8"]
        if self._run([*initdb, "--no-locale", "--no-sync"]).wait():
            raise NotHere(f"PostgreSQL cannot be set up: {(self.folder / 'server.log').read_text()}")
        self.start()
        with self._connect("postgres") as connection:
            connection.execute("CREATE DATABASE wem")
        self.url = f"postgresql+psycopg://wem@/wem?host={self.folder}"

    @property
    def pid(self) -> int:
        return self.server.pid

    def start(self) -> None:
        """Start the server and wait until it answers; after a crash that is after its recovery."""
        options = ["-k", self.folder, "-c", "listen_addresses=", "-c", "max_connections=200"]
        self.server = self._run([self.binaries / "postgres", "-D", self.folder / "data", *options])
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self._connect("postgres").close()
                return
            except psycopg.OperationalError:
                if self.server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def crash(self) -> None:
        """Stop at once, as `pg_ctl stop -m immediate`: nothing is finished, nothing is written."""
        self.server.send_signal(3)  # SIGQUIT
        self.server.wait()

    def size(self) -> int:
        with self._connect("wem") as connection:
            connection.execute("CHECKPOINT")
            row = connection.execute("SELECT pg_database_size('wem')").fetchone()
        assert row is not None
        return int(row[0])

    def keep(self) -> None:
        """Start it again if it has ended, as its supervisor would."""
        if self.server.poll() is not None:
            self.start()

    def stop(self) -> None:
        if self.server.poll() is None:
            self.crash()
        self.log.close()

    def _connect(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(f"host={self.folder} user=wem dbname={name}", connect_timeout=2, autocommit=True)

    def _run(self, command: list[Any]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={"LC_ALL": "C", "PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **self.who,
        )


Database = Sqlite | Postgres


def make(name: str, folder: Path) -> Database:
    """Return the database of that name, running; raises NotHere."""
    return Postgres(folder) if name == "postgres" else Sqlite(folder)
