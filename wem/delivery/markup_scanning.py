"""HTML read as it was written: whether the next character stands between tags, in a tag, or in a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
# Elements whose end tag may be left out: they do not nest by being left open.
_SELF_CLOSING = frozenset("p li dt dd tr td th option optgroup rb rt rtc rp".split())
# Elements that parsers add or leave out by themselves.
IMPLIED = frozenset("html head body tbody thead tfoot colgroup".split())
# Their content is text, whatever it looks like.
_RAW = frozenset("script style title textarea xmp iframe noembed noframes noscript plaintext".split())
_NOT_COUNTED = VOID | _SELF_CLOSING | IMPLIED

_OPENING = re.compile(r"<(?:!--|[!?]|/?([A-Za-z][^\s/>]*))")
_DOCTYPE = re.compile(r"<!doctype[^>]*>", re.IGNORECASE)
_COMMENT_END = re.compile(r"--!?>")
_ABRUPT_END = re.compile(r"-?>")
_BOGUS_END = re.compile(r">")
_IN_TAG = re.compile(r"[=>\"']|\s+|[^=>\"'\s]+")


class Scanner:
    """Says whether the next character stands between tags, in a tag, or in a comment; leaves comments out."""

    def __init__(self) -> None:
        self.state = "text"
        self.element = ""
        self.quote = ""
        self.after_equals = False
        self.attribute = ""
        self.depth = self.deepest = 0
        self._raw_after = False
        self._dropped = False
        self._end = _COMMENT_END

    @property
    def place(self) -> str | None:
        """The attribute that the next character belongs to, as `Shielded.attributes` says it."""
        if self.state == "raw":
            return "style" if self.element == "style" else None
        if self.state == "quoted" or (self.state == "tag" and self.after_equals):
            return self.attribute
        return "" if self.state == "tag" else None

    def feed(self, text: str) -> Iterator[str]:
        at = 0
        while at < len(text):
            start = at
            at = getattr(self, f"_{self.state}")(text, at)
            if not self._dropped:
                yield text[start:at]

    def _text(self, text: str, at: int) -> int:
        self._dropped = False
        opening = _OPENING.search(text, at)
        if opening is None:
            return len(text)
        if opening.start() > at:
            return opening.start()
        if doctype := _DOCTYPE.match(text, at):
            return doctype.end()
        if opening[1] is None:
            self._dropped = True
            self.state = "comment"
            self._end = _COMMENT_END if opening[0] == "<!--" else _BOGUS_END
            if opening[0] == "<!--" and (abrupt := _ABRUPT_END.match(text, opening.end())):
                self.state = "text"
                return abrupt.end()
            return opening.end()
        self.state, self.after_equals, self.attribute = "tag", False, ""
        self.element = opening[1].lower()
        closing = opening[0][1] == "/"
        self._raw_after = self.element in _RAW and not closing
        if self.element not in _NOT_COUNTED:
            self.depth = max(self.depth - 1, 0) if closing else self.depth + 1
            self.deepest = max(self.deepest, self.depth)
        return opening.end()

    def _comment(self, text: str, at: int) -> int:
        self._dropped = True
        end = self._end.search(text, at)
        if end is None:
            return len(text)
        self.state = "text"
        return end.end()

    def _tag(self, text: str, at: int) -> int:
        self._dropped = False
        for token in _IN_TAG.finditer(text, at):
            first = token[0][0]
            if first == ">":
                self.state = "raw" if self._raw_after else "text"
                return token.end()
            if first in "\"'" and self.after_equals:
                self.state, self.quote, self.after_equals = "quoted", first, False
                return token.end()
            if first.isspace():
                continue
            if not self.after_equals and first != "=":
                self.attribute = token[0].lower()
            self.after_equals = first == "="
        return len(text)

    def _quoted(self, text: str, at: int) -> int:
        self._dropped = False
        end = text.find(self.quote, at)
        if end < 0:
            return len(text)
        self.state = "tag"
        return end + 1

    def _raw(self, text: str, at: int) -> int:
        self._dropped = False
        end = re.compile(rf"</{re.escape(self.element)}(?=[\s/>])", re.IGNORECASE).search(text, at)
        if end is None:
            return len(text)
        self.state, self.after_equals, self._raw_after = "tag", False, False
        self.depth = max(self.depth - 1, 0)
        return end.end()
