"""Finds titles that stand twice after a name, as in 「お客様様」."""

from __future__ import annotations

import re

_SPACE = r"[ \t\u3000\xa0]*"
# 様子, 様々 and the like begin a word of their own.
_TITLE = r"(?:様(?![式子相態々])|さま(?!ざま)|さん|殿|御中)"
_ENDS = re.compile(rf"\S*(?:様|さま|さん|殿|御中){_SPACE}\Z")
_BEGINS = re.compile(_SPACE + _TITLE)
# Only pairs that no other words make: さんさん is how the sun shines, 殿様 a lord.
_TWICE = re.compile(
    rf"[^\s<>、。，．,.!?！？・「」『』（）()【】]{{0,10}}(?:(?:様|さま){_SPACE}{_TITLE}|さん{_SPACE}(?:様(?![式子相態々])|さま(?!ざま)))"
)


def doubled(default: str, after: str) -> str:
    """Return how a default reads with the text after it when both bring a title; empty when they do not."""
    ending, title = _ENDS.search(default), _BEGINS.match(after)
    return f"{ending[0]}{title[0]}" if ending and title else ""


def doubled_titles(text: str) -> list[str]:
    """Return the places of a finished text at which two titles follow one another."""
    return [found[0] for found in _TWICE.finditer(text)]
