"""`bin/.prepare`: what it says when something is missing, and when it installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "env", "cat", "dirname", "find", "flock", "grep", "sed", "sha256sum", "tail", "rm")

OLD = """#!/bin/sh
case "$2" in *print*) echo 3.9 ;; *) exit 1 ;; esac
"""
WITHOUT_VENV = f"""#!/bin/sh
case "$2" in *"import venv"*) exit 1 ;; *) exec {sys.executable} "$@" ;; esac
"""
BROKEN = """#!/bin/sh
echo "pyenv: python3.11: command not found" >&2
exit 127
"""
GOOD = f"""#!/bin/sh
exec {getattr(sys, "_base_executable", sys.executable)} "$@"
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout that holds the entry point and its pins only, with a PATH of its own in `path/`."""
    shutil.copytree(ROOT / "bin", tmp_path / "clone" / "bin")
    (tmp_path / "clone" / "requirements.txt").write_text("# nothing\n")
    (tmp_path / "clone" / "wem" / "running").mkdir(parents=True)
    (tmp_path / "clone" / "wem" / "running" / "__main__.py").write_text("print('runs')\n")
    (tmp_path / "path").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "path" / tool).symlink_to(found)
    return tmp_path


def python(fresh: Path, name: str, text: str) -> None:
    """Put an interpreter on the PATH."""
    (fresh / "path" / name).write_text(text)
    (fresh / "path" / name).chmod(0o755)


def run(fresh: Path, *arguments: str, name: str = "run", **environ: str) -> subprocess.CompletedProcess[str]:
    """Do what a newcomer does, from another folder and with an empty home."""
    (fresh / "home").mkdir(exist_ok=True)
    return subprocess.run(
        [fresh / "clone" / "bin" / name, *arguments],
        capture_output=True,
        text=True,
        cwd=fresh,
        env={"PATH": str(fresh / "path"), "HOME": str(fresh / "home"), "LANG": "C.UTF-8", **environ},
        check=False,
    )


@pytest.mark.parametrize(
    ("interpreters", "line"),
    [
        ({}, "WeM: Python 3.11 or newer is missing. Type: sudo apt-get install python3 python3-venv"),
        (
            {"python3": OLD},
            "WeM: Python 3.9 is too old; 3.11 or newer is needed. Type: sudo apt-get install python3.11-venv",
        ),
        (
            {"python3": WITHOUT_VENV},
            "WeM: Python's venv module is missing. Type: sudo apt-get install python3-venv",
        ),
        (
            {"python3.11": BROKEN, "python3": OLD, "python3.12": WITHOUT_VENV},
            "WeM: Python's venv module is missing. Type: sudo apt-get install python3-venv",
        ),
    ],
    ids=["no python", "old python", "no venv", "several, none good"],
)
def test_one_line_says_what_is_missing(fresh: Path, interpreters: dict[str, str], line: str) -> None:
    for name, text in interpreters.items():
        python(fresh, name, text)
    done = run(fresh)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [line]
    assert done.stdout == ""
    assert not (fresh / "clone" / ".venv").exists()


@pytest.mark.parametrize("name", ["run", "test", "check", "wem"])
def test_help_installs_nothing(fresh: Path, name: str) -> None:
    done = run(fresh, "--help", name=name)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(f"usage: bin/{name}")
    assert not (fresh / "clone" / ".venv").exists()


def test_installs_once_and_repairs(fresh: Path) -> None:
    python(fresh, "python3.11", BROKEN)
    python(fresh, "python3", GOOD)
    environment = fresh / "clone" / ".venv"
    log = environment / "install.log"

    first = run(fresh)
    assert (first.returncode, first.stdout) == (0, "runs\n"), first.stderr
    assert first.stderr.startswith("Installing the packages of requirements.txt")

    log.write_text("untouched")
    again = run(fresh)
    assert (again.returncode, again.stdout, again.stderr) == (0, "runs\n", "")
    assert log.read_text() == "untouched"

    (fresh / "clone" / "requirements.txt").write_text("# nothing, otherwise\n")
    assert run(fresh).returncode == 0
    assert log.read_text() != "untouched"

    # Cut off in the middle: no stamp, no pip.
    (environment / "requirements.sha256").unlink()
    shutil.rmtree(next(environment.glob("lib/python3*/site-packages/pip")))
    repaired = run(fresh)
    assert (repaired.returncode, repaired.stdout) == (0, "runs\n"), repaired.stderr

    # The interpreter went away with a system upgrade.
    for name in ("python", "python3"):
        (environment / "bin" / name).unlink()
        (environment / "bin" / name).symlink_to("/nowhere/python3")
    repaired = run(fresh)
    assert (repaired.returncode, repaired.stdout) == (0, "runs\n"), repaired.stderr

    # And without a network.
    (fresh / "clone" / "requirements.txt").write_text("wem-needs-this==1.0\n")
    offline = run(fresh, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0", PIP_CONFIG_FILE=os.devnull)
    assert offline.returncode == 2
    assert "WeM: the Python package index cannot be reached." in offline.stderr.splitlines()[-1]


def test_compiles_what_changed(fresh: Path) -> None:
    folder = fresh / "translations" / "ja" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "web.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8"\n\nmsgid "Save"\nmsgstr "保存"\n'
    )
    command = [sys.executable, ROOT / "bin" / ".compile-translations", folder / "web.po"]
    subprocess.run(command, check=True)
    assert "保存".encode() in (folder / "web.mo").read_bytes()

    (folder / "web.po").write_text('msgid "Save\n')
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "web.po" in done.stderr
