"""How tests are shared out when several processes run them: what takes long first, what uses the same thing together.

A pytest plugin (`-p tests.sharing`). It splits by the names of tests alone: the groups of `--dist loadgroup` are lost
without a word since pytest 9.2 (pytest-xdist #1386), and each process then makes every service and every crawl anew.
"""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# What takes more than half a minute, the longest first: begun last, one process would work while the others have ended.
LONG = (
    "tests/browser/test_accessibility.py",
    "tests/browser/test_blank_mail.py",  # and the other stories of its product
    "tests/invariants/test_guards.py",  # and the other judges of the crawl
    "tests/browser/test_help_desk.py",
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
TESTS = Path(__file__).parent
PLACE = pytest.StashKey[int]()  # of a test in its file
COUNTED = pytest.StashKey[Counter[str]]()
# What two processes do rather than four: each prepares its pages, starts its product, parses the code once.
TOGETHER = {
    "tests/browser/test_accessibility.py::test_every_page[staff]": "half of the pages",
    "tests/browser/test_accessibility.py": "the other pages",
    "tests/browser/test_first_mailing.py": "stories",
    "tests/browser/test_blank_mail.py": "stories",
    "tests/browser/test_readers.py": "stories",
    "tests/browser/test_without_javascript.py": "more stories",
    "tests/browser/test_messy_upload.py": "more stories",
    "tests/browser/test_help_desk.py": "more stories",
    "tests/browser/test_staff.py": "more stories",
    "tests/invariants/test_csrf.py": "all rows",
    "tests/invariants/test_database.py": "all rows",
    "tests/invariants/test_tenancy.py": "all rows",
    **{
        f"tests/invariants/test_{name}.py": "all code"
        for name in ("docs", "folders", "imports", "mail_duty", "queues", "settings", "texts")
    },
}
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Let each process begin with other folders: a file that none has compiled yet is compiled by one of them."""
    # What is collected stays: to look through it for garbage again and again takes a fifth of the time.
    gc.disable()
    given = getattr(session.config, "workerinput", None)
    if given is not None and [Path(each).resolve() for each in session.config.args] == [TESTS]:
        session.config.args = _beginning_at(int(given["workerid"][2:]) / given["workercount"])


def _beginning_at(share: float) -> list[str]:
    """Return the folders of tests, those first before which this share of the text stands."""
    folders = sorted(path for path in TESTS.iterdir() if any(path.glob("test_*.py")))
    sizes = [sum(file.stat().st_size for file in folder.glob("*.py")) for folder in folders]
    first = sum(sum(sizes[: place + 1]) <= share * sum(sizes) for place in range(len(folders)))
    return [str(folder) for folder in [*folders[first:], *folders[:first]]]


def pytest_itemcollected(item: pytest.Item) -> None:
    # pytest sorts by parameters, and differently with other files before.
    file = item.nodeid.partition("::")[0]
    item.stash[PLACE] = item.session.stash.setdefault(COUNTED, Counter())[file]
    item.session.stash[COUNTED][file] += 1


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    # Tests, modules and tables stay to the end too.
    gc.collect()
    gc.freeze()
    gc.enable()


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
    return TOGETHER.get(nodeid) or TOGETHER.get(file, file)


def _place(item: pytest.Item) -> tuple[int, str, bool, int]:
    file = item.nodeid.partition("::")[0]
    place = next((place for place, start in enumerate(LONG) if file.startswith(start)), len(LONG))
    return place, file, item.get_closest_marker("postgres") is not None, item.stash[PLACE]
