"""Makes a customer's CSS harmless: it loads nothing, runs nothing, and lays nothing over the rest of the mail."""

from __future__ import annotations

import re

_ACTIVE = re.compile(
    r"@import[^;]*;?|expression\s*\(|javascript\s*:|-moz-binding|behavior\s*:|<(?=[/!?A-Za-z])", re.IGNORECASE
)
# What would lay something over the rest of the mail, the legal block with it. Few programs know either.
_LAID_OVER = re.compile(r"(?<![\w-])(?:position\s*:\s*(?!static\b)|z-index\s*:)[^;{}]*;?", re.IGNORECASE)
# Nothing in an element says how its pseudo-elements look; with a name that there is not, the rule is none.
_PSEUDO_ELEMENT = re.compile(r"::?(?:before|after|first-line|first-letter)\b|::[\w-]*", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# `p\6fsition` and `p\osition` are words too (CSS Syntax, 4.3.7); of other characters the escape stays.
_ESCAPE = re.compile(
    r"\\(?:0{0,4}([46][1-9a-f]|[57][0-9a]|2d|3[0-9a])(?:[ \t\n]|(?![0-9a-f]))|([g-z-]))", re.IGNORECASE
)


def harmless(css: str) -> str:
    """Return CSS without what acts or covers; doing it twice changes nothing more."""
    for _ in range(20):
        previous = css
        css = _COMMENT.sub(" ", _ESCAPE.sub(lambda each: each[2] or chr(int(each[1], 16)), css))
        css = _PSEUDO_ELEMENT.sub(":none", _LAID_OVER.sub("", _ACTIVE.sub("", css)))
        if css == previous:
            return css
    # Nested so deep ("@imp@importort") is no accident.
    return ""
