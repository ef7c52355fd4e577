"""Reads which features of HTML and CSS a mail uses, by caniemail.com's names, and which programs lack them."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data" / "clients" / "caniemail.json"
# Names that caniemail has no page for under their own name.
ELEMENTS = {
    **dict.fromkeys(("h1", "h2", "h3"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "li"), "html-lists"),
    **dict.fromkeys(("tr", "td", "tbody"), "html-table"),
}
PROPERTIES = {"font-family": "css-font", "border-top": "css-border"}
# Of HTML 3.2 and CSS 1, older than every program: nobody tests them.
EVERYWHERE = {
    *(f"<{tag}>" for tag in ("html", "head", "meta", "a", "br", "em", "title")),
    *(f"[{name}]" for name in "style class name content charset href src alt border bgcolor id type start".split()),
    "color",
}


@cache
def known() -> dict[str, tuple[str, str]]:
    """Return (title, a letter for each client) of every feature that caniemail has."""
    return {
        name: (title, letters) for name, (title, letters) in json.loads(DATA.read_text("utf-8"))["features"].items()
    }


@cache
def clients() -> tuple[str, ...]:
    return tuple(json.loads(DATA.read_text("utf-8"))["clients"])


def lacking(feature: str) -> str:
    """Return in which programs a feature is not shown whole: `Gmail (web, iOS) partly; Outlook (Windows) not`."""
    if feature not in known():
        return "not tested"
    words = {"a": "partly", "n": "not", "u": "unknown"}
    found = [
        (client.partition(" (")[0], words[letter], client.partition(" (")[2].rstrip(")"))
        for client, letter in zip(clients(), known()[feature][1], strict=True)
        if letter != "y"
    ]
    parts = []
    for (family, word), rows in groupby(found, key=lambda each: each[:2]):
        where = ", ".join(row[2] for row in rows if row[2])
        parts.append(f"{family}{f' ({where})' if where else ''} {word}")
    return "; ".join(parts)


def features(html: str) -> set[str]:
    """Return the features that a whole document uses; what caniemail has no page for as `<tag>`, `[attribute]` or a
    property's name. What every program shows since ever is left out."""
    reader = _Reader()
    # A tag may hold quotes where it stands in an attribute; readers get what it prints.
    reader.feed(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "x", html, flags=re.DOTALL))
    reader.close()
    return reader.found - EVERYWHERE


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def add(self, slug: str, otherwise: str) -> None:
        self.found.add(slug if slug in known() else otherwise)

    def handle_decl(self, decl: str) -> None:
        self.found.add("html-doctype")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta" and given.get("name") == "color-scheme":
            self.found.add("html-meta-color-scheme")
        self.add(ELEMENTS.get(tag, f"html-{tag}"), f"<{tag}>")
        for name, value in given.items():
            if name == "style":
                self.declarations(value)
            else:
                self.add(f"html-{name}", f"[{name}]")
        if tag == "a" and given.get("href", "").startswith("mailto:"):
            self.found.add("html-mailto-links")
        if tag == "img":
            self.add(f"image-{Path(given['src']).suffix[1:].replace('jpeg', 'jpg')}", "image")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.rules(data)

    def rules(self, css: str) -> None:
        for prelude, content in re.findall(r"([^{}]+)\{((?:[^{}]|\{[^{}]*\})*)\}", css):
            if prelude.strip().startswith("@"):
                self.add(f"css-at-{prelude.split()[0][1:]}", prelude.strip())
                if "prefers-color-scheme" in prelude:
                    self.found.add("css-at-media-prefers-color-scheme")
                self.rules(content)
            else:
                self.selector(prelude)
                self.declarations(content)

    def selector(self, selector: str) -> None:
        for sign, name in ((",", "grouping"), (">", "child")):
            if sign in selector:
                self.found.add(f"css-selector-{name}")
        for each in re.split(r"[,>]", selector):
            parts = each.split()
            if len(parts) > 1:
                self.found.add("css-selector-descendant")
            for part in parts:
                tag, dot, name = part.partition(".")
                assert re.fullmatch(r"[\w-]*", tag + name), f"a selector that this reader does not know: {selector}"
                self.found |= {f"css-selector-{kind}" for kind, there in (("type", tag), ("class", dot)) if there}
                if tag and dot:
                    self.found.add("css-selector-chaining")

    def declarations(self, css: str) -> None:
        for each in filter(str.strip, css.split(";")):
            name, _, value = (part.strip().lower() for part in each.partition(":"))
            self.add(PROPERTIES.get(name, f"css-{name}"), name)
            if value.endswith("!important"):
                self.found.add("css-important")
            if name == "display" and f"css-display-{value.split()[0]}" in known():
                self.found.add(f"css-display-{value.split()[0]}")
            for unit in re.findall(r"(?<![\w#])[\d.]+([a-z]+|%)", value):
                self.add(f"css-unit-{unit.replace('%', 'percent')}", f"unit {unit}")
