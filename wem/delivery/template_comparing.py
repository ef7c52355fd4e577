"""How conditions in a customer's text compare values."""

from __future__ import annotations

from collections.abc import Callable

from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LtExpression,
    NeExpression,
)

from wem.delivery.template_filters import as_number, as_text


class _Blank(str):
    """Equal to any text of white space; prints nothing."""

    __slots__ = ()


BLANK = _Blank("")


def true(value: object) -> bool:
    """Return whether a value counts as yes: anything but nil, false and the empty text."""
    return value is not None and value is not False and value != ""


def equal(left: object, right: object) -> bool:
    """Return whether two values are the same: a number equals the text that spells it, true any text."""
    if isinstance(left, _Blank) or isinstance(right, _Blank):
        other = right if isinstance(left, _Blank) else left
        return isinstance(other, str) and not other.strip()
    if isinstance(left, bool) or isinstance(right, bool):
        return true(left) == true(right)
    if isinstance(left, str) != isinstance(right, str):
        return as_number(left) == as_number(right)  # type: ignore[arg-type]
    return left == right


def _ordered(left: object, right: object, inclusive: bool) -> bool:
    """Return left < right (or <=): as numbers where both are, else as texts; nothing is less than what is missing."""
    if left == "" or right == "" or isinstance(left, bool) or isinstance(right, bool):
        return inclusive and left != "" and right != "" and left is right
    first, second = as_number(left), as_number(right)  # type: ignore[arg-type]
    if first is not None and second is not None:
        return first < second or (inclusive and first == second)
    if isinstance(left, str) and isinstance(right, str):
        return left < right or (inclusive and left == right)
    return False


def _contains(left: object, right: object) -> bool:
    if not isinstance(left, str) or not left or not true(right):
        return False
    return as_text(right) in left  # type: ignore[arg-type]


COMPARISONS: dict[type, Callable[[object, object], bool]] = {
    EqExpression: equal,
    NeExpression: lambda left, right: not equal(left, right),
    LtExpression: lambda left, right: _ordered(left, right, False),
    LeExpression: lambda left, right: _ordered(left, right, True),
    GtExpression: lambda left, right: _ordered(right, left, False),
    GeExpression: lambda left, right: _ordered(right, left, True),
    ContainsExpression: _contains,
}
