"""What the test run says about what it could not do."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.not_run import NetworkClosed, check_address, demanded

ROOT = Path(__file__).parents[2]

SAMPLE = """
import pytest

@pytest.mark.browser
def test_screen():
    pass
"""


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, ("127.0.0.1", 25)),
        (socket.AF_INET, ("127.8.9.1", 25)),
        (socket.AF_INET, ("localhost", 25)),
        (socket.AF_INET6, ("::1", 25, 0, 0)),
        (socket.AF_UNIX, "/run/redis.sock"),
    ],
)
def test_this_machine_is_open(family: int, address: object) -> None:
    check_address(family, address)


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, ("192.0.2.1", 25)),
        (socket.AF_INET, ("10.0.0.1", 25)),
        (socket.AF_INET, ("mail.example.jp", 25)),
        (socket.AF_INET6, ("2001:db8::1", 25, 0, 0)),
    ],
)
def test_beyond_is_closed(family: int, address: object) -> None:
    with pytest.raises(NetworkClosed):
        check_address(family, address)


def test_the_guard_is_in_place() -> None:
    with socket.socket() as trial, pytest.raises(NetworkClosed, match=r"192\.0\.2\.1"):
        trial.connect(("192.0.2.1", 25))
    with pytest.raises(NetworkClosed, match=r"mail\.example\.jp"):
        socket.getaddrinfo("mail.example.jp", 25)


@pytest.mark.parametrize(
    ("text", "names"),
    [("", set()), ("browser", {"browser"}), ("browser, postgres", {"browser", "postgres"})],
)
def test_demand(text: str, names: set[str]) -> None:
    assert demanded({"WEM_DEMAND": text}) == names


def run_without_chromium(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(SAMPLE)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), str(folder)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PATH": str(folder), "WEM_DEMAND": "", **environ},
        check=False,
    )


def test_a_missing_browser_is_named(tmp_path: Path) -> None:
    done = run_without_chromium(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "not run: browser tests (no Chromium; type: sudo apt-get install chromium): 1 tests" in done.stdout
    assert "1 skipped" in done.stdout.splitlines()[-1]


def test_a_demanded_browser_that_is_missing_fails(tmp_path: Path) -> None:
    done = run_without_chromium(tmp_path, WEM_DEMAND="browser")
    assert done.returncode == 1, done.stdout
    assert "browser tests are demanded but cannot run (no Chromium" in done.stdout


def test_an_unknown_demand_fails(tmp_path: Path) -> None:
    done = run_without_chromium(tmp_path, WEM_DEMAND="browzer")
    assert done.returncode == 4
    assert "browzer" in done.stderr + done.stdout
