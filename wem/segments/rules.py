"""A condition over readers, checked and bounded; conditions in groups."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from wem.lists.value_rules import MAX_TEXT, Value, ValueProblem, read_value
from wem.segments.topic_rules import BEHAVIOUR, FIELD_TOPICS, GROUPS, SHAPES, WAYS, WITH_LIST, Match, Op, Shape, Topic

MAX_GROUPS = 5
# Of all groups together: each may cost a look into another table for each reader.
MAX_CONDITIONS = 20
MAX_VALUES = 50
MAX_DAYS = 3_650
MAX_LAST = 50
# Birthdays are looked for among written-out days.
MAX_BIRTHDAYS = 92
MAX_ID = 2**53
MAX_NAME = 100
FIRST_YEAR, LAST_YEAR = 1800, 2200


class Problem(StrEnum):
    """Why a condition, a group or a segment cannot stand."""

    nothing = "segment_nothing"
    too_many = "segment_too_many"
    unreadable = "segment_unreadable"
    no_value = "segment_no_value"
    too_many_values = "segment_too_many_values"
    wrong_order = "segment_wrong_order"
    out_of_range = "segment_out_of_range"
    year = "segment_year"
    not_there = "segment_not_there"


# English msgids; their Japanese stands in segments.po.
PROBLEM_TEXTS: dict[Problem, str] = {
    Problem.nothing: "There are no conditions yet. Please add at least one.",
    Problem.too_many: "Too many conditions. You can have up to 20 in 5 groups.",
    Problem.unreadable: "This condition cannot be read. Please remove it and add it again.",
    Problem.no_value: "Please enter or select a value.",
    Problem.too_many_values: "Please choose at most 50.",
    Problem.wrong_order: "The first value is larger than the second. Please swap them.",
    Problem.out_of_range: "This number is too small or too large.",
    Problem.year: "Please look at the year.",
    Problem.not_there: "The field or list used here no longer exists. Please remove the condition.",
}
AnyProblem = Problem | ValueProblem


@dataclass(frozen=True)
class Condition:
    """One condition; values as texts in one spelling: whole numbers, 1.5, 2026-03-01, a choice, an id."""

    topic: Topic
    op: Op
    values: tuple[str, ...] = ()
    # The customer's field, where it is about one: both have to fit, for numbers are given again.
    field: int = 0
    key: str = ""
    # The only list that counts; 0: whichever.
    list_id: int = 0

    @property
    def shape(self) -> Shape:
        return SHAPES[self.topic][self.op]


@dataclass(frozen=True)
class Group:
    match: Match
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Conditions:
    """What a segment says: its groups, and whether all or any of them has to fit."""

    match: Match
    groups: tuple[Group, ...]

    @property
    def each(self) -> list[Condition]:
        return [condition for group in self.groups for condition in group.conditions]

    @property
    def about_behaviour(self) -> bool:
        """Whether it asks what readers opened or clicked."""
        return any(condition.topic in BEHAVIOUR for condition in self.each)


def condition(
    topic: Topic, op: Op, values: Sequence[str], *, field: int = 0, key: str = "", list_id: int = 0
) -> Condition | AnyProblem:
    """Return the condition with its values in one spelling, or what is wrong with it.

    A problem is a str too: test for it first.
    """
    if op not in SHAPES[topic]:
        return Problem.unreadable
    if (topic in FIELD_TOPICS) != (field > 0 and bool(key)) or not 0 <= field < MAX_ID:
        return Problem.unreadable
    if not 0 <= list_id < MAX_ID or (list_id and topic not in WITH_LIST):
        return Problem.unreadable
    most = MAX_BIRTHDAYS if op is Op.birthday else MAX_DAYS
    read = _values(SHAPES[topic][op], values, most)
    if isinstance(read, Problem | ValueProblem):
        return read
    return Condition(topic, op, read, field, key, list_id)


def _values(shape: Shape, values: Sequence[str], most_days: int) -> tuple[str, ...] | AnyProblem:
    given = [value.strip() for value in values]
    match shape:
        case Shape.nothing:
            return ()
        case Shape.text:
            return _one("text", given)
        case Shape.number:
            return _one("number", given)
        case Shape.day:
            return _one("date", given)
        case Shape.numbers | Shape.days:
            return _pair("number" if shape is Shape.numbers else "date", given)
        case Shape.number_of_days:
            return _whole(given, 0, most_days)
        case Shape.month:
            return _whole(given, 1, 12)
        case Shape.last:
            return _whole(given, 1, MAX_LAST)
        case Shape.mailing:
            return _whole(given, 1, MAX_ID)
    return _several(shape, given)


def _one(kind: str, given: Sequence[str]) -> tuple[str, ...] | AnyProblem:
    if len(given) != 1 or not given[0]:
        return Problem.no_value
    read = _read(kind, given[0])
    return read if isinstance(read, Problem | ValueProblem) else (_spelt(read),)


def _read(kind: str, text: str) -> Value | AnyProblem:
    read = read_value(kind, text)
    if kind == "date" and isinstance(read, str) and not isinstance(read, ValueProblem):
        # Others leave the calendar when a day is added or the time zone is changed.
        return read if FIRST_YEAR <= int(read[:4]) <= LAST_YEAR else Problem.year
    return read


def _spelt(value: Value) -> str:
    # 1e-05 is what Python makes of 0.00001; nobody typed it like that.
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _pair(kind: str, given: Sequence[str]) -> tuple[str, ...] | AnyProblem:
    if len(given) != 2 or not all(given):
        return Problem.no_value
    low, high = _read(kind, given[0]), _read(kind, given[1])
    if isinstance(low, Problem | ValueProblem):
        return low
    if isinstance(high, Problem | ValueProblem):
        return high
    assert isinstance(low, int | float | str) and isinstance(high, int | float | str)
    wrong = float(low) > float(high) if kind == "number" else str(low) > str(high)
    return Problem.wrong_order if wrong else (_spelt(low), _spelt(high))


def _whole(given: Sequence[str], least: int, most: int) -> tuple[str, ...] | AnyProblem:
    if len(given) != 1 or not given[0]:
        return Problem.no_value
    plain = unicodedata.normalize("NFKC", given[0])
    if not (plain.isascii() and plain.isdecimal()):
        return ValueProblem.NOT_A_NUMBER
    if len(plain) > 16 or not least <= int(plain) <= most:
        return Problem.out_of_range
    return (str(int(plain)),)


def _several(shape: Shape, given: Sequence[str]) -> tuple[str, ...] | AnyProblem:
    chosen = list(dict.fromkeys(value for value in given if value))
    if not chosen:
        return Problem.no_value
    if len(chosen) > MAX_VALUES:
        return Problem.too_many_values
    if shape is Shape.lists:
        good = all(value.isascii() and value.isdecimal() and 0 < len(value) < 16 for value in chosen)
        return tuple(str(int(value)) for value in chosen) if good else Problem.unreadable
    if shape in (Shape.ways, Shape.groups):
        return Problem.unreadable if set(chosen) - (WAYS if shape is Shape.ways else GROUPS) else tuple(chosen)
    if any(len(value) > MAX_TEXT for value in chosen):
        return ValueProblem.TOO_LONG
    return tuple(chosen)
