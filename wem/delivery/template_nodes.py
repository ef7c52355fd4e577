"""What a customer's text is made of once it is read (literal text, outputs, choices), and what can be wrong with it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from liquid.builtin.expressions import FilteredExpression
from liquid.expression import Expression


class Kind(enum.StrEnum):
    """What is wrong with a template."""

    syntax = "syntax"
    unclosed = "unclosed"  # a tag or block is not closed
    unknown_name = "unknown_name"
    unknown_filter = "unknown_filter"
    filter_arguments = "filter_arguments"
    forbidden_tag = "forbidden_tag"
    misplaced = "misplaced"  # a tag in the HTML where none can stand
    too_large = "too_large"


class TemplateProblem(ValueError):
    """The first thing wrong with a template: line and column (from 1), the name in question, the nearest known one."""

    def __init__(self, source: str, at: int, kind: Kind, name: str = "", suggestion: str | None = None) -> None:
        before = source[: max(at, 0)]
        self.line = before.count("\n") + 1
        self.column = len(before) - (before.rfind("\n") + 1) + 1
        self.kind = kind
        self.name = name[:80]
        self.suggestion = suggestion
        self.excerpt = _excerpt(source, len(before), self.name)
        super().__init__(f"{self.line}:{self.column} {kind} {self.name}".rstrip())


# Characters shown of a line on each side of what is wrong in it: HTML comes in lines of any length.
AROUND = 60


def _excerpt(source: str, at: int, name: str) -> tuple[str, str, str]:
    """Return the line at a place as what stands before, what is wrong, what stands after; the ends may be cut with …"""
    start, end = source.rfind("\n", 0, at) + 1, source.find("\n", at)
    end = len(source) if end < 0 else end
    wrong = len(name) if name and source.startswith(name, at) else _to_the_end_of_a_tag(source[at:end])
    before, after = source[start:at], source[at + wrong : end]
    return (
        before if len(before) <= AROUND else "…" + before[-AROUND:],
        source[at : at + wrong],
        after if len(after) <= AROUND else after[:AROUND] + "…",
    )


def _to_the_end_of_a_tag(rest: str) -> int:
    ends = [place + 2 for place in (rest.find("}}"), rest.find("%}")) if place >= 0]
    return min(*ends, AROUND) if ends else min(len(rest), AROUND)


@dataclass(frozen=True, slots=True)
class Mark:
    """One `{{ … }}` or `{% … %}` as it stands in the source; a comment with all that it holds is one."""

    start: int
    end: int
    tag: str  # "" for an output
    expression: str
    expression_at: int
    trims_before: bool
    trims_after: bool


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Output:
    expression: FilteredExpression
    mark: Mark


@dataclass(frozen=True, slots=True)
class Branch:
    """Nodes under a condition; None is else. A `when` has the values that the case's subject is compared with."""

    condition: Expression | list[Expression] | None
    nodes: list[Node]


@dataclass(frozen=True, slots=True)
class Choice:
    """An if, unless or case."""

    kind: str
    subject: Expression | None
    branches: list[Branch]

    @property
    def blank(self) -> bool:
        """A block of nothing but white space prints nothing, as in Liquid."""
        return all(_blank(branch.nodes) for branch in self.branches)


Node = Literal | Output | Choice


def _blank(nodes: list[Node]) -> bool:
    return all(
        node.text.isspace() if isinstance(node, Literal) else isinstance(node, Choice) and node.blank for node in nodes
    )
