"""How tests are shared out when several processes run them: what takes long first, what uses the same thing together.

A pytest plugin (`-p tests.sharing`). It splits by the names of tests alone: the groups of `--dist loadgroup` are lost
without a word since pytest 9.2 (pytest-xdist #1386), and each process then makes every service and every crawl anew.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# What takes more than half a minute, the longest first: begun last, one process would work while the others have ended.
LONG = (
    "tests/browser/test_accessibility.py",
    "tests/proof",
    "tests/bounces/test_killing.py",
    "tests/delivery/test_stopping.py",
    "tests/delivery/test_killing.py",
    "tests/delivery/test_promises.py",
    "tests/browser",
    "tests/inbound/test_killed.py",
    "tests/lists/test_upload_killed.py",
    "tests/running",
    "tests/invariants",
)
EACH_BY_ITSELF = "tests/browser/test_accessibility.py"
# The judges of the one crawl over all pages.
CRAWLED = tuple(f"tests/invariants/test_{name}.py" for name in ("guards", "headers", "no_address_leaves", "templates"))


class Sharing(LoadScopeScheduling):
    """Gives each process whole files, in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "crawl" in getattr(item, "fixturenames", ()) and group(item.nodeid) != "crawl":
            raise pytest.UsageError(f"{item.nodeid} makes a crawl of its own: name its file in tests/sharing.py")
    items.sort(key=_place)


def group(nodeid: str) -> str:
    """Return the name of what runs in one process: a file, as its fixtures are."""
    file = nodeid.partition("::")[0]
    if file in CRAWLED:
        return "crawl"
    return nodeid if file == EACH_BY_ITSELF else file


def _place(item: pytest.Item) -> int:
    return next((place for place, start in enumerate(LONG) if item.nodeid.startswith(start)), len(LONG))
