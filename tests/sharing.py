"""How tests are shared out when several processes run them: what takes long first, what uses the same thing together.

A pytest plugin (`-p tests.sharing`) for `-n 3 --dist loadgroup --no-loadscope-reorder`.
"""

from __future__ import annotations

import pytest

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


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.xdist_group(_group(item)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next((place for place, start in enumerate(LONG) if item.nodeid.startswith(start)), len(LONG))


def _group(item: pytest.Item) -> str:
    """Return the name of what runs in one process: a file, as its fixtures are; the judges of one crawl together."""
    if "crawl" in getattr(item, "fixturenames", ()):
        return "crawl"
    return item.nodeid if item.nodeid.startswith(EACH_BY_ITSELF) else item.nodeid.partition("::")[0]
