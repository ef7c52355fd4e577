"""Characters that phones of old kinds may show as others (機種依存文字): what JIS X 0208 does not hold."""

from __future__ import annotations

import re
import unicodedata

_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# Two Unicode characters stand for one of JIS; katakana of half width are sent as full-width ones (`delivery.charsets`).
_SAME = frozenset("～－∥―￠￡￢¥‖—−")


def beyond_jis(source: str) -> list[str]:
    """Return the characters of a Liquid text that JIS X 0208 does not hold, each once, in order."""
    found = dict.fromkeys(_LIQUID.sub(" ", source))
    return [char for char in found if not _fits(char)]


def _fits(char: str) -> bool:
    if char.isascii() or char.isspace() or char in _SAME or "\uff61" <= char <= "\uff9f":
        return True
    # What shows nothing by itself belongs to the character before it.
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return True
    try:
        char.encode("iso2022_jp")
    except UnicodeEncodeError:
        return False
    return True
