"""Templates: parse, import what they use, ask for what exists, and work without JavaScript."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from jinja2 import Environment, meta, nodes
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from tests.invariants.crawling import Crawl
from tests.invariants.routes import Route, routes
from tests.invariants.sources import TEMPLATES, module_files, modules, template_name, templates
from tests.invariants.test_guards import REFUSES

ALL = templates(".html", ".txt", ".xml")
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def tree_of(path: Path, app: Flask | None = None) -> nodes.Template:
    environment = app.jinja_env if app else Environment(extensions=["jinja2.ext.i18n"])
    return environment.parse(path.read_text("utf-8"))


@pytest.mark.parametrize("path", ALL, ids=template_name)
def test_it_compiles(path: Path, whole_app: Flask) -> None:
    """With the filters and tests that the application has; the built-in mailbox is an application of its own."""
    if template_name(path).startswith("mailbox/"):
        tree_of(path)
    else:
        whole_app.jinja_env.get_template(template_name(path))


@pytest.mark.parametrize("path", ALL, ids=template_name)
def test_what_it_imports_it_uses_and_is_there(path: Path) -> None:
    tree = tree_of(path)
    used = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    for statement in tree.find_all(nodes.FromImport):
        assert isinstance(statement.template, nodes.Const)
        assert not statement.with_context, "macros take values; the context would hide what they need"
        offered = {macro.name for macro in tree_of(TEMPLATES / statement.template.value).find_all(nodes.Macro)}
        for name in statement.names:
            original, local = name if isinstance(name, tuple) else (name, name)
            assert original in offered, f"{statement.template.value} has no macro {original}"
            assert local in used, f"{local} is imported and not used"
    for reference in meta.find_referenced_templates(tree):
        if reference is not None:
            assert (TEMPLATES / reference).exists(), f"{reference} does not exist"


def test_every_template_is_used() -> None:
    named = {
        node.value
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    patterns = [re.compile(pattern) for pattern in dynamic_names()]
    by_others = {reference for path in ALL for reference in meta.find_referenced_templates(tree_of(path)) if reference}
    unused = [
        name
        for name in map(template_name, ALL)
        if name not in named | by_others and not any(pattern.fullmatch(name) for pattern in patterns)
    ]
    assert not unused, f"nobody renders {unused}"


def dynamic_names() -> Iterator[str]:
    """Yield patterns of the template names that code and templates put together."""
    for path in ALL:
        for statement in tree_of(path).find_all((nodes.Include, nodes.Extends)):
            if isinstance(statement.template, nodes.Concat):
                parts = statement.template.nodes
                yield "".join(re.escape(p.value) if isinstance(p, nodes.Const) else "[^/]+" for p in parts)
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[^/]+" for part in node.values
                ]
                if "".join(parts).endswith((r"\.html", r"\.txt", r"\.xml", "[^/]+")) and "/" in "".join(parts):
                    yield "".join(parts)


# --- fragments -------------------------------------------------------------------------------------------------------


def rendered_by_views() -> list[Path]:
    """Return the fragments that a view answers with: htmx puts them in the place of what it has."""
    named = {name for _, path in module_files() for name in re.findall(r"[\w/-]+\.html", path.read_text("utf-8"))}
    return [path for path in templates(".html") if path.name.startswith("_") and template_name(path) in named]


# Fragments that are no answer to htmx: why.
NO_ANSWER = {"lists/_embed.html": "shown as text, to be copied into the customer's own site"}


@pytest.mark.parametrize(
    "path", [path for path in rendered_by_views() if template_name(path) not in NO_ANSWER] or [None],
    ids=lambda path: template_name(path) if path else "none",
)  # fmt: skip
def test_a_fragment_has_one_root_with_an_id(path: Path | None) -> None:
    if path is None:
        return
    for source in variants(path.read_text("utf-8")):
        reader = Roots()
        reader.feed(source)
        assert len(reader.roots) == 1, f"{reader.roots} stand side by side"
        assert "id" in reader.roots[0][1], "the root has no id"


def variants(source: str) -> Iterator[str]:
    """Yield the template as HTML twice: with what stands in every `if`, and with what stands in every `else`."""
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.S)
    innermost = re.compile(r"\{%-?\s*if\b[^%]*%\}((?:(?!\{%-?\s*(?:if|endif)\b).)*?)\{%-?\s*endif\s*-?%\}", re.S)
    for first in (True, False):
        text = source
        while found := innermost.search(text):
            branches = re.split(r"\{%-?\s*(?:else|elif\b[^%]*)\s*-?%\}", found[1])
            has_else = bool(re.search(r"\{%-?\s*else\s*-?%\}", found[1]))
            kept = branches[0] if first else (branches[-1] if has_else else "")
            text = text[: found.start()] + kept + text[found.end() :]
        # A macro that is called at the top may write anything: it counts as one element with an id.
        text = re.sub(r"\{%-?\s*call\b.*?%\}(.*?)\{%-?\s*endcall\s*-?%\}", r"<div id=x>\1</div>", text, flags=re.S)
        text = re.sub(r"\{\{.*?\}\}", "x", text, flags=re.S)
        yield re.sub(r"\{%.*?%\}", "", text, flags=re.S)


class Roots(HTMLParser):
    """Collects the elements, and the words, that stand in no other."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.roots: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0:
            self.roots.append((tag, dict(attrs)))
        self.depth += tag not in VOID

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag not in VOID

    def handle_data(self, data: str) -> None:
        if self.depth == 0 and data.strip():
            self.roots.append(("text", {}))


# --- links and htmx, as rendered -------------------------------------------------------------------------------------


def test_every_page_is_sound(crawl: Crawl) -> None:
    """Title, language, one h1, unique ids, labels, tokens, nothing inline: the checks of tests/page.py."""
    assert not crawl.unsound, "\n".join(crawl.unsound)


def test_no_link_leads_nowhere(crawl: Crawl) -> None:
    """Every link on every page was opened by the person who saw it."""
    wrong = [
        str(answer)
        for answer in crawl.of("GET")
        if answer.status in (404, 405, 410, 500) and answer.status not in REFUSES.get(answer.route, ())
    ]
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_every_htmx_request_has_a_real_element(crawl: Crawl) -> None:
    """Without JavaScript the form is posted, the link followed; what only polls needs neither."""
    wrong, seen = set(), set()
    asks = re.compile(r"<[^>]*\shx-(?:get|post|put|patch|delete)=[^>]*>")
    for answer in crawl.of("GET"):
        found = re.sub(r"\d+", "", "".join(asks.findall(answer.text))) if answer.mimetype == "text/html" else ""
        if found in seen:
            continue
        seen.add(found)
        for tag in BeautifulSoup(answer.text, "lxml").find_all(True) if found else []:
            if problem := htmx_problem(tag):
                wrong.add(f"{answer.route}: {problem}")
    assert not wrong, "\n".join(sorted(wrong))


def htmx_problem(tag: Tag) -> str:
    for verb in ("hx-put", "hx-patch", "hx-delete"):
        if tag.has_attr(verb):
            return f"{verb} has no counterpart in a form"
    if tag.has_attr("hx-post"):
        form = tag if tag.name == "form" else tag.find_parent("form")
        if form is None or str(form.get("method", "")).lower() != "post":
            return f"hx-post={tag['hx-post']} on {tag.name} outside a form that posts"
        if str(form.get("action") or tag["hx-post"]) != str(tag["hx-post"]) and not tag.get("formaction"):
            return f"hx-post={tag['hx-post']} but the form goes to {form.get('action')}"
    if tag.has_attr("hx-get"):
        polls = re.search(r"\b(every|load|revealed|intersect)\b", str(tag.get("hx-trigger", "")))
        real = (tag.name == "a" and tag.get("href")) or tag.name == "form" or tag.find_parent("form")
        if not polls and not real:
            return f"hx-get={tag['hx-get']} on {tag.name} works with JavaScript only"
    return ""


# --- links as written ------------------------------------------------------------------------------------------------

# Addresses that stand in the code and are no links: why.
NO_LINKS = dict.fromkeys(("/l/", "/o/", "/v/"), "robots.txt keeps machines from it before it exists")
WRITTEN = re.compile(r"""["'](/[a-z][a-z0-9/_-]*/?)["']""")


def matches(all_routes: list[Route], app: Flask, path: str) -> bool:
    try:
        app.url_map.bind("localhost").match(path, "GET")
    except (NotFound, RequestRedirect):
        return False
    except MethodNotAllowed:
        return True
    return True


@pytest.mark.parametrize(
    "path",
    [path for path in templates(".html") if not template_name(path).startswith(("mailbox/", "emails/"))],
    ids=template_name,
)
def test_written_links_lead_somewhere(path: Path, whole_app: Flask) -> None:
    """`url_for` fails by itself; what is written out must be looked up."""
    found = WRITTEN.findall(re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.S))
    wrong = [link for link in found if not matches(routes(whole_app), whole_app, link)]
    assert not wrong, wrong


def test_links_written_in_code_lead_somewhere(whole_app: Flask) -> None:
    wrong = []
    for module in modules():
        if not module.name.endswith(("views", "context", "blueprints")):
            continue
        rules = {rule.rule for rule in whole_app.url_map.iter_rules()}
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(WRITTEN.pattern[4:-4], node.value)
            ):
                known = any(rule.endswith(node.value) or rule.startswith(node.value) for rule in rules)
                known = known or node.value in NO_LINKS
                if not known and not matches([], whole_app, node.value):
                    wrong.append(f"{module.where(node)}: {node.value}")
    assert not wrong, "\n".join(wrong)
