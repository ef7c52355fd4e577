"""The cookie that names a sign-in: out of reach of scripts and foreign pages, worthless once the row has ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.conftest import PORTAL, settings_for_tests
from tests.factories import PASSWORD, World
from tests.page import Browser
from wem import clock, create_app
from wem.accounts.models import SignIn
from wem.db import db


def signed_in_cookie(world: World, app: Flask) -> str:
    browser = Browser(app, PORTAL)
    page = browser.post("/login", {"email": world.ours.owner.email, "password": PASSWORD})
    assert page.status == 303
    return page.response.headers["Set-Cookie"]


def test_its_flags(world: World, app: Flask) -> None:
    cookie = signed_in_cookie(world, app)
    assert cookie.startswith("wem=")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Domain=" not in cookie, "no other host gets it"


def test_over_https_it_is_bound_to_this_host(tmp_path: Path) -> None:
    settings = settings_for_tests(tmp_path, PORTAL_URL="https://wem.example", PUBLIC_URL="https://m.wem.example")
    app = create_app(settings)
    assert app.config["SESSION_COOKIE_NAME"] == "__Host-wem"
    assert app.config["SESSION_COOKIE_SECURE"] is True


@pytest.mark.parametrize(("secure", "wanted"), [("1", True), ("0", False), ("", False)])
def test_the_setting_overrules_the_address(tmp_path: Path, secure: str, wanted: bool) -> None:
    app = create_app(settings_for_tests(tmp_path, SECURE_COOKIES=secure))
    assert app.config["SESSION_COOKIE_SECURE"] is wanted


def test_it_holds_no_password_and_no_address(world: World, app: Flask) -> None:
    browser = Browser(app, PORTAL)
    browser.sign_in(world.ours.owner)
    with browser.client.session_transaction(base_url=PORTAL) as session:
        assert world.ours.owner.email not in repr(dict(session))
    # And the database holds no token with which to be somebody.
    assert all(len(row.token_hash) == 32 for row in db.session.scalars(sa.select(SignIn)))


def test_signing_in_begins_a_new_session(world: World, app: Flask) -> None:
    browser = Browser(app, PORTAL)
    browser.get("/login")
    with browser.client.session_transaction(base_url=PORTAL) as session:
        session["planted"] = "by somebody else"
    browser.post("/login", {"email": world.ours.owner.email, "password": PASSWORD})
    with browser.client.session_transaction(base_url=PORTAL) as session:
        assert "planted" not in session and session["_user_id"]


@pytest.mark.parametrize(
    ("column", "ago", "good"),
    [
        ("seen_at", timedelta(minutes=29), True),
        ("seen_at", timedelta(minutes=31), False),
        ("created_at", timedelta(hours=11, minutes=59), True),
        ("created_at", timedelta(hours=12, minutes=1), False),
    ],
)
def test_it_ends_by_itself(
    world: World, browser_for: Callable[..., Browser], column: str, ago: timedelta, good: bool
) -> None:
    browser = browser_for(world.ours.owner)
    row = db.session.scalars(sa.select(SignIn)).one()
    setattr(row, column, clock.now() - ago)
    db.session.commit()
    assert (browser.get("/account").status == 200) is good


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_sign_of_life_is_noted(world: World, browser_for: Callable[..., Browser], method: str) -> None:
    """Also by a post after a while of reading: on SQLite its transaction holds the only write lock."""
    browser = browser_for(world.ours.owner)
    token = browser.csrf_token()
    db.session.scalars(sa.select(SignIn)).one().seen_at = clock.now() - timedelta(minutes=10)
    db.session.commit()
    begun = clock.now()
    if method == "GET":
        assert browser.get("/account").status == 200
    else:
        assert browser.post("/account/name", {"name": "山田 次郎", "csrf_token": token}).status == 303
    assert clock.now() - begun < timedelta(seconds=10), "it waited for itself"
    db.session.expire_all()
    assert db.session.scalars(sa.select(SignIn)).one().seen_at >= begun


def test_ended_here_it_is_ended_everywhere(world: World, browser_for: Callable[..., Browser]) -> None:
    first, second = browser_for(world.ours.owner), browser_for(world.ours.owner)
    assert first.get("/account").status == second.get("/account").status == 200
    world.ours.owner.end_sign_ins()
    db.session.commit()
    assert first.get("/account").location.startswith("/login")
    assert second.get("/account").location.startswith("/login")


def test_a_cookie_of_another_key_is_nobody(world: World, app: Flask) -> None:
    cookie = signed_in_cookie(world, app).split(";")[0].partition("=")[2]
    app.config["SECRET_KEY"], kept = "another key", app.config["SECRET_KEY"]
    try:
        browser = Browser(app, PORTAL)
        browser.client.set_cookie("wem", cookie, domain="localhost")
        assert browser.get("/account").location.startswith("/login")
    finally:
        app.config["SECRET_KEY"] = kept
