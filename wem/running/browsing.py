"""A browser for one person: follows redirects, keeps cookies, reads forms and sends them. Standard library only."""

from __future__ import annotations

import http.client
import http.cookiejar
import io
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

SECONDS = 30
VOID_TYPES = ("submit", "button", "image", "reset")


class Unexpected(Exception):
    """A page is not what a person would need to go on; the message says what was there instead."""


@dataclass
class Form:
    """A form as it stands on the page; `fields` holds what would be sent, in the page's order."""

    url: str
    method: str = "get"
    multipart: bool = False
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # name, value, text

    def has(self, *names: str) -> bool:
        return self.names.issuperset(names)

    def fill(self, name: str, *values: str) -> None:
        """Put values in place of what stands in a field; raises Unexpected when the form has no such field."""
        if name not in self.names:
            raise Unexpected(f"the form of {self.url} has no field {name!r}, only {', '.join(sorted(self.names))}")
        self.fields = [pair for pair in self.fields if pair[0] != name] + [(name, value) for value in values]


@dataclass(frozen=True)
class Page:
    """An answer: where it came from in the end, and what it holds."""

    url: str
    status: int
    headers: http.client.HTTPMessage
    text: str
    title: str
    forms: list[Form]
    links: list[str]

    def form(self, *names: str, action: str = "") -> Form:
        """Return the first form with all these fields whose address contains `action`; raises Unexpected if none."""
        for form in self.forms:
            if form.has(*names) and action in form.url:
                return form
        seen = "; ".join(f"{form.url} ({', '.join(sorted(form.names))})" for form in self.forms)
        raise Unexpected(f"{self.described()} has no form {action} with {', '.join(names)}, only: {seen or 'none'}")

    def link(self, part: str) -> str:
        """Return the first link whose address contains `part`; raises Unexpected if none."""
        for link in self.links:
            if part in link:
                return link
        raise Unexpected(f"{self.described()} has no link with {part!r}, only: {', '.join(self.links)}")

    def described(self) -> str:
        return f"{self.url} ({self.status}, “{self.title}”)"


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.title = url, ""
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._form: Form | None = None
        self._select: tuple[str, list[str], list[str]] | None = None  # name, chosen values, all values
        self._option: tuple[str | None, bool] | None = None
        self._text: list[str] | None = None  # of the title, textarea, option or button that is open
        self._textarea = ""
        self._button = ("", "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in own:
            self.links.append(urljoin(self.url, own["href"]))
        elif tag == "title" and not self.title:
            self._text = []
        elif tag == "form":
            method = own.get("method", "get").lower()
            multipart = own.get("enctype") == "multipart/form-data"
            self._form = Form(urljoin(self.url, own.get("action", "")), method, multipart)
            self.forms.append(self._form)
        elif self._form is not None and "disabled" not in own:
            self._control(tag, own)

    def _control(self, tag: str, own: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = own.get("name", ""), own.get("type", "text" if tag == "input" else "submit").lower()
        if tag == "button" or (tag == "input" and kind in VOID_TYPES):
            if kind == "submit":
                self._button = (name, own.get("value", ""))
                self._text = []
                if tag == "input":
                    self._form.buttons.append((*self._button, own.get("value", "")))
        elif tag == "option" and self._select is not None:
            self._option, self._text = (own.get("value"), "selected" in own), []
        elif not name:
            return
        elif tag == "select":
            self._select = (name, [], [])
            self._form.names.add(name)
        elif tag == "textarea":
            self._textarea, self._text = name, []
            self._form.names.add(name)
        elif tag == "input":
            self._form.names.add(name)
            if kind == "file":
                self._form.files.append(name)
            elif kind in ("checkbox", "radio"):
                self._form.choices.setdefault(name, []).append(own.get("value", "on"))
                if "checked" in own:
                    self._form.fields.append((name, own.get("value", "on")))
            else:
                self._form.fields.append((name, own.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self._text or ())
        if tag == "title" and not self.title:
            self.title = " ".join(text.split())
        elif tag == "textarea" and self._form is not None and self._textarea:
            # The first line end after the tag is the markup's, not the text's.
            self._form.fields.append((self._textarea, text.removeprefix("\n")))
            self._textarea = ""
        elif tag == "option" and self._select is not None and self._option is not None:
            value, chosen = self._option
            value = " ".join(text.split()) if value is None else value
            self._select[2].append(value)
            if chosen:
                self._select[1].append(value)
            self._option = None
        elif tag == "select" and self._form is not None and self._select is not None:
            name, chosen_values, values = self._select
            self._form.choices[name] = values
            self._form.fields += [(name, value) for value in chosen_values or values[:1]]
            self._select = None
        elif tag == "button" and self._form is not None and self._text is not None:
            self._form.buttons.append((*self._button, " ".join(text.split())))
        elif tag == "form":
            self._form = None
        else:
            return
        self._text = None


class Browser:
    """One person's browser, with cookies of its own."""

    def __init__(self, language: str = "ja") -> None:
        jar = http.cookiejar.CookieJar()
        self._open = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),  # this machine is never behind a proxy
            urllib.request.HTTPCookieProcessor(jar),
        ).open
        self._language = language
        self.cookies = jar
        self.page: Page | None = None

    def get(self, url: str, expect: int = 200) -> Page:
        """Open an address; raises Unexpected when the answer's status is another."""
        return self._call(urllib.request.Request(url), expect)

    def post(self, url: str, fields: dict[str, str], expect: int = 200) -> Page:
        """Send fields that no page has shown, as a mail program does for one-click unsubscribing."""
        body = urlencode(fields).encode()
        return self._call(urllib.request.Request(url, data=body, method="POST"), expect)

    def submit(
        self, form: Form, button: str = "", files: dict[str, tuple[str, bytes]] | None = None, expect: int = 200
    ) -> Page:
        """Send a form back, pressing the button whose name, value or text is `button`, the first one by default.

        `files` gives name and content for each file field. Raises Unexpected when the status is another.
        """
        fields = [*form.fields, *self._pressed(form, button)]
        referer = {"Referer": self.page.url} if self.page else {}
        if form.method == "get":
            return self._call(urllib.request.Request(f"{form.url.partition('?')[0]}?{urlencode(fields)}"), expect)
        if files or form.multipart:
            kind, body = _multipart(fields, files or {})
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(fields).encode()
        headers = {"Content-Type": kind, **referer}
        return self._call(urllib.request.Request(form.url, data=body, headers=headers, method="POST"), expect)

    @staticmethod
    def _pressed(form: Form, wanted: str) -> list[tuple[str, str]]:
        for name, value, text in form.buttons:
            if wanted in ("", name, value, text):
                return [(name, value)] if name else []
        if wanted:
            raise Unexpected(f"the form of {form.url} has no button {wanted!r}, only {form.buttons}")
        return []

    def _call(self, request: urllib.request.Request, expect: int) -> Page:
        request.add_header("Accept-Language", self._language)
        try:
            answer = self._open(request, timeout=SECONDS)
        except urllib.error.HTTPError as error:
            answer = error
        except OSError as error:
            raise Unexpected(f"{request.full_url} does not answer: {error}") from error
        with answer:
            text = answer.read().decode("utf-8", "replace")
            reader = _Reader(answer.url)
            reader.feed(text)
            page = Page(answer.url, answer.status, answer.headers, text, reader.title, reader.forms, reader.links)
        self.page = page
        if page.status != expect:
            raise Unexpected(f"{page.described()} instead of {expect}")
        return page


def _multipart(fields: list[tuple[str, str]], files: dict[str, tuple[str, bytes]]) -> tuple[str, bytes]:
    boundary = f"wem-{uuid.uuid4().hex}"
    body = io.BytesIO()
    for name, value in fields:
        body.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, (filename, content) in files.items():
        head = f'form-data; name="{name}"; filename="{filename}"'
        body.write(f"--{boundary}\r\nContent-Disposition: {head}\r\n".encode())
        body.write(b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n")
    body.write(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", body.getvalue()
