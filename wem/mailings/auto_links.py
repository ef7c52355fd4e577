"""Finds the fields that stand in addresses written as text: mail programs make links of these by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from wem.delivery.markup import shield
from wem.delivery.personalising import names_of_tag
from wem.delivery.template_nodes import Mark
from wem.delivery.template_reading import pieces

# What ends an address in every program; some go on over Japanese letters and punctuation.
_BREAK = re.compile(r"[\s<>\"]")
_WORD = re.compile(r"[\s<>\"]+|[^\s<>\"]+")
# A scheme, www., or a domain that a path follows; also the query after a field that may hold an address. What merely
# looks technical (ID={{ … }}) is no address.
_BEGUN = re.compile(
    r"://|www\.|mailto:[!-~]|[\w-]\.(?:[a-z]{2,}|xn--[a-z0-9-]+)(?:[/?#\x01\x02]|:\d)|(?:\d{1,3}\.){3}\d{1,3}[/?#:]"
    r"|\x01[!-~]{0,100}\?[!-~]{0,100}=\Z",
    re.IGNORECASE,
)
# The stand-in of a personal field, and an address that goes on from it.
_HOST = re.compile(r"\x01[\x01\x02a-z0-9.-]*(?:://|\.[a-z]{2,})", re.IGNORECASE)
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
# System names whose value is an address already.
_ADDRESSES = frozenset({"unsubscribe_url", "preferences_url"})
# Elements that do not end the word in which they stand.
_INLINE = frozenset("a abbr b big code em font i ins mark s small span strong sub sup u wbr".split())
_KEPT = 300


def names_in_text_addresses(source: str) -> set[str]:
    """Return the names whose tags touch an address in a text: `https://x/?m={{ email }}`.

    Nothing but white space, `<`, `>` and `"` ends an address here: programs differ in where they see its end.
    """
    return _names(source, pieces(source))


def names_in_body_addresses(html: str) -> set[str]:
    """Return the same for what stands between the tags of cleaned HTML."""
    shielded = shield(html)
    reader = _Body()
    reader.feed(shielded.as_words())
    reader.close()
    text = "".join(reader.parts)
    return _names(html, _parts(text, shielded.pattern, shielded.marks))


def _parts(text: str, pattern: re.Pattern[str], marks: list[Mark]) -> Iterator[str | Mark]:
    at = 0
    for found in pattern.finditer(text):
        yield text[at : found.start()]
        yield marks[int(found[1] or found[2])]
        at = found.end()
    yield text[at:]


class _Body(HTMLParser):
    """Gathers what a reader sees; elements that begin a line or a cell become a space."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append("" if tag in _INLINE else " ")
        if tag in ("style", "title"):
            self.hidden = tag

    def handle_endtag(self, tag: str) -> None:
        self.parts.append("" if tag in _INLINE else " ")
        if tag == self.hidden:
            self.hidden = ""

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


class _Run:
    """The text since the last break, with stand-ins for what is filled in."""

    def __init__(self, text: str = "", begun: bool = False, waiting: frozenset[str] = frozenset()) -> None:
        self.text, self.begun, self.waiting = text, begun, waiting

    def copy(self) -> _Run:
        return _Run(self.text, self.begun, self.waiting)

    def add(self, text: str) -> set[str]:
        """Go on with a text; return the names that turn out to begin an address."""
        found: set[str] = set()
        for word in _WORD.findall(text):
            if word.isspace() or _BREAK.match(word):
                self.text = (self.text + word)[-_KEPT:]
                continue
            if _BREAK.match(self.text[-1:]):
                self.text, self.begun, self.waiting = "", False, frozenset()
            joined = self.text + word
            self.begun = self.begun or bool(_BEGUN.search(joined))
            if self.waiting and _HOST.search(joined[: 2 * _KEPT]):
                found |= self.waiting
            self.text = joined[-_KEPT:]
        return found

    def at_end(self, trims: bool) -> bool:
        """Return whether the next tag would stand in an address."""
        text = self.text.rstrip() if trims else self.text
        return self.begun and not _BREAK.match(text[-1:])


def _names(source: str, parts: Iterator[str | Mark]) -> set[str]:
    run, found, strip = _Run(), set[str](), False
    opened: list[tuple[_Run, list[_Run]]] = []
    for part in parts:
        if isinstance(part, str):
            text = part.lstrip() if strip else part
            if text:
                strip = False
                found |= run.add(text)
            continue
        trims, strip = part.trims_before, part.trims_after or (strip and part.tag != "")
        if part.tag in ("if", "unless", "case"):
            found |= _used(source, part) if run.at_end(trims) else set()
            opened.append((run.copy(), []))
        elif part.tag in ("elsif", "else", "when") and opened:
            found |= _used(source, part) if opened[-1][0].at_end(trims) else set()
            opened[-1][1].append(run)
            run = opened[-1][0].copy()
        elif part.tag.startswith("end") and opened:
            before, ends = opened.pop()
            ends += [run, before]
            # Whatever is left out, the address that may go on is the one to watch.
            run = next((end for end in ends if end.at_end(trims)), run).copy()
            run.waiting = frozenset().union(*(end.waiting for end in ends))
        elif part.tag == "":
            found |= _output(source, part, run)
    return found


def _output(source: str, part: Mark, run: _Run) -> set[str]:
    names = _used(source, part)
    words = " ".join(first or second for first, second in _QUOTED.findall(part.expression))
    found = names if run.at_end(part.trims_before) or _BEGUN.search(words) else set()
    if part.trims_before:
        run.text = run.text.rstrip()
    if names & _ADDRESSES or _BEGUN.search(words):
        run.add("https://")
        return found
    found |= run.add("\x01" if names else words or "\x02")
    run.waiting |= names
    return found


def _used(source: str, part: Mark) -> set[str]:
    return names_of_tag(source, part)
