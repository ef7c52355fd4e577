"""Reads a customer's text with its Liquid tags into a tree; what is outside the closed language is a TemplateProblem.

The text is cut here, in linear time; python-liquid reads what stands inside the tags.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator

from liquid import Environment, Token
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, parse_primitive, tokenize
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.stream import TokenStream

from wem.delivery.template_nodes import Branch, Choice, Kind, Literal, Mark, Node, Output, TemplateProblem

# A tag is short; some of python-liquid's patterns take quadratic time on long ones.
MAX_TAG = 1000
MAX_DEPTH = 20
_MAX_OPERATORS = 30

_OPENING = re.compile(r"\{[{%]")
_TAG = re.compile(r"(#|\w+)\s*(.*)", re.DOTALL)
_COMMENT = re.compile(r"\{%-?\s*(comment|endcomment)\b[^%]*%\}")
_TAGS = {"if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "comment", "endcomment"}
_ENDS = {"if": "endif", "unless": "endunless", "case": "endcase"}
_LIQUID = Environment()


def pieces(source: str) -> Iterator[str | Mark]:
    """Return the literal texts and the tags of a source in order; texts keep their white space.

    Raises TemplateProblem for a tag that is not closed, has no name or is longer than MAX_TAG characters.
    """
    at = 0
    while opening := _OPENING.search(source, at):
        if opening.start() > at:
            yield source[at : opening.start()]
        mark = _mark(source, opening.start())
        yield mark
        at = mark.end
    if at < len(source):
        yield source[at:]


def _mark(source: str, start: int) -> Mark:
    output = source[start + 1] == "{"
    end = source.find("}}" if output else "%}", start + 2)
    if end < 0:
        raise TemplateProblem(source, start, Kind.unclosed, source[start : start + 20].split("\n")[0])
    if end - start > MAX_TAG:
        raise TemplateProblem(source, start, Kind.too_large)
    inner_at, inner_end = start + 2, end
    trims_before = source.startswith("-", inner_at) and inner_at < inner_end
    inner_at += trims_before
    trims_after = inner_end > inner_at and source[inner_end - 1] == "-"
    inner_end -= trims_after
    inner = source[inner_at:inner_end]
    expression_at = inner_at + len(inner) - len(inner.lstrip())
    expression, tag = inner.strip(), ""
    if not output:
        named = _TAG.fullmatch(expression)
        if named is None:
            raise TemplateProblem(source, start, Kind.syntax, expression)
        tag, expression = named[1], named[2]
        expression_at += named.start(2)
        if tag == "comment":
            end, trims_after = _comment_end(source, start, end + 2)
    return Mark(start, end + 2, tag, expression, expression_at, bool(trims_before), bool(trims_after))


def _comment_end(source: str, start: int, at: int) -> tuple[int, bool]:
    """Return where the `%}` of the closing tag stands, and whether it trims; comments nest."""
    depth = 1
    for found in _COMMENT.finditer(source, at):
        depth += 1 if found[1] == "comment" else -1
        if not depth:
            return found.end() - 2, found[0].endswith("-%}")
    raise TemplateProblem(source, start, Kind.unclosed, "comment")


def read_template(source: str) -> list[Node]:
    """Return the tree of a template. Raises TemplateProblem; names and filters are not looked at yet."""
    return _Reader(source).block([])[0]


def parse_output(source: str, mark: Mark) -> FilteredExpression:
    """Return what python-liquid reads inside `{{ … }}`."""
    tokens = _tokens(source, mark)
    try:
        parsed = FilteredExpression.parse(_LIQUID, tokens)
    except LiquidError as error:
        raise _syntax(source, mark, error) from error
    if not isinstance(parsed, FilteredExpression):
        raise TemplateProblem(source, mark.expression_at, Kind.syntax, mark.expression)
    return parsed


def parse_condition(source: str, mark: Mark) -> Expression:
    """Return what python-liquid reads in an if, elsif or unless."""
    tokens = _tokens(source, mark)
    if sum(token.kind in ("and", "or") for token in tokens.tokens) > _MAX_OPERATORS:
        raise TemplateProblem(source, mark.start, Kind.too_large)
    try:
        return BooleanExpression.parse(_LIQUID, tokens).expression
    except LiquidError as error:
        raise _syntax(source, mark, error) from error


def parse_values(source: str, mark: Mark) -> list[Expression]:
    """Return the values of a `when` (or the one of a `case`), which stand between commas or `or`."""
    tokens = _tokens(source, mark)
    try:
        values = [parse_primitive(_LIQUID, tokens)]
        while mark.tag == "when" and tokens.current.kind in ("comma", "or"):
            next(tokens)
            values.append(parse_primitive(_LIQUID, tokens))
        tokens.expect_eos()
    except LiquidError as error:
        raise _syntax(source, mark, error) from error
    return values


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that was most likely meant."""
    folded = {unicodedata.normalize("NFKC", each).casefold(): each for each in sorted(known)}
    wanted = unicodedata.normalize("NFKC", name).casefold()
    found = difflib.get_close_matches(wanted, folded, 1, 0.5)
    return folded[found[0]] if found else None


def _tokens(source: str, mark: Mark) -> TokenStream:
    if not mark.expression:
        raise TemplateProblem(source, mark.start, Kind.syntax, mark.tag)
    parent = Token("expression", mark.expression, mark.expression_at, source)
    try:
        return TokenStream(tokenize(mark.expression, parent))
    except LiquidError as error:
        raise _syntax(source, mark, error) from error


def _syntax(source: str, mark: Mark, error: LiquidError) -> TemplateProblem:
    token = error.token
    if token is None or token.start_index < 0:
        return TemplateProblem(source, mark.start, Kind.syntax, mark.expression)
    return TemplateProblem(source, token.start_index, Kind.syntax, token.value)


class _Reader:
    """Goes once through the tags and builds the blocks; stricter than Liquid, which drops what it does not expect."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts = self._parts()
        self.depth = 0

    def _parts(self) -> Iterator[Literal | Mark]:
        """Yield texts, trimmed where a tag says so, and tags; comments fall out."""
        trim, text = False, ""
        for part in pieces(self.source):
            if isinstance(part, str):
                text = part.lstrip() if trim else part
                continue
            text = text.rstrip() if part.trims_before else text
            if text:
                yield Literal(text)
            trim, text = part.trims_after, ""
            if part.tag != "comment":
                yield part
        if text:
            yield Literal(text)

    def block(self, ends: Collection[str]) -> tuple[list[Node], Mark | None]:
        """Return the nodes up to a tag in `ends`, and that tag; None at the end of the text."""
        nodes: list[Node] = []
        for part in self.parts:
            if isinstance(part, Literal):
                nodes.append(part)
            elif not part.tag:
                nodes.append(Output(parse_output(self.source, part), part))
            elif part.tag in ends:
                return nodes, part
            elif part.tag in _ENDS:
                nodes.append(self._choice(part))
            else:
                kind = Kind.syntax if part.tag in _TAGS else Kind.forbidden_tag
                raise TemplateProblem(self.source, part.start, kind, part.tag)
        return nodes, None

    def _choice(self, opening: Mark) -> Choice:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TemplateProblem(self.source, opening.start, Kind.too_large, opening.tag)
        end = _ENDS[opening.tag]
        middle = "when" if opening.tag == "case" else "elsif"
        subject: Expression | None = None
        condition: Expression | list[Expression] | None = None
        if opening.tag == "case":
            subject = parse_values(self.source, opening)[0]
        else:
            condition = parse_condition(self.source, opening)
        branches: list[Branch] = []
        ends, at = {middle, "else", end}, opening
        while True:
            nodes, mark = self.block(ends)
            if mark is None:
                raise TemplateProblem(self.source, opening.start, Kind.unclosed, opening.tag)
            if at.tag == "case":
                if not all(isinstance(node, Literal) and node.text.isspace() for node in nodes):
                    raise TemplateProblem(self.source, opening.end, Kind.syntax, "case")
            else:
                branches.append(Branch(condition, nodes))
            at = mark
            if mark.tag == middle:
                condition = parse_values(self.source, mark) if middle == "when" else parse_condition(self.source, mark)
                continue
            if mark.expression:
                raise TemplateProblem(self.source, mark.start, Kind.syntax, f"{mark.tag} {mark.expression}")
            if mark.tag == end:
                break
            condition, ends = None, {end}
        self.depth -= 1
        return Choice(opening.tag, subject, branches)
