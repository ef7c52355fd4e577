"""The mailbox's pages in Japanese or English, without the product's application."""

from __future__ import annotations

import gettext
import io
from datetime import datetime
from functools import cache
from pathlib import Path

from babel.dates import format_datetime
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import g

CATALOGUES = Path(__file__).resolve().parent.parent / "translations" / "ja" / "LC_MESSAGES"
LANGUAGES = ("ja", "en")


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the words of a language; common words such as Search stand in the catalogue of the web."""
    if language != "ja":
        return gettext.NullTranslations()
    together = Catalog(locale="ja")
    for name in ("web.po", "mailbox.po"):
        if (CATALOGUES / name).exists():
            with open(CATALOGUES / name, "rb") as file:
                for message in read_po(file, locale="ja"):
                    if message.id and message.string and not message.fuzzy:
                        together[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, together)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def word(message: str) -> str:
    return translations(g.language).gettext(message)


def words(one: str, many: str, number: int) -> str:
    return translations(g.language).ngettext(one, many, number)


def moment(text: str, *, whole: bool = False) -> str:
    """Return a stored time as the page's language writes it; with year and second when `whole`."""
    time = datetime.fromisoformat(text)
    if g.language == "ja":
        pattern = "y年M月d日（E）H:mm:ss" if whole else "M月d日（E）H:mm"
    else:
        pattern = "EEE, d MMM y, HH:mm:ss" if whole else "d MMM, HH:mm"
    return format_datetime(time, pattern, tzinfo=time.tzinfo, locale=g.language)


def size(number: int) -> str:
    """Return a number of bytes as B, KB or MB."""
    if number < 1024:
        return f"{number} B"
    return f"{number / 1024:,.1f} KB" if number < 1024 * 1024 else f"{number / 1024 / 1024:,.1f} MB"
