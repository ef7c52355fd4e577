"""A segment as it is kept: JSON with a version, read with the place of whatever is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeGuard

from wem.segments.rules import MAX_CONDITIONS, MAX_GROUPS, AnyProblem, Condition, Conditions, Group, Problem, condition
from wem.segments.topic_rules import Match, Op, Topic

VERSION = 1


@dataclass(frozen=True)
class Misplaced:
    """What is wrong and where: numbers of group and condition from 0, -1 for the whole."""

    problem: AnyProblem
    group: int = -1
    condition: int = -1


class Refused(ValueError):
    """Data that are no segment; `found` says what is wrong at which places."""

    def __init__(self, found: Sequence[Misplaced]) -> None:
        super().__init__(", ".join(f"{each.problem} at {each.group}.{each.condition}" for each in found))
        self.found = list(found)


@dataclass
class _Reading:
    found: list[Misplaced] = field(default_factory=list)

    def wrong(self, problem: AnyProblem, group: int = -1, condition: int = -1) -> None:
        self.found.append(Misplaced(problem, group, condition))


def as_data(conditions: Conditions) -> dict[str, object]:
    """Return the segment as it is kept: JSON with a version."""
    return {
        "version": VERSION,
        "match": conditions.match.value,
        "groups": [
            {"match": group.match.value, "conditions": [_condition_data(each) for each in group.conditions]}
            for group in conditions.groups
        ],
    }


def _condition_data(condition: Condition) -> dict[str, object]:
    data: dict[str, object] = {"topic": condition.topic.value, "op": condition.op.value, "values": [*condition.values]}
    if condition.field:
        data |= {"field": condition.field, "key": condition.key}
    if condition.list_id:
        data["list"] = condition.list_id
    return data


def read(data: object) -> Conditions:
    """Return the segment of kept data; raises Refused with every place for a version, a name or a value that is not
    known, for no condition at all and for too many."""
    reading = _Reading()
    if not isinstance(data, Mapping) or data.get("version") != VERSION or set(data) != {"version", "match", "groups"}:
        raise Refused([Misplaced(Problem.unreadable)])
    match, rows = data["match"], data["groups"]
    if not _known(match, Match) or not isinstance(rows, list):
        raise Refused([Misplaced(Problem.unreadable)])
    groups = [group for at, row in enumerate(rows[: MAX_GROUPS + 1]) if (group := _group(row, at, reading))]
    conditions = Conditions(Match(match), tuple(groups))
    if (problem := size_problem(conditions)) and not reading.found:
        reading.wrong(problem)
    if reading.found:
        raise Refused(reading.found)
    return conditions


def _known(word: object, kind: type[StrEnum]) -> TypeGuard[str]:
    return isinstance(word, str) and word in set(kind)


def size_problem(conditions: Conditions) -> Problem | None:
    """Return whether there is nothing in it, or too much."""
    if not conditions.groups or not all(group.conditions for group in conditions.groups):
        return Problem.nothing
    too_many = len(conditions.groups) > MAX_GROUPS or len(conditions.each) > MAX_CONDITIONS
    return Problem.too_many if too_many else None


def _group(row: object, at: int, reading: _Reading) -> Group | None:
    if not isinstance(row, Mapping) or set(row) != {"match", "conditions"} or not _known(row["match"], Match):
        reading.wrong(Problem.unreadable, at)
        return None
    if not isinstance(row["conditions"], list):
        reading.wrong(Problem.unreadable, at)
        return None
    found = []
    for number, data in enumerate(row["conditions"][: MAX_CONDITIONS + 1]):
        made = _condition(data)
        if isinstance(made, Condition):
            found.append(made)
        else:
            reading.wrong(made, at, number)
    return Group(Match(row["match"]), tuple(found))


def _condition(data: object) -> Condition | AnyProblem:
    if not isinstance(data, Mapping) or not set(data) <= {"topic", "op", "values", "field", "key", "list"}:
        return Problem.unreadable
    topic, op, values = data.get("topic"), data.get("op"), data.get("values")
    if not _known(topic, Topic) or not _known(op, Op) or not isinstance(values, list):
        return Problem.unreadable
    number, key, list_id = data.get("field", 0), data.get("key", ""), data.get("list", 0)
    if not all(isinstance(each, str) for each in (*values, key)):
        return Problem.unreadable
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in (number, list_id)):
        return Problem.unreadable
    return condition(Topic(topic), Op(op), values, field=number, key=key, list_id=list_id)
