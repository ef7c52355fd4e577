"""A customer's text with fields (a closed Liquid), compiled once and filled in for each reader.

Where it differs from Liquid: an empty field counts as missing (false in a condition, equal to nil, empty, blank and
false) and any other as true; a number in a condition is compared with the number that a text spells; quoted texts are
escaped in HTML like values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal as Either

from liquid.builtin.expressions import Path
from liquid.expression import Expression

from wem.delivery.template_compiling import MAX_OUTPUT, Compiler, Part, Values
from wem.delivery.template_filters import ValueTooLong
from wem.delivery.template_nodes import Kind, Mark, TemplateProblem
from wem.delivery.template_reading import parse_condition, parse_output, parse_values, read_template

MAX_SOURCE = 500_000

Escape = Either["html", "text", "header"]

# As in headers.py, where these would be refused; a run of them becomes one space.
_NOT_IN_A_HEADER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True)
class Template:
    """A compiled text. `names` are the fields that it uses, wherever they stand."""

    source: str
    escape: str
    names: frozenset[str]
    _segments: tuple[str, ...]
    _slots: tuple[tuple[int, Part], ...]
    _size: int

    def render(self, values: Values) -> str:
        """Return the text for one reader; a name without a value prints nothing.

        Raises TemplateProblem (too_large) when more than MAX_OUTPUT characters would come out.
        """
        segments, size = list(self._segments), self._size
        try:
            for at, part in self._slots:
                segments[at] = text = part(values)
                size += len(text)
                if size > MAX_OUTPUT:
                    raise ValueTooLong
        except ValueTooLong:
            raise self.too_large() from None
        text = "".join(segments)
        return _NOT_IN_A_HEADER.sub(" ", text) if self.escape == "header" else text

    def pieces(self) -> Iterator[str | Part]:
        """Return what the text consists of: fixed texts, and what makes a text of a reader's values.

        The same tag in two places is the same function. It raises ValueTooLong where `render` says too_large.
        """
        parts = dict(self._slots)
        for at, segment in enumerate(self._segments):
            yield parts.get(at, segment)

    @property
    def fixed(self) -> bool:
        """Whether every reader gets the same text."""
        return not self._slots

    def too_large(self) -> TemplateProblem:
        """Return what `render` raises when the text would become too large."""
        return TemplateProblem(self.source, 0, Kind.too_large)


def compile_template(source: str, *, escape: Escape, known: Collection[str], language: str = "ja") -> Template:
    """Return the template, ready to fill in.

    `known` are the names that may be used; `language` is that of weekdays and months in dates (ja or en).
    Raises TemplateProblem with the place of the first thing that is wrong.
    """
    if len(source) > MAX_SOURCE:
        raise TemplateProblem(source, 0, Kind.too_large)
    nodes = read_template(source)
    compiler = Compiler(source, frozenset(known), escape, language)
    segments, slots, size = compiler.sequence(nodes)
    return Template(source, escape, frozenset(compiler.names), tuple(segments), tuple(slots), size)


def names_of_tag(source: str, mark: Mark, known: Collection[str] | None = None) -> set[str]:
    """Return the names that one tag of a source uses. Raises TemplateProblem when the tag cannot be read."""
    if mark.tag == "":
        parsed: list[Expression] = [parse_output(source, mark)]
    elif mark.tag in ("if", "elsif", "unless"):
        parsed = [parse_condition(source, mark)]
    elif mark.tag in ("case", "when"):
        parsed = parse_values(source, mark)
    else:
        return set()
    names: set[str] = set()
    while parsed:
        expression = parsed.pop()
        if isinstance(expression, Path):
            names.add(str(expression.path[0]))
        parsed.extend(expression.children())
    return names
