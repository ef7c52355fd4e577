"""What a customer's text does once it is read: fixed texts, and one function of a reader's values for each tag."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from liquid.builtin.expressions import FilteredExpression, Nil, Path, StringLiteral
from liquid.builtin.expressions.filtered import Filter as FilterCall
from liquid.builtin.expressions.logical import LogicalAndExpression, LogicalOrExpression
from liquid.builtin.expressions.primitive import Blank, Empty, FalseLiteral, FloatLiteral, IntegerLiteral, TrueLiteral
from liquid.expression import Expression
from markupsafe import escape as _markup

from wem.delivery.template_comparing import BLANK, COMPARISONS, equal, true
from wem.delivery.template_filters import (
    MAX_VALUE,
    FilterForm,
    Scalar,
    ValueTooLong,
    as_text,
    filters,
)
from wem.delivery.template_nodes import Branch, Choice, Kind, Literal, Node, Output, TemplateProblem
from wem.delivery.template_reading import nearest

MAX_OUTPUT = 1_000_000

Values = Mapping[str, str | None]
Part = Callable[[Values], str]
_Value = Callable[[Values], object]

_UNSAFE = re.compile("[&<>\"']")


class Compiler:
    """Turns the tree into literal segments and one function per tag."""

    def __init__(self, source: str, known: frozenset[str], escape: str, language: str) -> None:
        self.source = source
        self.known = known
        self.filters = filters(escape, language)
        self.print = _print_html if escape == "html" else _print_text
        self.outputs: dict[str, Part] = {}
        self.names: set[str] = set()

    def sequence(self, nodes: list[Node]) -> tuple[list[str], list[tuple[int, Part]], int]:
        """Return segments with gaps, (gap, its function) and the literals' length."""
        segments: list[str] = []
        slots: list[tuple[int, Part]] = []
        for node in nodes:
            if isinstance(node, Literal):
                segments.append(node.text)
            else:
                slots.append((len(segments), self.choice(node) if isinstance(node, Choice) else self.once(node)))
                segments.append("")
        return segments, slots, sum(map(len, segments))

    def block(self, nodes: list[Node]) -> Part:
        segments, slots, size = self.sequence(nodes)
        if not slots:
            text = "".join(segments)
            return lambda values: text

        def printed(values: Values) -> str:
            filled, length = segments[:], size
            for at, part in slots:
                filled[at] = text = part(values)
                length += len(text)
                if length > MAX_OUTPUT:
                    raise ValueTooLong
            return "".join(filled)

        return printed

    def once(self, node: Output) -> Part:
        """Return the function of an output; the same one for the same words in the tag."""
        written = node.mark.expression
        if written not in self.outputs:
            self.outputs[written] = self.output(node.expression)
        return self.outputs[written]

    def output(self, expression: FilteredExpression) -> Part:
        show = self.print
        if isinstance(expression.left, Path) and not expression.filters:
            name = self.name(expression.left)
            return lambda values: show(values.get(name) or "")
        value = self.filtered(expression)
        return lambda values: show(as_text(value(values)))  # type: ignore[arg-type]

    def choice(self, node: Choice) -> Part:
        branches = [
            (self.test(node, branch, number), self.block(branch.nodes)) for number, branch in enumerate(node.branches)
        ]
        # Names are gathered and tags are checked even where nothing is printed.
        if node.blank:
            return lambda values: ""
        if node.kind == "case":
            return self.case(node, branches)

        def chosen(values: Values) -> str:
            for test, block in branches:
                if test(values):
                    return block(values)
            return ""

        return chosen

    def test(self, node: Choice, branch: Branch, number: int) -> _Value:
        condition = branch.condition
        if condition is None:
            return lambda values: True
        if isinstance(condition, list):
            assert node.subject is not None
            subject, wanted = self.value(node.subject), [self.value(each) for each in condition]
            return lambda values: sum(equal(subject(values), each(values)) for each in wanted)
        test = self.condition(condition)
        if node.kind == "unless" and number == 0:
            return lambda values: not true(test(values))
        return lambda values: true(test(values))

    @staticmethod
    def case(node: Choice, branches: list[tuple[_Value, Part]]) -> Part:
        """As in Liquid, every `when` that holds is printed, once for each of its values that do."""
        whens = [pair for pair, branch in zip(branches, node.branches, strict=True) if branch.condition is not None]
        others = [block for (_, block), branch in zip(branches, node.branches, strict=True) if branch.condition is None]

        def chosen(values: Values) -> str:
            matches = [(int(test(values)), block) for test, block in whens]  # type: ignore[call-overload]
            if any(count for count, _ in matches):
                return "".join(block(values) * count for count, block in matches if count)
            return others[0](values) if others else ""

        return chosen

    def condition(self, expression: Expression) -> _Value:
        if isinstance(expression, LogicalAndExpression):
            left, right = self.condition(expression.left), self.condition(expression.right)
            return lambda values: true(left(values)) and true(right(values))
        if isinstance(expression, LogicalOrExpression):
            left, right = self.condition(expression.left), self.condition(expression.right)
            return lambda values: true(left(values)) or true(right(values))
        compare = COMPARISONS.get(type(expression))
        if compare is None:
            return self.value(expression)
        left, right = self.condition(expression.left), self.condition(expression.right)  # type: ignore[attr-defined]
        return lambda values: compare(left(values), right(values))

    def filtered(self, expression: FilteredExpression) -> _Value:
        value = self.value(expression.left)
        for call in expression.filters or ():
            value = self.filter(value, call)
        return value

    def filter(self, value: _Value, call: FilterCall) -> _Value:
        form: FilterForm | None = self.filters.get(call.name)
        at = call.token.start_index
        if form is None:
            raise TemplateProblem(self.source, at, Kind.unknown_filter, call.name, nearest(call.name, self.filters))
        if not form.least <= len(call.args) <= form.most or any(getattr(arg, "name", None) for arg in call.args):
            raise TemplateProblem(self.source, at, Kind.filter_arguments, call.name)
        arguments = [self.value(arg.value) for arg in call.args]
        apply = form.apply

        def filtered(values: Values) -> Scalar:
            result = apply(value(values), *(argument(values) for argument in arguments))
            if isinstance(result, str) and len(result) > MAX_VALUE:
                raise ValueTooLong
            return result

        return filtered

    def value(self, expression: Expression) -> _Value:
        if isinstance(expression, Path):
            name = self.name(expression)
            return lambda values: values.get(name) or ""
        if isinstance(expression, StringLiteral | IntegerLiteral | FloatLiteral | TrueLiteral | FalseLiteral):
            constant: object = expression.value
        elif isinstance(expression, Nil | Empty):
            constant = ""
        elif isinstance(expression, Blank):
            constant = BLANK
        else:
            raise TemplateProblem(self.source, expression.token.start_index, Kind.syntax, expression.token.value)
        return lambda values: constant

    def name(self, path: Path) -> str:
        head = path.path[0]
        at = path.token.start_index
        if len(path.path) != 1 or not isinstance(head, str):
            raise TemplateProblem(self.source, at, Kind.syntax, str(path))
        if head not in self.known:
            raise TemplateProblem(self.source, at, Kind.unknown_name, head, nearest(head, self.known))
        self.names.add(head)
        return head


def _print_html(text: str) -> str:
    return str(_markup(text)) if _UNSAFE.search(text) else text


def _print_text(text: str) -> str:
    return text
