"""Processes that share the tests: a file stays in one of them, and the crawl is made once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test_it(number):
    pass
"""
SHARED = Path(__file__).resolve().parent.parent.parent


def test_a_file_stays_in_one_process(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    for name in ("lists/test_one.py", "lists/test_two.py", "invariants/test_guards.py", "invariants/test_headers.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "tests.sharing", "--import-mode=importlib"]
    run = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(SHARED)}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    where = defaultdict(set)
    for process, file in re.findall(r"\[(gw\d)\].*PASSED tests/(\S+?)::", run.stdout):
        where[file].add(process)
    assert len(where) == 4
    assert all(len(processes) == 1 for processes in where.values())
    assert where["invariants/test_guards.py"] == where["invariants/test_headers.py"]
    assert len(set.union(*where.values())) == 2
