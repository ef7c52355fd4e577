"""Chromium, a running WeM and one that stands still; what the browser complains about fails a test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.judging import Watch
from tests.browser.standing import Standing, standing_service
from tests.service import Service, running_service
from wem.settings import ROOT

RESULTS = ROOT / "test-results"
PATIENCE = 90_000  # milliseconds for a page or a step of the workers, on a busy machine
Opened = Callable[..., Page]
RUNNING = pytest.StashKey[tuple[ExitStack, Service]]()


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """The whole product with its demo, the same for all tests that use it one after the other."""
    stash = request.config.stash
    if RUNNING not in stash:
        stack = ExitStack()
        folder = tmp_path_factory.mktemp("service")
        stash[RUNNING] = stack, stack.enter_context(running_service(folder, SEND_WORKERS="1"))
    return stash[RUNNING][1]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    # Left running until the session ends it would take a minute of a processor from those who still work.
    here = nextitem is not None and nextitem.path.parent == item.path.parent
    if RUNNING in item.config.stash and not (here and "service" in getattr(nextitem, "fixturenames", ())):
        item.config.stash[RUNNING][0].close()
        del item.config.stash[RUNNING]


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A WeM in which nothing moves, with a row of every kind in every state."""
    with standing_service(tmp_path_factory.mktemp("standing")) as standing:
        yield standing


@pytest.fixture
def opened(chrome: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Return a function that opens a page in a new browser: `opened(width=360, javascript=False, …)`."""
    watches: list[Watch] = []

    def open_page(width: int = 1280, height: int = 800, javascript: bool = True, **options: Any) -> Page:
        context = chrome.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        watches.append(Watch(context))
        return context.new_page()

    yield open_page
    contexts = [watch.context for watch in watches]
    complaints = [each for watch in watches for each in watch.take()]
    if getattr(request.node, "failed", False) or complaints:
        keep_screens(request.node, contexts)
    for context in contexts:
        context.close()
    assert complaints == []


def keep_screens(item: pytest.Item, contexts: list[BrowserContext]) -> None:
    """Photograph what a failing test saw last."""
    RESULTS.mkdir(exist_ok=True)
    name = re.sub(r"[^\w.-]+", "-", item.name)
    for number, page in enumerate(page for context in contexts for page in context.pages):
        page.screenshot(path=RESULTS / f"{name}-{number}.png", full_page=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]
    return report
