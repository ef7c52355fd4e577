"""The closed list of filters that a customer's text may use; text in, text (or a number) out."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote_plus

# A chain of `replace` could otherwise grow a name to gigabytes.
MAX_VALUE = 100_000

Scalar = str | int | float | bool | None
Filter = Callable[..., Scalar]


class ValueTooLong(Exception):
    """A filter's result would be longer than MAX_VALUE characters."""


@dataclass(frozen=True)
class FilterForm:
    """A filter and how many arguments it takes."""

    apply: Filter
    least: int
    most: int


def as_text(value: Scalar) -> str:
    """Return a value as Liquid prints it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def as_number(value: Scalar) -> int | float | None:
    """Return the number that a value is or that a text spells (`1,234`, full width too); None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if not isinstance(value, str):
        return value
    if len(value) > 40:
        return None
    plain = unicodedata.normalize("NFKC", value).strip().replace(",", "")
    if re.fullmatch(r"[+-]?[0-9]+", plain):
        return int(plain)
    if re.fullmatch(r"[+-]?[0-9]+\.[0-9]+", plain):
        return float(plain)
    return None


def _default(value: Scalar, other: Scalar = "") -> Scalar:
    return other if value is None or value is False or value == "" else value


def _capitalize(value: Scalar) -> str:
    return as_text(value).capitalize()


def _truncate(value: Scalar, length: Scalar = 50, end: Scalar = "...") -> str:
    text, tail = as_text(value), as_text(end)
    limit = int(as_number(length) or 0)
    if len(text) <= limit:
        return text
    return text[: max(limit - len(tail), 0)] + tail


def _replace(value: Scalar, old: Scalar, new: Scalar = "") -> str:
    text, before, after = as_text(value), as_text(old), as_text(new)
    if len(text) + text.count(before) * max(len(after) - len(before), 0) > MAX_VALUE:
        raise ValueTooLong
    return text.replace(before, after)


def _append(value: Scalar, tail: Scalar) -> str:
    return as_text(value) + as_text(tail)


def _prepend(value: Scalar, head: Scalar) -> str:
    return as_text(head) + as_text(value)


def _size(value: Scalar) -> int:
    return len(value) if isinstance(value, str) else 0


def _escape(value: Scalar) -> str:
    return html.escape(as_text(value)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


_DATE = re.compile(
    r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?.*)?", re.DOTALL
)
_DIRECTIVE = re.compile(r"%(-?)([YymdeHIMSpaAbBj%])")
_DAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _date(language: str) -> Filter:
    def date(value: Scalar, form: Scalar) -> str:
        """Return a date in the wanted form; what is no date stays as it is."""
        text = as_text(value)
        match = _DATE.fullmatch(unicodedata.normalize("NFKC", text[:40]).strip())
        if match is None:
            return text
        try:
            moment = datetime(*(int(part or 0) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
        except ValueError:
            return text
        return _DIRECTIVE.sub(lambda directive: _date_part(moment, directive[1], directive[2], language), as_text(form))

    return date


def _date_part(moment: datetime, flag: str, letter: str, language: str) -> str:
    japanese = language == "ja"
    if letter in "mdHIMSeyj":
        number, width = {
            "m": (moment.month, 2),
            "d": (moment.day, 2),
            "e": (moment.day, 1),
            "H": (moment.hour, 2),
            "I": (moment.hour % 12 or 12, 2),
            "M": (moment.minute, 2),
            "S": (moment.second, 2),
            "y": (moment.year % 100, 2),
            "j": (moment.timetuple().tm_yday, 3),
        }[letter]
        return str(number) if flag else f"{number:0{width}d}"
    if letter == "Y":
        return str(moment.year)
    if letter == "p":
        return ("午前", "午後")[moment.hour >= 12] if japanese else ("AM", "PM")[moment.hour >= 12]
    if letter == "a":
        return _DAYS["ja" if japanese else "en"][moment.weekday()]
    if letter == "A":
        return _DAYS["ja"][moment.weekday()] + "曜日" if japanese else _LONG_DAYS[moment.weekday()]
    if letter in "bB":
        month = f"{moment.month}月" if japanese else _MONTHS[moment.month - 1]
        return month if japanese or letter == "B" else month[:3]
    return "%"


def filters(escape: str, language: str) -> dict[str, FilterForm]:
    """Return the filters by name. In HTML `escape` changes nothing, for every value is escaped when it is put out."""
    return {
        "append": FilterForm(_append, 1, 1),
        "capitalize": FilterForm(_capitalize, 0, 0),
        "date": FilterForm(_date(language), 1, 1),
        "default": FilterForm(_default, 0, 1),
        "downcase": FilterForm(lambda value: as_text(value).lower(), 0, 0),
        "escape": FilterForm(as_text if escape == "html" else _escape, 0, 0),
        "lstrip": FilterForm(lambda value: as_text(value).lstrip(), 0, 0),
        "prepend": FilterForm(_prepend, 1, 1),
        "remove": FilterForm(lambda value, old: _replace(value, old), 1, 1),
        "replace": FilterForm(_replace, 1, 2),
        "rstrip": FilterForm(lambda value: as_text(value).rstrip(), 0, 0),
        "size": FilterForm(_size, 0, 0),
        "strip": FilterForm(lambda value: as_text(value).strip(), 0, 0),
        "truncate": FilterForm(_truncate, 0, 2),
        "upcase": FilterForm(lambda value: as_text(value).upper(), 0, 0),
        "url_encode": FilterForm(lambda value: quote_plus(as_text(value), errors="replace"), 0, 0),
    }
