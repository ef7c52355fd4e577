"""Texts of many paragraphs: a file of HTML for each language, because a catalogue is made for single sentences."""

from __future__ import annotations

from pathlib import Path
from string import Template

from flask_babel import get_locale
from markupsafe import Markup, escape

from wem.settings import settings

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("ja", "en")


def text(name: str, **addresses: str) -> Markup:
    """Return a text in the reader's language, with provider, help desk and further addresses filled in."""
    asked = str(get_locale() or LANGUAGES[0])[:2]
    language = asked if asked in LANGUAGES else LANGUAGES[0]
    source = (FOLDER / f"{name}.{language}.html").read_text("utf-8")
    values = {"provider_name": escape(settings().PROVIDER_NAME), "support_email": escape(settings().SUPPORT_EMAIL)}
    values |= {name: escape(address) for name, address in addresses.items()}
    return Markup(Template(source).substitute(values))
