"""Every page that there is, found by the routes, with real rows in its address: one visit for each shape of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import lxml.html
from flask.testing import FlaskClient

from tests.browser.standing import Standing
from tests.invariants.routes import Route, paths, routes
from tests.page import Browser
from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.db import db
from wem.web.origins import Origin

MOST = 60  # rows tried per route: each kind of upload in each state
NEW_ENOUGH = 3  # (tag, classes) pairs that make a shape of its own
NOWHERE = "/no-such-page"
FIRST_STEPS = ("/dashboard", "/lists", "/mailings", "/mailings/new", "/fields", "/testers", "/contract", "/team")


@dataclass(frozen=True)
class Visit:
    who: str
    name: str  # a file name
    url: str

    def in_language(self, language: str) -> str:
        return f"{self.url}{'&' if '?' in self.url else '?'}lang={language}"


@dataclass(frozen=True)
class Person:
    account_id: int | None
    origin: str
    mine: Callable[[Route], bool]
    paths: tuple[str, ...] = ()  # opened as well


def people(standing: Standing) -> dict[str, Person]:
    """Return one person of each audience; together they may open every page."""
    stage, nothing = standing.stage, lambda route: False

    def of(*audiences: str, origin: Origin = Origin.portal) -> Callable[[Route], bool]:
        return lambda route: route.audience in audiences and route.origin in (origin, Origin.both)

    ours, suspended = stage.ours.people, f"/staff/contracts/{standing.suspended_contract}"
    return {
        "nobody": Person(None, standing.portal, of("public"), (NOWHERE,)),
        "reader": Person(None, standing.public, of("public", origin=Origin.public), (NOWHERE,)),
        "owner": Person(ours["owner"], standing.portal, of("customer", "account")),
        "viewer": Person(
            ours["viewer"], standing.portal, nothing, ("/dashboard", "/lists", "/lists/1", "/mailings", "/team")
        ),
        "newcomer": Person(standing.newcomer, standing.portal, nothing, FIRST_STEPS),
        "suspended": Person(standing.suspended, standing.portal, nothing, ("/dashboard", "/lists", "/contract")),
        "staff": Person(
            stage.staff_ids[StaffRole.admin], standing.portal, of("staff"), (suspended, f"{suspended}/lifting")
        ),
        "partner": Person(stage.partner_id, standing.portal, of("partner")),
    }


def visits(standing: Standing, who: str) -> list[Visit]:
    """Return this person's visits: every route, and every row of it that makes the page look different."""
    person = people(standing)[who]
    found: list[Visit] = []
    seen: dict[str, list[frozenset[str]]] = {}
    with standing.app.app_context():
        client = client_of(standing, person)
        wanted = list(_paths(standing, person))
        db.session.remove()
    for name, path in wanted:
        answer = client.get(path, base_url=person.origin)
        body = answer.get_data()
        answer.close()
        if (answer.status_code != 200 and path not in person.paths) or b"<html" not in body:
            continue
        if answer.headers.get("Content-Security-Policy", "").startswith("sandbox"):
            continue  # a customer's mail, not a page of ours
        shape, known = shape_of(body), seen.setdefault(name, [])
        if all(len(shape - each) >= NEW_ENOUGH for each in known):
            known.append(shape)
            number = f"-{len(known)}" if len(known) > 1 else ""
            found.append(Visit(who, f"{who}-{name}{number}", person.origin + path))
    return found


def client_of(standing: Standing, person: Person) -> FlaskClient:
    """Return a browser of this person without a window; wants an application context."""
    browser = Browser(standing.app, person.origin)
    if person.account_id is not None:
        browser.sign_in(db.session.get_one(Account, person.account_id))
    return browser.client


def cookies(standing: Standing, who: str) -> list[dict[str, Any]]:
    """Return the cookies of a browser in which this person is signed in."""
    person = people(standing)[who]
    if person.account_id is None:
        return []
    with standing.app.app_context():
        name = standing.app.config["SESSION_COOKIE_NAME"]
        cookie = client_of(standing, person).get_cookie(name, domain=urlsplit(person.origin).hostname or "")
        db.session.remove()
    assert cookie is not None
    return [{"name": cookie.key, "value": cookie.value, "url": person.origin}]


def _paths(standing: Standing, person: Person) -> Iterator[tuple[str, str]]:
    for path in person.paths:
        yield path.strip("/").replace("/", "-") or "home", path
    for route in routes(standing.app):
        if route.reads and person.mine(route):
            for path in paths(route, standing.stage.ours, standing.stage)[:MOST] if route.keys else [route.rule]:
                yield route.endpoint.replace("_", "-").replace(".", "-"), path


def shape_of(page: bytes) -> frozenset[str]:
    """Return which elements a page is made of."""
    main = lxml.html.document_fromstring(page).find(".//main")
    return frozenset(f"{tag.tag} {' '.join(tag.classes)} {tag.get('type', '')}" for tag in main.iterdescendants("*"))
