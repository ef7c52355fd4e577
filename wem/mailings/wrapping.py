"""Breaks the lines of a customer's plain text, its fields and conditions among them."""

from __future__ import annotations

from collections.abc import Iterator

from wem.delivery.template_reading import pieces
from wem.mailings.wrapping_rules import Piece, wrapped

# Full-width characters in a line; 0 leaves them as written.
USUAL = 35
# The width of a name with its space: 山田 太郎.
_VALUE = 9
_BRANCHES = {"if": "open", "unless": "open", "case": "open", "elsif": "other", "else": "other", "when": "other"}


def wrap(source: str, full_width: int) -> str:
    """Return a Liquid text with lines of at most so many full-width characters; 0 leaves it as it is.

    Raises TemplateProblem for a tag that is not closed.
    """
    return wrapped(_read(source), 2 * full_width) if full_width else source


def _read(source: str) -> Iterator[Piece]:
    for part in pieces(source):
        if isinstance(part, str):
            yield Piece(part)
            continue
        text = source[part.start : part.end]
        if part.tag == "":
            yield Piece(text, "value", _VALUE)
        elif part.tag == "comment":
            yield Piece(text, "value", 0)
        elif part.tag.startswith("end"):
            yield Piece(text, "close")
        else:
            yield Piece(text, _BRANCHES.get(part.tag, "other"))  # type: ignore[arg-type]
