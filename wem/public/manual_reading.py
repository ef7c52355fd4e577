"""The operating manual (Art. 21-1) by its versions: the first is a file, later ones are what staff published."""

from __future__ import annotations

from string import Template

import nh3
from inscriptis import get_text
from markupsafe import Markup, escape

from wem.contracts import text_rules
from wem.contracts.text_models import version_of
from wem.contracts.text_rules import FIRST, Line, TextKind
from wem.public.long_texts import FOLDER
from wem.settings import settings

PICTURES = ("home", "columns", "upload", "join", "compose", "preview", "check", "leave", "report")
_TAGS = {
    "a", "article", "br", "caption", "code", "em", "figure", "figcaption", "h2", "h3", "img", "li", "nav", "ol", "p",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"id", "class"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "loading"},
    "nav": {"aria-label"},
    "th": {"scope"},
}


def source(version: int) -> str:
    """Return the manual as it was issued, in Japanese; LookupError when there is no such version."""
    if version == FIRST:
        return (FOLDER / "manual.ja.html").read_text("utf-8")
    kept = version_of(TextKind.manual, version)
    if kept is None:
        raise LookupError(f"no manual of version {version}")
    return kept.text


def shown(version: int, language: str, pictures: dict[str, str]) -> tuple[Markup, str]:
    """Return a version as a page shows it, and its language: the first is there in English too. Raises LookupError.

    `pictures` are the addresses of the pictures by the names that stand in the text.
    """
    translated = FOLDER / f"manual.{language}.html"
    if version == FIRST and translated.exists():
        text = translated.read_text("utf-8")
    else:
        text, language = source(version), "ja"
    values = {"provider_name": settings().PROVIDER_NAME, "support_email": settings().SUPPORT_EMAIL, **pictures}
    # Staff may have written a price with a dollar sign: it stays.
    return Markup(Template(text).safe_substitute({name: escape(value) for name, value in values.items()})), language


def cleaned(text: str) -> str:
    """Return HTML that staff wrote with nothing in it but what a manual needs."""
    return nh3.clean(
        text,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        link_rel=None,
        url_schemes={"https", "http", "mailto"},
    )


def words(text: str) -> str:
    """Return the text of the manual without its HTML, for comparing two versions."""
    return str(get_text(text))


def changes(version: int) -> list[Line]:
    """Return what a version says otherwise than the one before it, line by line. Raises LookupError."""
    return text_rules.changes(words(source(version - 1)), words(source(version)))
