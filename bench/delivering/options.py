"""What the benchmarks of delivery have in common: options, how a result is told, the end when something is not here."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from bench.delivering.databases import NotHere

OPTIONS: dict[str, dict[str, Any]] = {
    "connections": {"type": int, "default": 20, "help": "of each process"},
    "processes": {"type": int, "default": 1},
    "db": {"choices": ("sqlite", "postgres"), "default": "sqlite"},
    "var": {"type": Path, "help": "where the temporary folder is made; in memory nothing is on disk"},
    "json": {"action": "store_true", "help": "the last line is JSON alone"},
}


def add(parser: argparse.ArgumentParser, *names: str) -> None:
    """Have a benchmark take these of the common options; all of them without names."""
    for name in names or OPTIONS:
        parser.add_argument(f"--{name}", **OPTIONS[name])


def report(result: dict[str, Any], as_json: bool) -> None:
    """Print the figures, as a line of JSON or one under the other."""
    print(json.dumps(result) if as_json else "\n".join(f"{name:>26}  {value}" for name, value in result.items()))


def run(main: Callable[[], int]) -> NoReturn:
    """Run a benchmark and exit as it says, or with 2 when something that it needs is not on this machine."""
    try:
        sys.exit(main())
    except NotHere as missing:
        print(f"bench {Path(sys.argv[0]).stem}: {missing}", file=sys.stderr)
        sys.exit(2)
