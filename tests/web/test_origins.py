"""Two origins of one application: told by the Host, each 404 for what belongs to the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import PORTAL, PUBLIC
from tests.factories import World
from tests.page import Browser
from wem.settings import SettingsError, load
from wem.web.origins import Origin, here, portal_url, public_url


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", Origin.portal),
        ("localhost:8001", Origin.public),
        ("unknown.example", Origin.portal),  # strict: whoever is not told to be public is not
        ("localhost", Origin.portal),
    ],
)
def test_the_host_tells_the_origin(app: Flask, host: str, origin: Origin) -> None:
    with app.test_request_context("/", base_url=f"http://{host}"):
        assert here() is origin


def test_addresses_of_both(app: Flask) -> None:
    assert public_url("/u/x") == "http://localhost:8001/u/x"
    assert portal_url("/lists") == "http://localhost:8000/lists"


def test_sign_in_is_not_on_the_public_origin(public: Browser) -> None:
    assert public.get("/login").status == 404


def test_the_hosted_page_is_not_on_the_portal(world: World, browser_for: Callable[..., Browser]) -> None:
    slug = world.ours.customer.slug
    assert browser_for(origin=PUBLIC).get(f"/h/{slug}/").status == 200
    assert browser_for(origin=PORTAL).get(f"/h/{slug}/").status == 404


def test_a_session_planted_on_the_public_origin_is_nobody(world: World, app: Flask) -> None:
    browser = Browser(app, PUBLIC)
    browser.sign_in(world.ours.owner)
    assert browser.get("/dashboard").status == 404
    page = browser.get(f"/h/{world.ours.customer.slug}/")
    assert "Set-Cookie" not in page.response.headers
    assert world.ours.owner.name not in page.html


def test_files_are_on_both(app: Flask) -> None:
    for origin in (PORTAL, PUBLIC):
        answer = app.test_client().get("/static/css/tokens.css", base_url=origin)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        answer.close()


def test_an_unknown_address_is_404_on_both(app: Flask) -> None:
    for origin in (PORTAL, PUBLIC):
        answer = app.test_client().get("/no/such/page", base_url=origin)
        assert answer.status_code == 404
        assert "Set-Cookie" not in answer.headers


def test_both_cannot_be_the_same() -> None:
    with pytest.raises(SettingsError, match="must differ"):
        load({"PORTAL_URL": "http://localhost:8000", "PUBLIC_URL": "http://localhost:8000/"})
