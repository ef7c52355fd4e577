"""Which mailings our staff look at before they are sent."""

from __future__ import annotations

import enum
import html
import re
import unicodedata
from collections.abc import Iterable

MOST_WORDS = 200
LONGEST_WORD = 50
_TAG = re.compile(r"<(?:style|script)\b.*?</(?:style|script)\s*>|<[^<>]{0,4000}>", re.IGNORECASE | re.DOTALL)
_SPACE = re.compile(r"[\s\u200b-\u200d\u2060\u00ad\ufeff]+")


class Ground(enum.StrEnum):
    """Why a mailing is looked at."""

    first = "first"  # the customer's first one
    words = "words"  # words of our list stand in it
    audience = "audience"  # it goes to far more readers than usual


class ReviewState(enum.StrEnum):
    pending = "pending"
    approved = "approved"
    refused = "refused"
    withdrawn = "withdrawn"  # the customer took the mailing back, or asked anew


def words_of(typed: str) -> list[str]:
    """Return the words of a list, one in a line, each once and in order."""
    return list(dict.fromkeys(filter(None, (" ".join(line.split()) for line in typed.splitlines()))))


def words_in(texts: Iterable[str], words: Iterable[str]) -> list[str]:
    """Return which words stand in texts or HTML, however wide, spaced or marked up their letters are."""
    text = "\n".join(_plain(each) for each in texts)
    return [word for word in words if _folded(word) and _folded(word) in text]


def _plain(source: str) -> str:
    return _folded(html.unescape(_TAG.sub("", source)))


def _folded(text: str) -> str:
    return _SPACE.sub("", unicodedata.normalize("NFKC", text).casefold())


def grounds(*, first: bool, words: bool, large: bool) -> list[Ground]:
    """Return why a mailing is looked at, in the order in which the rules stand; none when it need not be."""
    return [ground for ground, holds in zip(Ground, (first, words, large), strict=True) if holds]
