"""A template's text as bytes: what all readers share is coded once, what differs is coded for each and put between."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter, mul

from wem.delivery.personalising import Template
from wem.delivery.template_compiling import MAX_OUTPUT, Part, Values
from wem.delivery.template_filters import ValueTooLong

# RFC 5322 section 2.1.1: octets of a line without its CRLF.
LONGEST_LINE = 998


class Segments:
    """One text of a letter in one character set, with CRLF."""

    def __init__(
        self,
        template: Template,
        encode_each: Callable[[list[str]], list[bytes]],
        joined: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """`encode_each` codes pieces of text, apart from each other; `joined` tidies up what they make together.

        What `encode_each` raises for a fixed piece comes through.
        """
        self.template = template
        self.encode_each = encode_each
        self.joined = joined
        fixed: list[bytes] = []
        parts: dict[Part, int] = {}
        order: list[tuple[bool, int]] = []
        for piece in template.pieces():
            if isinstance(piece, str):
                order.append((False, len(fixed)))
                fixed += encode_each([piece])
            else:
                order.append((True, parts.setdefault(piece, len(parts))))
        self.parts = list(parts)
        # Two more keep the getter's answer a tuple.
        self.fixed = [*fixed, b"", b""]
        shift = len(self.fixed)
        self.pick = itemgetter(*(at + shift if varies else at for varies, at in order), shift - 2, shift - 1)
        self.size = sum(len(piece) for piece in template.pieces() if isinstance(piece, str))
        self.uses = [sum(varies and at == part for varies, at in order) for part in range(len(parts))]
        self._measure(order)

    def _measure(self, order: list[tuple[bool, int]]) -> None:
        """Note the longest line without the readers' values, and how often each of these stands in one line at most."""
        self.longest = longest = 0
        self.most = [0] * len(self.parts)
        line = [0] * len(self.parts)
        for varies, at in order:
            if varies:
                line[at] += 1
                self.most[at] = max(self.most[at], line[at])
                continue
            first, *others = self.fixed[at].split(b"\r\n")
            longest += len(first)
            self.longest = max(self.longest, longest)
            if others:
                self.longest = max(self.longest, *map(len, others))
                longest = len(others[-1])
                line = [0] * len(self.parts)

    def fill(self, values: Values) -> tuple[bytes, bool]:
        """Return the text for one reader, and whether no line of it is longer than LONGEST_LINE.

        Raises TemplateProblem when it would be larger than MAX_OUTPUT characters, and what `encode_each` raises.
        """
        try:
            made = [part(values) for part in self.parts]
        except ValueTooLong:
            raise self.template.too_large() from None
        if self.size + sum(map(mul, map(len, made), self.uses)) > MAX_OUTPUT:
            raise self.template.too_large()
        coded = self.encode_each(made)
        text = b"".join(self.pick(self.fixed + coded))
        if self.joined is not None:
            text = self.joined(text)
        short = self.longest + sum(map(mul, map(len, coded), self.most)) <= LONGEST_LINE or lines_fit(text)
        return text, short


def lines_fit(text: bytes) -> bool:
    """Return whether no line of a text with CRLF is longer than LONGEST_LINE."""
    return len(text) <= LONGEST_LINE or max(map(len, text.split(b"\r\n"))) <= LONGEST_LINE
