"""HTML with Liquid in it: shields the tags from HTML parsers, and knows where in the HTML each tag stands."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from html.parser import HTMLParser

from wem.delivery.markup_scanning import IMPLIED, VOID, Scanner
from wem.delivery.personalising import names_of_tag
from wem.delivery.template_nodes import Kind, Mark, TemplateProblem
from wem.delivery.template_reading import pieces

# Deeper nesting makes recursive parsers fall over; a mail of twenty nested tables has about 80.
MAX_NESTING = 200

# Attributes that never load or open anything; a name in any other one could leave with a request.
_HARMLESS = frozenset(
    "alt title aria-label lang dir class id align valign width height bgcolor color face size border cellpadding "
    "cellspacing colspan rowspan role".split()
)


@dataclass(frozen=True)
class Shielded:
    """HTML in which each Liquid tag is a comment (between tags) or a word (elsewhere) that parsers leave alone."""

    source: str
    html: str
    marks: list[Mark]
    # For each tag the attribute that it stands in ("" where a tag has none), "style" in a style block, else None.
    attributes: list[str | None]
    # Tags in comments, scripts and titles: they may get lost.
    unimportant: frozenset[int]
    _word: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds the stand-ins; group 1 is the number of the tag."""
        return re.compile(rf"<!--{self._word}x(\d+)_-->|{self._word}x(\d+)_")

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of the tags that stand in a text."""
        return [int(first or second) for first, second in self.pattern.findall(text)]

    def as_words(self) -> str:
        """Return the HTML with every tag as a word, also between tags, where text is wanted."""
        return self.pattern.sub(lambda found: f"{self._word}x{found[1] or found[2]}_", self.html)

    def text_of(self, number: int) -> str:
        return self.source[self.marks[number].start : self.marks[number].end]

    def restore(self, text: str) -> str:
        """Return the text with the Liquid tags back in place of their stand-ins."""
        return self.pattern.sub(lambda found: self.text_of(int(found[1] or found[2])), text)

    def problem(self, number: int) -> TemplateProblem:
        return TemplateProblem(self.source, self.marks[number].start, Kind.misplaced, self.text_of(number))

    def check(self, changed: str) -> None:
        """Raise TemplateProblem unless a changed HTML still says the same with every choice that its tags may make.

        Every tag must still be there, in its order; and each block (if … else … endif) must open and close in the same
        attribute or between the same elements. Then whatever is left out leaves well-formed HTML: no quote and no
        element stays open.
        """
        walk = _Walk(self)
        walk.feed(changed)
        walk.close()
        if walk.too_deep:
            raise TemplateProblem(self.source, 0, Kind.too_large)
        found = [number for number, _ in walk.places]
        lost = set(range(len(self.marks))) - set(found) - self.unimportant
        if lost:
            raise self.problem(min(lost))
        blocks: list[tuple[object, ...]] = []
        last = -1
        for number, place in walk.places:
            tag = self.marks[number].tag
            if number <= last or place[0] == "style":
                raise self.problem(number)
            last = number
            if tag in ("if", "unless", "case"):
                blocks.append(place)
            elif tag in ("elsif", "else", "when", "endif", "endunless", "endcase"):
                if not blocks or blocks[-1] != place:
                    raise self.problem(number)
                if tag.startswith("end"):
                    blocks.pop()


def shield(source: str) -> Shielded:
    """Return the HTML with its Liquid tags shielded and its comments gone. Raises TemplateProblem for a broken tag."""
    parts = list(pieces(source))
    known = source + html.unescape(source)
    salt = 0
    while f"_wm{salt}x" in known:
        salt += 1
    word = f"_wm{salt}"
    scanner = Scanner()
    marks: list[Mark] = []
    attributes: list[str | None] = []
    unimportant: set[int] = set()
    written: list[str] = []
    for part in parts:
        if isinstance(part, str):
            written.extend(scanner.feed(part))
            continue
        number = len(marks)
        marks.append(part)
        attributes.append(scanner.place)
        if scanner.state == "comment" or (scanner.state == "raw" and scanner.element != "style"):
            unimportant.add(number)
        if scanner.state != "comment":
            stand_in = f"{word}x{number}_"
            written.append(f"<!--{stand_in}-->" if scanner.state == "text" else stand_in)
            scanner.after_equals = False
    if scanner.deepest > 5 * MAX_NESTING:
        # Parsers take quadratic time on elements that are never closed.
        raise TemplateProblem(source, 0, Kind.too_large)
    return Shielded(source, "".join(written), marks, attributes, frozenset(unimportant), word)


def names_in_links(source: str) -> set[str]:
    """Return the names used in any attribute that loads or opens something (href, src, background, style, …).

    What stands there leaves with a request, so composing lets only choice and yes/no fields and the system's own pass.
    Give it cleaned HTML: in broken HTML a browser may see an attribute where none is seen here.
    """
    shielded = shield(source)
    return {
        name
        for mark, attribute in zip(shielded.marks, shielded.attributes, strict=True)
        if attribute is not None and attribute not in _HARMLESS
        for name in names_of_tag(source, mark)
    }


class _Walk(HTMLParser):
    """Notes where each stand-in is: ("text", its open elements), ("attribute", its number), ("style",) or ("tag",).

    Only for HTML that a parser wrote: on broken HTML the standard library's reader takes quadratic time.
    """

    def __init__(self, shielded: Shielded) -> None:
        super().__init__(convert_charrefs=True)
        self.shielded = shielded
        self.places: list[tuple[int, tuple[object, ...]]] = []
        self.open: list[tuple[str, int]] = []
        self.count = 0
        self.too_deep = False

    def note(self, text: str, place: tuple[object, ...]) -> None:
        self.places.extend((number, place) for number in self.shielded.numbers(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.note(tag, ("tag",))
        for name, value in attrs:
            self.count += 1
            self.note(name, ("tag",))
            if value:
                self.note(value, ("attribute", self.count))
        if tag not in VOID:
            self.count += 1
            self.open.append((tag, self.count))
            self.too_deep = self.too_deep or len(self.open) > MAX_NESTING

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.note(tag, ("tag",))
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at][0] == tag:
                del self.open[at:]
                return

    def handle_comment(self, data: str) -> None:
        self.note(data, self.between())

    def handle_data(self, data: str) -> None:
        self.note(data, ("style",) if self.open and self.open[-1][0] == "style" else self.between())

    def between(self) -> tuple[object, ...]:
        return ("text", *(number for tag, number in self.open if tag not in IMPLIED))
