"""`bin/run --check` when WeM does not even start; that it succeeds is a step of its own in .ci/run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.running.test_supervising import ROOT


def test_a_failure_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wem.running", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TMPDIR": str(tmp_path), "LOG_LEVEL": "NO SUCH LEVEL"},
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert done.stdout.startswith("FAILED  WeM did not start:\nThe tables could not be brought up to date")
    assert "NO SUCH LEVEL" in done.stdout
    assert list(tmp_path.iterdir()) == []
