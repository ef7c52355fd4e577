"""A customer's HTML made fit for mail: cleaned of what acts, with styles inlined, and turned into text.

Liquid tags pass through whole. Where one could tear the HTML apart, TemplateProblem (misplaced) tells its place.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable
from html.parser import HTMLParser

import css_inline
import nh3
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.tag import CustomHtmlTagHandlerMapping

from wem.delivery.markup import Shielded, shield
from wem.delivery.personalising import MAX_SOURCE
from wem.delivery.template_nodes import Kind, TemplateProblem
from wem.mailings.style_rules import harmless

_TAGS = set(
    "a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn "
    "dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main map area mark "
    "menu nav ol p pre q rp rt ruby s samp section small span strike strong style sub sup table tbody td tfoot th "
    "thead time tr tt u ul var wbr".split()
)
# Removed with what they hold; other unknown elements only lose their tags.
_REMOVED = set(
    "script noscript title textarea iframe object embed applet svg math template select option xmp noembed noframes "
    "plaintext audio video canvas".split()
)
_EVERYWHERE = set("style class id title lang dir align valign width height bgcolor role".split())
_ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href", "name", "target"},
    "area": {"href", "shape", "coords", "alt", "target"},
    "img": {"src", "alt", "border", "hspace", "vspace", "usemap", "ismap"},
    "map": {"name"},
    "table": {"border", "cellpadding", "cellspacing", "background", "summary", "rules", "frame", "bordercolor"},
    "tr": {"background"},
    "td": {"background", "colspan", "rowspan", "nowrap", "headers", "scope", "abbr"},
    "th": {"background", "colspan", "rowspan", "nowrap", "headers", "scope", "abbr"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"color", "face", "size"},
    "hr": {"color", "size", "noshade"},
    "br": {"clear"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value", "type"},
    "style": {"type", "media"},
    "time": {"datetime"},
    "blockquote": {"cite"},
    "div": {"background"},
}
_LINK_SCHEMES = {"http", "https", "mailto", "tel"}
_IMAGE_SCHEMES = {"http", "https"}
_LINKS = {"href": _LINK_SCHEMES, "cite": _LINK_SCHEMES, "src": _IMAGE_SCHEMES, "background": _IMAGE_SCHEMES}

_SCHEME = re.compile(r"([^/?#:]*):")
# Before a link's own text may stand a field as it is, or with a web address in its place.
_LEADING_OUTPUT = re.compile(
    r"""\w+(?:\s*\|\s*(?:strip|default:\s*(?:"(?:https?://[^"]*)?"|'(?:https?://[^']*)?')))*"""
)
# What a mail says of light and dark: without it programs turn its colours as they like.
_SCHEMES = re.compile(
    r'<meta name="(?:supported-)?color-schemes?" content="(?:light|dark|only)(?: (?:light|dark|only))?">'
)
_WHOLE_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*'){0,4000}>")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_STYLE_BLOCK = re.compile(r"<style([^>]*)>(.*?)</style>", re.DOTALL)
_ALONE = re.compile(r"^[ \t]*(\w+)\n+", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def clean_html(source: str) -> str:
    """Return HTML without scripts, forms, frames, event handlers and comments; always well-formed and closed.

    A whole document comes back as one, with its language, its body's look and its style blocks; a part stays a part.
    Cleaning twice changes nothing more. Raises TemplateProblem where a Liquid tag is broken, stands where none can
    (a tag's name, a style block), or where a block opens and closes in different places of the HTML.
    """
    if len(source) > MAX_SOURCE:
        raise TemplateProblem(source, 0, Kind.too_large)
    shielded = shield(source)
    frame = _Frame(shielded.html)
    cleaned = _scrubbed(shielded.html, shielded)
    if frame.whole:
        cleaned = _document(cleaned, frame.language, _scrubbed_attributes(frame.body, shielded), frame.schemes)
    shielded.check(cleaned)
    cleaned = shielded.restore(cleaned)
    if len(cleaned) > MAX_SOURCE:
        raise TemplateProblem(source, 0, Kind.too_large)
    return cleaned


def complete_document(part: str, language: str = "ja") -> str:
    """Return cleaned HTML as a whole document; one that is whole stays as it is."""
    shielded = shield(part)
    if _Frame(shielded.html).whole:
        return part
    return shielded.restore(_document(shielded.html, language, ""))


def inline_styles(html: str) -> str:
    """Return a cleaned document with its style blocks written into the elements; only at-rules stay in a block."""
    shielded = shield(complete_document(html))
    inlined = css_inline.inline(shielded.html, load_remote_stylesheets=False, keep_at_rules=True)
    shielded.check(inlined)
    return shielded.restore(inlined)


def text_from_html(html: str) -> str:
    """Return a text part for cleaned HTML: links as `text <address>`, images as their description, Liquid kept."""
    shielded = shield(html)
    links: list[str] = []
    text = get_text(shielded.as_words(), _text_rules(links))
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    text = _ALONE.sub(lambda line: line[1] if _is_block_tag(shielded, line[1]) else line[0], text)
    return shielded.restore(re.sub(r"\n{3,}", "\n\n", text).strip("\n")) + "\n"


def _is_block_tag(shielded: Shielded, word: str) -> bool:
    """Return whether a line is one tag that prints nothing: its line end would be an empty line in the mail."""
    numbers = shielded.numbers(word)
    return len(numbers) == 1 and bool(shielded.marks[numbers[0]].tag) and bool(shielded.pattern.fullmatch(word))


def _scrubbed(html: str, shielded: Shielded) -> str:
    """Return a part cleaned by nh3; comments are gone but for the stand-ins."""
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_REMOVED,
        attributes=_ATTRIBUTES,
        generic_attribute_prefixes={"aria-"},
        attribute_filter=_attribute_filter(shielded),
        url_schemes=_LINK_SCHEMES,
        strip_comments=False,
        link_rel=None,
    )
    pieces = re.split(r"(<style[^>]*>.*?</style>)", cleaned, flags=re.DOTALL)
    for at, piece in enumerate(pieces):
        if at % 2:
            pieces[at] = _STYLE_BLOCK.sub(lambda found: f"<style{found[1]}>{harmless(found[2])}</style>", piece)
        else:
            pieces[at] = _COMMENT.sub(lambda found: found[0] if shielded.pattern.fullmatch(found[0]) else "", piece)
    return "".join(pieces)


def _attribute_filter(shielded: Shielded) -> Callable[[str, str, str], str | None]:
    def keep(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return harmless(value) or None
        schemes = _LINKS.get(name)
        return value if schemes is None or _leads_nowhere_else(value, schemes, shielded) else None

    return keep


def _leads_nowhere_else(value: str, schemes: set[str], shielded: Shielded) -> bool:
    """Return whether an address can begin with none but these schemes, whichever way its Liquid tags go."""
    plain = re.sub(r"[\x00-\x20\x7f-\xa0]", "", value)
    beginnings, beginning = [shielded.pattern.sub("", plain)], True
    at = 0
    for found in shielded.pattern.finditer(plain):
        text = plain[at : found.start()]
        if beginning and text:
            beginnings.append(text)
            beginning = False
        mark = shielded.marks[int(found[1] or found[2])]
        if mark.tag and mark.tag != "comment":
            beginning = True
        elif not mark.tag:
            if beginning and not _LEADING_OUTPUT.fullmatch(mark.expression):
                return False
            # A field alone may be the address; what follows it belongs to it.
            beginning = False
        at = found.end()
    if beginning:
        beginnings.append(plain[at:])
    found_schemes = {match[1].lower() for text in beginnings if (match := _SCHEME.match(text))}
    return found_schemes <= schemes


def _scrubbed_attributes(given: list[tuple[str, str | None]], shielded: Shielded) -> str:
    """Return the attributes of a body as they may stand in its tag."""
    written = "".join(
        f' {name}="{entities.escape(value or "")}"' for name, value in given if name in _EVERYWHERE | {"background"}
    )
    return _scrubbed(f"<div{written}></div>", shielded).removeprefix("<div").removesuffix("></div>")


def _document(content: str, language: str, body: str, schemes: str = "") -> str:
    """Return a whole document; style blocks move into its head, where more mail programs read them."""
    styles = "".join(found[0] for found in _STYLE_BLOCK.finditer(content))
    content = _STYLE_BLOCK.sub("", content)
    return (
        f'<!DOCTYPE html>\n<html lang="{entities.escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{schemes}{styles}</head><body{body}>{content.strip()}</body></html>\n"
    )


class _Frame:
    """What a whole document says outside its content: language, light and dark, and the body's attributes."""

    def __init__(self, html: str) -> None:
        self.language = "ja"
        self.body: list[tuple[str, str | None]] = []
        self.whole = False
        self.schemes = "".join(dict.fromkeys(found[0] for found in _SCHEMES.finditer(html)))
        for name in ("!doctype", "html", "body"):
            found = re.search(rf"<{name}(?=[\s>])", html, re.IGNORECASE)
            if found is None:
                continue
            self.whole = True
            tag = _WHOLE_TAG.match(html, found.start())
            attributes = _attributes(tag[0]) if tag else []
            if name == "html" and _LANGUAGE.fullmatch(dict(attributes).get("lang") or ""):
                self.language = dict(attributes)["lang"] or "ja"
            if name == "body":
                self.body = attributes


def _attributes(tag: str) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(attrs)

    Reader().feed(tag)
    return found


def _text_rules(links: list[str]) -> ParserConfig:
    """Mail tables lay out the page, so rows are lines and cells follow each other."""
    style = CSS_PROFILES["relaxed"].copy()
    style["tr"] = HtmlElement(display=Display.block)
    style["table"] = HtmlElement(display=Display.block)

    def open_link(state, attributes):  # type: ignore[no-untyped-def]
        links.append((attributes.get("href") or "").strip())

    def close_link(state):  # type: ignore[no-untyped-def]
        address = links.pop()
        if address and not address.startswith("#"):
            state.tags[-1].write(f" <{address}>")

    def image(state, attributes):  # type: ignore[no-untyped-def]
        state.tags[-1].write(attributes.get("alt") or "")

    def cell_end(state):  # type: ignore[no-untyped-def]
        state.tags[-1].write("  ")

    def nothing(*_: object) -> None:
        pass

    return ParserConfig(
        css=style,
        custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
            start_tag_mapping={
                "a": open_link,
                "img": image,
                "table": nothing,
                "tr": nothing,
                "td": nothing,
                "th": nothing,
            },
            end_tag_mapping={"a": close_link, "table": nothing, "td": cell_end, "th": cell_end},
        ),
    )
