"""Opens every page as everybody who may, follows its links, posts its forms wrongly, and keeps all answers."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, SoupStrainer, Tag
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import PORTAL
from tests.invariants import stage as stages
from tests.invariants.database import Watch
from tests.invariants.routes import Route, paths, people, routes
from tests.invariants.stage import Stage
from tests.page import Browser, Page
from wem.accounts.models import Account
from wem.audit import AuditEvent
from wem.db import db
from wem.outbox import OutboxMail

LINK = re.compile(r"""(?:href|src|hx-get)="([^"#]+)(?:#[^"]*)?\"""")
FEW_LINKS = 10  # followed per person and route; pages by pages of a list would never end
# endpoint: the table to which a GET adds what is counted; nothing else changes by it.
COUNTED = {"tracking.click": ("hit",), "tracking.opened": ("hit",)}
FEW = 3  # rows per route for those who see what the owner sees
LAST = re.compile(r"\b(?:logout|end|end-others|delete|remove|discard|stop|suspend|password)\b")


@dataclass
class Answer:
    who: str
    route: str  # endpoint; empty when no route matches
    audience: str
    method: str
    base_url: str
    path: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    typed: tuple[str, ...] = ()

    @property
    def mimetype(self) -> str:
        return self.header("Content-Type").partition(";")[0]

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    def __str__(self) -> str:
        return f"{self.who}: {self.method} {self.path} → {self.status}"


@dataclass
class Crawl:
    """All that was seen, for the tests to judge."""

    addresses: tuple[str, ...]
    answers: list[Answer] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # GET or HEAD that changed the database
    flashed: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    audited: list[str] = field(default_factory=list)
    mailed: list[str] = field(default_factory=list)  # to people who sign in
    unsound: list[str] = field(default_factory=list)  # pages that fail the checks of every page

    def of(self, *methods: str) -> Iterator[Answer]:
        return (answer for answer in self.answers if answer.method in methods)


class Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("sqlalchemy"):
            self.lines.append(self.format(record))


class Crawler:
    def __init__(self, app: Flask, stage: Stage) -> None:
        self.app = app
        self.stage = stage
        self.routes = routes(app)
        self.watch = Watch()
        self.seen = Crawl(tuple(self.stage.addresses))
        self.browsers: dict[tuple[str, str], Browser] = {}
        self.tokens: dict[Browser, str] = {}
        self.shapes: set[str] = set()
        self.asked: set[tuple[str, str, str]] = set()

    def run(self) -> Crawl:
        log = Log()
        root, level = logging.getLogger(), logging.getLogger().level
        root.addHandler(log)
        root.setLevel(logging.DEBUG)
        try:
            self._open_everything()
            self._post_every_form()
        finally:
            root.removeHandler(log)
            root.setLevel(level)
        self.seen.logged = log.lines
        self.seen.audited = [f"{row.action} {row.subject} {row.details!r}" for row in db.session.query(AuditEvent)]
        mails = db.session.query(OutboxMail).filter(OutboxMail.kind.not_like("reader_%"))
        self.seen.mailed = [f"{mail.kind}: {mail.subject} {mail.text} {mail.html}" for mail in mails]
        return self.seen

    def close(self) -> None:
        self.watch.close()
        db.session.remove()

    def _open_everything(self) -> None:
        for route in self.routes:
            if not route.reads:
                continue
            in_parts = False
            for number, (who, account) in enumerate(people(route, self.stage).items()):
                found = paths(route, self.stage.ours, self.stage)
                for place, path in enumerate(found if number == 0 else found[:FEW]):
                    self.get(route, who, account, path)
                    if place == number == 0:
                        self.get(route, who, account, path, method="HEAD")
                        in_parts = "<html" not in self.get(route, who, account, path, htmx=True).text
                    elif place == 0 and in_parts:
                        # Another role's part may be another; where htmx gets the page it has been seen.
                        self.get(route, who, account, path, htmx=True)
        for who in ("owner", "admin", "partner", "nobody"):
            self._follow_links(who)

    def _follow_links(self, who: str) -> None:
        """Open what the pages link to and no route's rows led to: query arguments, downloads, next pages."""
        waiting = [answer for answer in self.seen.of("GET") if answer.who == who]
        followed: Counter[str] = Counter()
        while waiting:
            answer = waiting.pop(0)
            for link in links(answer):
                route, path = self.route_of(answer.base_url, link)
                if path is None or (who, answer.base_url, path) in self.asked:
                    continue
                endpoint = route.endpoint if route else path
                followed[endpoint] += 1
                if followed[endpoint] > FEW_LINKS:
                    continue
                account = people(route, self.stage).get(who) if route else None
                waiting.append(self.get(route, who, account, path, base_url=answer.base_url))

    def route_of(self, base_url: str, link: str) -> tuple[Route | None, str | None]:
        """Return the route that a link of a page leads to, and its path; no path when it leaves the origin."""
        parts = urlsplit(unescape(link))
        if parts.scheme not in ("", "http", "https") or (parts.netloc and f"http://{parts.netloc}" != base_url):
            return None, None
        if not parts.path.startswith("/") or parts.path.startswith("/static/"):
            return None, None
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            endpoint, _ = self.app.url_map.bind("localhost").match(parts.path, "GET")
        except Exception:
            return None, path
        return next((route for route in self.routes if route.endpoint == endpoint), None), path

    def browser(self, who: str, account: Account | None, base_url: str) -> Browser:
        key = (who, base_url)
        if key not in self.browsers:
            self.browsers[key] = Browser(self.app, base_url)
            if account is not None:
                self.browsers[key].sign_in(account)
                self.watch.changed()
        return self.browsers[key]

    def get(
        self, route: Route | None, who: str, account: Account | None, path: str,
        *, base_url: str = "", method: str = "GET", htmx: bool = False,
    ) -> Answer:  # fmt: skip
        base_url = base_url or (route.base_url if route else PORTAL)
        self.asked.add((who, base_url, path))
        browser = self.browser(who, account, base_url)
        headers = {"HX-Request": "true"} if htmx else {}
        response = self._request(browser.client, path, method=method, base_url=base_url, headers=headers)
        answer = self._keep(route, who, method, base_url, path, response)
        if who in ("owner", "admin", "partner", "nobody") and not htmx and method == "GET":
            self._check_soundness(answer, response)
        if wrong := self.watch.changed(COUNTED.get(answer.route, ())):
            self.seen.changed.append(f"{answer}: {wrong}")
        return answer

    def _request(self, client: FlaskClient, path: str, **options: Any) -> TestResponse:
        # Under the test's application context `g` would live from one request to the next.
        for name in list(g):
            g.pop(name)
        # Nor may what was asked here hold SQLite's write lock: a page view that notes a sign of life waits for it.
        db.session.rollback()
        response = client.open(path, **options)
        db.session.rollback()
        return response

    def _keep(
        self, route: Route | None, who: str, method: str, base_url: str, path: str, response: TestResponse,
        typed: tuple[str, ...] = (),
    ) -> Answer:  # fmt: skip
        answer = Answer(
            who,
            route.endpoint if route else "",
            route.audience if route else "",
            method,
            base_url,
            path,
            response.status_code,
            list(response.headers),
            response.get_data(),
            typed,
        )
        response.close()  # a file that was sent
        self.seen.answers.append(answer)
        return answer

    def _check_soundness(self, answer: Answer, response: TestResponse) -> None:
        if answer.mimetype != "text/html":
            return
        # Numbers aside, most pages of a route are the same.
        shape = re.sub(r"\d+|value=\"[^\"]*\"", "", "".join(re.findall(r"<[^>]*>", answer.text)))
        if shape in self.shapes:
            return
        self.shapes.add(shape)
        try:
            Page(response, signed_origin=answer.base_url == PORTAL)
        except AssertionError as error:
            self.seen.unsound.append(f"{answer}: {error}")

    def _post_every_form(self) -> None:
        """Post each form that the customers' people and end users see, filled with what cannot be right."""
        forms: dict[tuple[str, str, str], tuple[Route, str, Tag]] = {}
        for answer in list(self.seen.of("GET")):
            if answer.who not in ("owner", "nobody") or answer.mimetype != "text/html":
                continue
            for form in posting_forms(answer.text):
                route, path = self.route_of_post(answer, str(form.get("action") or answer.path))
                if route is not None and path is not None:
                    # One of each kind of form: the rows differ, the code does not.
                    kind = (route.endpoint, answer.who, " ".join(sorted(names_of(form))))
                    if len([key for key in forms if key[0] == route.endpoint]) < FEW:
                        forms.setdefault(kind, (route, path, form))
        self._look_up()
        for (_, who, _), (route, path, form) in sorted(forms.items(), key=lambda pair: ends(pair[1][0])):
            self._post(route, who, path, wrong_values(form), ())
            if ends(route):
                # Perhaps the sign-in has ended with it.
                self.browsers.clear()

    def route_of_post(self, answer: Answer, action: str) -> tuple[Route | None, str | None]:
        parts = urlsplit(unescape(action))
        try:
            endpoint, _ = self.app.url_map.bind("localhost").match(parts.path, "POST")
        except Exception:
            return None, None
        return next((route for route in self.routes if route.endpoint == endpoint), None), parts.path

    def _post(self, route: Route, who: str, path: str, values: dict[str, Any], typed: tuple[str, ...]) -> None:
        account = people(route, self.stage).get(who)
        browser = self.browser(who, account, route.base_url)
        if route.base_url == PORTAL:
            values["csrf_token"] = self._csrf_token(browser)
        response = self._request(browser.client, path, method="POST", base_url=route.base_url, data=values)
        answer = self._keep(route, who, "POST", route.base_url, path, response, typed)
        self.watch.changed()
        location = answer.header("Location")
        if location:
            self._flashes(browser)
            follow, target = self.route_of(route.base_url, location)
            if target:
                self.get(follow, who, account, target, base_url=route.base_url)

    def _csrf_token(self, browser: Browser) -> str:
        if browser not in self.tokens:
            self.tokens[browser] = browser.csrf_token()
        return self.tokens[browser]

    def _flashes(self, browser: Browser) -> None:
        with browser.client.session_transaction(base_url=browser.origin) as session:
            self.seen.flashed += [str(message) for _, message in session.get("_flashes", [])]

    def _look_up(self) -> None:
        """Type a reader's whole address wherever a form takes one: the answer may show it masked only."""
        address = next(each for each in self.stage.addresses if stages.DOMAINS["ours"] in each)
        for route in self.routes:
            if "POST" not in route.methods or route.audience != "customer" or ends(route):
                continue
            for path in paths(route, self.stage.ours, self.stage)[:1]:
                self._post(route, "owner", path, {"address": address, "email": address, "q": address}, (address,))


def ends(route: Route) -> bool:
    """Return whether posting to a route may end what others still need: rows, sign-ins."""
    return LAST.search(route.rule) is not None


def posting_forms(html: str) -> Iterator[Tag]:
    # Nothing but the forms is made into objects: that is most of the work.
    for form in BeautifulSoup(html, "lxml", parse_only=SoupStrainer("form")).find_all("form"):
        if str(form.get("method", "")).lower() == "post":
            yield form


def links(answer: Answer) -> list[str]:
    return LINK.findall(answer.text) if answer.mimetype == "text/html" else []


def names_of(form: Tag) -> set[str]:
    return {str(each["name"]) for each in form.find_all(["input", "select", "textarea", "button"]) if each.get("name")}


def wrong_values(form: Tag) -> dict[str, Any]:
    """Return what a form would post with its hidden values kept and the rest such that nothing fits."""
    values: dict[str, Any] = {}
    for each in form.find_all(["input", "select", "textarea"]):
        name, kind = each.get("name"), each.get("type", "text")
        if not name or kind in ("submit", "button", "file", "image"):
            continue
        values[str(name)] = each.get("value", "") if kind == "hidden" else "\x00 nothing that fits {{ 7*7 }} <b>"
    return values
