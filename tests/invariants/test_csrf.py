"""Whatever changes something on the portal needs the token of the session; the public origin has none to ride on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import PORTAL, PUBLIC
from tests.invariants.database import Watch
from tests.invariants.routes import paths, people, routes
from tests.invariants.stage import Stage
from tests.page import Browser
from wem.web.origins import Origin

pytestmark = pytest.mark.usefixtures("no_error_pages")

# Public endpoints that act by a bare POST with the mailed link alone: why.
ACTS_BY_THE_LINK_ALONE = {
    "links.left": "a mail program's one click posts no more than List-Unsubscribe=One-Click (RFC 8058)",
    "news_stop.stop": "the same; it stops mail about services, and undoing it takes one click on the portal",
    "preferences.deleted": "the link is known to the reader alone, and the page's button is what it leads to",
}


def test_every_post_on_the_portal_needs_the_token(
    stage: Stage, app: Flask, browser_for: Callable[..., Browser], watch: Watch
) -> None:
    for route in routes(app):
        if "POST" not in route.methods or route.origin is Origin.public:
            continue
        for account in people(route, stage).values():
            browser = browser_for(account)
            path = paths(route, stage.ours, stage)[0]
            watch.changed()
            for data in ({}, {"csrf_token": ""}, {"csrf_token": "IjEi.forged"}):
                answer = browser.client.post(path, data=data, base_url=PORTAL)
                assert answer.status_code == 400, f"{route}: {answer.status_code}"
            assert watch.changed() == [], route
            break


def test_the_token_of_another_session_is_refused(stage: Stage, app: Flask, browser_for: Callable[..., Browser]) -> None:
    theirs = browser_for(stage.theirs.person("owner")).csrf_token()
    ours = browser_for(stage.ours.person("owner"))
    ours.csrf_token()
    for route in routes(app):
        if "POST" in route.methods and route.audience == "customer":
            path = paths(route, stage.ours, stage)[0]
            answer = ours.client.post(path, data={"csrf_token": theirs}, base_url=PORTAL)
            assert answer.status_code == 400, route


def test_a_bare_post_on_the_public_origin_does_nothing(
    stage: Stage, app: Flask, browser_for: Callable[..., Browser], watch: Watch
) -> None:
    """No session, so nothing to ride on; but a scanner that posts every form it finds must not confirm for a reader."""
    public = browser_for(origin=PUBLIC)
    for route in routes(app):
        if "POST" not in route.methods or route.origin is not Origin.public or route.endpoint in ACTS_BY_THE_LINK_ALONE:
            continue
        for path in paths(route, stage.ours, stage)[:1]:
            watch.changed()
            status = public.post(path, {}).status
            assert status < 500, route
            assert watch.changed() == [], f"{route}: {status}"


def test_exceptions_are_still_some(app: Flask) -> None:
    assert set(ACTS_BY_THE_LINK_ALONE) <= {route.endpoint for route in routes(app)}
