"""A browser for tests of screens, and `Page`: an answer that checks itself."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from functools import cached_property
from typing import Any

import lxml.html
from bs4 import BeautifulSoup, Tag
from flask import Flask, g
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from wem.accounts.models import Account, SignIn
from wem.db import db

# What a person does not read of a page.
UNREAD = "ancestor::script or ancestor::style or ancestor::template or ancestor::rt or ancestor::rp"


class Page:
    """An HTML answer: parses, has a title, unique ids, labels, forms with CSRF, no inline script or style.

    Each answer of each test is checked, so that is done on lxml's tree, at a thirtieth of the cost of `soup`.
    """

    def __init__(self, response: TestResponse, *, signed_origin: bool) -> None:
        self.response = response
        self.status = response.status_code
        self.html = response.get_data().decode("utf-8", "replace")
        response.close()  # a file that was sent
        self.is_html = response.mimetype == "text/html" and bool(self.html.strip())
        self.is_page = "<html" in self.html
        # A customer's mail in its sandbox is no page of ours: it may hold styles.
        sandboxed = response.headers.get("Content-Security-Policy", "").startswith("sandbox")
        if self.is_html and not sandboxed:
            self._check(signed_origin)

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html if self.is_html else "", "html.parser")

    @cached_property
    def _tree(self) -> Any:
        return lxml.html.document_fromstring(self.html.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))

    @property
    def text(self) -> str:
        """What a person reads, with white space folded."""
        if not self.is_html:
            return ""
        main = self._tree.find(".//main")
        read = (self._tree if main is None else main).xpath(f".//text()[not({UNREAD})]")
        return re.sub(r"\s+", " ", " ".join(read)).strip()

    @property
    def location(self) -> str:
        return self.response.headers.get("Location", "") or self.response.headers.get("HX-Redirect", "")

    def form(self, action: str = "") -> dict[str, Any]:
        """Return the values of the first form (whose action contains `action`) as a browser would post them."""
        form = self.find_form(action)
        values: dict[str, Any] = {}
        for field in form.find_all(["input", "select", "textarea"]):
            name = field.get("name")
            if not name or field.get("type") in ("submit", "button", "file") or field.has_attr("disabled"):
                continue
            if field.name == "select":
                chosen = field.find_all("option", selected=True) or field.find_all("option")[:1]
                value: Any = [option.get("value", option.get_text()) for option in chosen]
                value = value if field.has_attr("multiple") else (value[0] if value else "")
            elif field.name == "textarea":
                value = field.get_text()
            elif field.get("type") in ("checkbox", "radio"):
                if not field.has_attr("checked"):
                    continue
                value = field.get("value", "on")
            else:
                value = field.get("value", "")
            if name in values and field.get("type") == "checkbox":
                before = values[name]
                values[name] = [*before, value] if isinstance(before, list) else [before, value]
            else:
                values[name] = value
        return values

    def find_form(self, action: str = "") -> Tag:
        """Return the first form of the page's main part that posts, to an action that contains `action`."""
        forms = (self.soup.find("main") or self.soup).find_all("form", method="post")
        exact = (f for f in forms if f.get("action") == action)
        form = next(exact, None) or next((f for f in forms if action in str(f.get("action") or "")), None)
        assert form is not None, f"no form {action!r} on this page"
        return form

    def _check(self, signed_origin: bool) -> None:
        tree = self._tree
        if self.is_page:
            assert (tree.findtext(".//title") or "").strip(), "the page has no title"
            assert tree.get("lang"), "the page has no language"
            assert len(tree.findall(".//h1")) == 1, "a page has one h1"
        ids = Counter(tree.xpath("//@id"))
        double = [name for name, count in ids.items() if count > 1]
        assert not double, f"ids stand twice: {double}"
        inline = tree.xpath("//@*[starts-with(name(), 'on') or name() = 'style' or starts-with(name(), 'hx-on')]/..")
        assert not inline, f"inline script or style in {inline}"
        assert not tree.xpath("//script[not(@src)]"), "inline script"
        assert not tree.xpath("//style"), "inline style"
        for form in tree.iter("form"):
            action = form.get("action", "")
            if form.get("method", "").lower() == "post" and signed_origin and "/h/" not in action:
                assert form.xpath(".//input[@name='csrf_token']"), f"form without CSRF: {action}"
        self._check_labels(set(ids))

    def _check_labels(self, ids: set[str]) -> None:
        labelled = set(self._tree.xpath("//label/@for"))
        for field in self._tree.iter("input", "select", "textarea"):
            if field.get("type") in ("hidden", "submit", "button") or field.xpath("ancestor::*[@hidden]"):
                continue
            named = field.get("id") in labelled or field.xpath("ancestor::label") or field.get("aria-label")
            assert named or field.get("aria-labelledby"), f"no label for {field.get('name')}"
            for reference in field.get("aria-describedby", "").split():
                assert reference in ids, f"aria-describedby points nowhere: {reference}"


class Browser:
    """A person's browser: keeps cookies, follows nothing by itself, posts forms with what they hold."""

    def __init__(self, app: Flask, origin: str) -> None:
        self.app = app
        self.origin = origin
        self.client = app.test_client()

    def sign_in(self, account: Account) -> None:
        """Hold a sign-in of this account without typing the password."""
        row, token = SignIn.begin(account, "127.0.0.1", "tests")
        db.session.add(row)
        db.session.commit()
        with self.client.session_transaction(base_url=self.origin) as session:
            session["_user_id"] = token
            session["_fresh"] = True

    def get(self, path: str, **options: Any) -> Page:
        self._forget()
        return self._page(self.client.get(path, base_url=self.origin, **options))

    def post(self, path: str, data: dict[str, Any] | None = None, *, htmx: bool = False, **options: Any) -> Page:
        """Post with this session's CSRF token added."""
        values = dict(data or {})
        if "csrf_token" not in values and self.origin.endswith(":8000"):
            values["csrf_token"] = self.csrf_token()
        self._forget()
        headers = {**options.pop("headers", {}), **({"HX-Request": "true"} if htmx else {})}
        return self._page(self.client.post(path, data=values, base_url=self.origin, headers=headers, **options))

    def submit(self, path: str, changes: dict[str, Any] | None = None, *, action: str = "", **options: Any) -> Page:
        """Open a page, fill in its form and post it to where the form says."""
        page = self.get(path)
        values = {**page.form(action), **(changes or {})}
        form = page.find_form(action)
        return self.post(str(form.get("action") or path), values, **options)

    def csrf_token(self) -> str:
        """Return this session's token, as the hidden field of any of its forms would hold it."""
        with self.client.session_transaction(base_url=self.origin) as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        assert self.app.secret_key
        return str(URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(raw))

    def _forget(self) -> None:
        """End what the test has begun: under its application context `g` and the transaction would reach into the
        request, and a page view that notes a sign of life would wait for a lock that the test holds."""
        db.session.commit()
        for name in list(g):
            g.pop(name)

    def _page(self, response: TestResponse) -> Page:
        # A request ends its transaction; what it left uncommitted is not what the next one sees.
        db.session.rollback()
        return Page(response, signed_origin=self.origin.endswith(":8000"))
