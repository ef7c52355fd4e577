"""Segments as data: what is taken, in which spelling, and what is refused at which place."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from wem.lists.value_rules import ValueProblem
from wem.segments.day_rules import birthdays, bounds
from wem.segments.keeping_rules import Misplaced, Refused, as_data, read
from wem.segments.rules import MAX_CONDITIONS, MAX_GROUPS, Condition, Conditions, Group, Problem, condition
from wem.segments.topic_rules import FIELD_TOPICS, SHAPES, Match, Op, Shape, Topic

GOOD: dict[Shape, list[str]] = {
    Shape.nothing: [],
    Shape.text: [" 東京 "],
    Shape.number: ["１，０００.50"],
    Shape.numbers: ["-1", "1"],
    Shape.day: ["昭和57年6月21日"],
    Shape.days: ["2026/1/1", "2026-01-01"],
    Shape.number_of_days: ["０７"],
    Shape.month: ["12"],
    Shape.options: ["赤", "青", "赤", ""],
    Shape.lists: ["007"],
    Shape.ways: ["form"],
    Shape.groups: ["docomo", "au"],
    Shape.mailing: ["12"],
    Shape.last: ["5"],
}
SPELT = {
    Shape.text: ("東京",),
    Shape.number: ("1000.5",),
    Shape.day: ("1982-06-21",),
    Shape.days: ("2026-01-01", "2026-01-01"),
    Shape.number_of_days: ("7",),
    Shape.options: ("赤", "青"),
    Shape.lists: ("7",),
}


def made(topic: Topic, op: Op, values: list[str], **more: Any) -> Any:
    about = {"field": 3, "key": "項目"} if topic in FIELD_TOPICS else {}
    return condition(topic, op, values, **{**about, **more})


@pytest.mark.parametrize(("topic", "op"), [(topic, op) for topic, ops in SHAPES.items() for op in ops])
def test_every_operator_takes_its_values_and_comes_back_from_json(topic: Topic, op: Op) -> None:
    shape = SHAPES[topic][op]
    found = made(topic, op, GOOD[shape])
    assert isinstance(found, Condition), found
    assert found.values == SPELT.get(shape, tuple(GOOD[shape]))
    conditions = Conditions(Match.all, (Group(Match.any, (found,)),))
    assert read(json.loads(json.dumps(as_data(conditions)))) == conditions


WRONG = [
    (Topic.text, Op.contains, [], Problem.no_value),
    (Topic.text, Op.contains, ["  "], Problem.no_value),
    (Topic.text, Op.contains, ["a\nb"], ValueProblem.CONTROL_CHARACTER),
    (Topic.text, Op.contains, ["a" * 1001], ValueProblem.TOO_LONG),
    (Topic.text, Op.at_least, ["1"], Problem.unreadable),
    (Topic.number, Op.equals, ["NaN"], ValueProblem.NOT_A_NUMBER),
    (Topic.number, Op.equals, ["1" * 16], ValueProblem.NUMBER_TOO_LONG),
    (Topic.number, Op.between, ["2", "1"], Problem.wrong_order),
    (Topic.number, Op.between, ["10", "9"], Problem.wrong_order),  # as texts they would be in order
    (Topic.number, Op.between, ["1"], Problem.no_value),
    (Topic.date, Op.equals, ["2026-02-30"], ValueProblem.NO_SUCH_DATE),
    (Topic.date, Op.until, ["9999-12-31"], Problem.year),  # the day after it is in no calendar
    (Topic.date, Op.since, ["0001-01-01"], Problem.year),
    (Topic.date, Op.between, ["2026-01-02", "2026-01-01"], Problem.wrong_order),
    (Topic.date, Op.birthday, ["93"], Problem.out_of_range),
    (Topic.date, Op.last_days, ["-1"], ValueProblem.NOT_A_NUMBER),
    (Topic.date, Op.last_days, ["99999999999999999999"], Problem.out_of_range),
    (Topic.date, Op.month, ["13"], Problem.out_of_range),
    (Topic.choice, Op.any_of, [], Problem.no_value),
    (Topic.choice, Op.any_of, [str(number) for number in range(51)], Problem.too_many_values),
    (Topic.lists, Op.any_of, ["1 OR 1=1"], Problem.unreadable),
    (Topic.way, Op.any_of, ["stolen"], Problem.unreadable),
    (Topic.domain, Op.any_of, ["example.com"], Problem.unreadable),  # a group, never a domain or an address
    (Topic.received, Op.of_last, ["0"], Problem.out_of_range),
    (Topic.opened, Op.mailing, ["0"], Problem.out_of_range),
]


@pytest.mark.parametrize(("topic", "op", "values", "problem"), WRONG)
def test_values_that_are_refused(topic: Topic, op: Op, values: list[str], problem: object) -> None:
    assert made(topic, op, values) is problem


def test_what_belongs_to_no_topic_is_refused() -> None:
    assert made(Topic.text, Op.empty, [], field=0) is Problem.unreadable
    assert made(Topic.lists, Op.any_of, ["1"], field=3, key="x") is Problem.unreadable
    assert made(Topic.domain, Op.any_of, ["au"], list_id=3) is Problem.unreadable


def data(**changed: Any) -> dict[str, Any]:
    one = {"topic": "opened", "op": "ever", "values": []}
    return {"version": 1, "match": "all", "groups": [{"match": "any", "conditions": [one]}], **changed}


UNREADABLE = [
    (None, -1, -1),
    ([], -1, -1),
    (data(version=2), -1, -1),
    (data(more=1), -1, -1),
    (data(match="none"), -1, -1),
    (data(match=[]), -1, -1),
    (data(groups={}), -1, -1),
    (data(groups=[1]), 0, -1),
    (data(groups=[{"match": "all", "conditions": "x"}]), 0, -1),
    (data(groups=[{"match": "all", "conditions": [{"topic": "sql", "op": "ever", "values": []}]}]), 0, 0),
    (data(groups=[{"match": "all", "conditions": [{"topic": "opened", "op": "ever", "values": [1]}]}]), 0, 0),
    (data(groups=[{"match": "all", "conditions": [{"topic": "opened", "op": [], "values": []}]}]), 0, 0),
]


@pytest.mark.parametrize(("kept", "group", "row"), UNREADABLE)
def test_unknown_data_are_refused_at_their_place(kept: Any, group: int, row: int) -> None:
    with pytest.raises(Refused) as refused:
        read(kept)
    assert refused.value.found == [Misplaced(Problem.unreadable, group, row)]


def test_nothing_and_too_much_are_refused() -> None:
    group = data()["groups"][0]
    for groups, problem in (
        ([], Problem.nothing),
        ([{"match": "all", "conditions": []}], Problem.nothing),
        ([group, {"match": "all", "conditions": []}], Problem.nothing),
        ([group] * (MAX_GROUPS + 1), Problem.too_many),
        ([group | {"conditions": group["conditions"] * 21}], Problem.too_many),
    ):
        with pytest.raises(Refused) as refused:
            read(data(groups=groups))
        assert refused.value.found == [Misplaced(problem)]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["all", "text", "is", "opened", "ever", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["version", "match", "groups", "conditions", "topic", "op", "values"]), inner)
    ),
    max_leaves=12,
)


@hypothesis.settings(max_examples=150, database=None)
@hypothesis.given(ANYTHING)
def test_whatever_is_kept_is_read_or_refused(kept: Any) -> None:
    for each in (kept, data(groups=kept), data(match=kept), data(groups=[{"match": "all", "conditions": [kept]}])):
        # Anything but Refused fails the test.
        with contextlib.suppress(Refused):
            assert 0 < len(read(each).each) <= MAX_CONDITIONS


TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("op", "values", "first", "last"),
    [
        (Op.last_days, ["0"], TODAY, TODAY),
        (Op.last_days, ["7"], date(2026, 11, 21), TODAY),
        (Op.next_days, ["3"], TODAY, date(2026, 12, 1)),
        (Op.days_ago, ["7"], None, date(2026, 11, 20)),  # the day that last_days leaves out
        (Op.since, ["2026-12-01"], date(2026, 12, 1), None),
        (Op.until, ["2026-12-01"], None, date(2026, 12, 1)),
        (Op.between, ["2026-01-01", "2026-02-01"], date(2026, 1, 1), date(2026, 2, 1)),
    ],
)
def test_the_days_that_are_meant(op: Op, values: list[str], first: date | None, last: date | None) -> None:
    assert bounds(made(Topic.date, op, values), TODAY) == (first, last)


@pytest.mark.parametrize(
    ("today", "days", "found"),
    [
        (TODAY, 0, ["11-28"]),
        (date(2026, 12, 31), 1, ["12-31", "01-01"]),
        (date(2027, 2, 27), 1, ["02-27", "02-28", "02-29"]),  # no 29th in 2027
        (date(2028, 2, 28), 0, ["02-28"]),
        (date(2028, 2, 28), 1, ["02-28", "02-29"]),
    ],
)
def test_birthdays_ahead(today: date, days: int, found: list[str]) -> None:
    assert birthdays(today, days) == found
