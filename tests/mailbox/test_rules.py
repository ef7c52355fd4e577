"""What a behaviour says and when it applies."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from wem.mailbox.rules import BehaviourError, Behaviours, Reaction, read_behaviour


def behaviours(*given: Mapping[str, object], draws: tuple[float, ...] = ()) -> Behaviours:
    drawn = iter(draws)
    made = Behaviours(draw=lambda: next(drawn))
    made.replace_all([read_behaviour(each) for each in given])
    return made


BUSY = {"pattern": "*@busy.example", "stage": "rcpt", "action": "reply", "code": 451, "text": "4.2.0 busy"}


@pytest.mark.parametrize(
    ("pattern", "recipient", "matches"),
    [
        ("*@docomo.ne.jp", "taro@docomo.ne.jp", True),
        ("*@docomo.ne.jp", "TARO@DOCOMO.NE.JP", True),
        ("*@docomo.ne.jp", "taro@docomo.ne.jp.example", False),
        ("taro@example.jp", "xtaro@example.jp", False),
        ("*", "anyone@example.jp", True),
        ("/^a[0-9]+@/", "a12@example.jp", True),
        ("/^a[0-9]+@/", "ba12@example.jp", False),
        ("/@busy/", "x@BUSY.example", True),
    ],
)
def test_a_pattern_is_a_glob_over_the_address_or_a_regular_expression(
    pattern: str, recipient: str, matches: bool
) -> None:
    made = behaviours({**BUSY, "pattern": pattern})
    assert (made.react("rcpt", [recipient]).reply is not None) is matches


def test_only_its_own_stage_is_touched() -> None:
    made = behaviours(BUSY)
    assert made.react("rcpt", ["a@busy.example"]) == Reaction(reply="451 4.2.0 busy")
    assert made.react("data", ["a@busy.example"]) == Reaction()
    assert made.react("rcpt", ["a@other.example"]) == Reaction()


def test_after_its_times_it_is_gone() -> None:
    made = behaviours({**BUSY, "times": 2})
    replies = [made.react("rcpt", ["a@busy.example"]).reply for _ in range(3)]
    assert replies == ["451 4.2.0 busy", "451 4.2.0 busy", None]
    assert made.listed() == []


def test_chance_decides_and_a_miss_does_not_count_down() -> None:
    made = behaviours({**BUSY, "chance": 0.1, "times": 1}, draws=(0.5, 0.1, 0.09))
    replies = [made.react("rcpt", ["a@busy.example"]).reply is not None for _ in range(3)]
    assert replies == [False, False, True]


def test_delays_add_up_until_the_first_answer_in_the_order_of_the_list() -> None:
    slow = {"pattern": "*", "stage": "rcpt", "action": "delay", "seconds": 2}
    drop = {"pattern": "*", "stage": "rcpt", "action": "drop"}
    reaction = behaviours(slow, slow, {**BUSY, "seconds": 1}, drop).react("rcpt", ["a@busy.example"])
    assert reaction == Reaction(seconds=5, reply="451 4.2.0 busy")
    assert behaviours(drop, slow).react("rcpt", ["a@busy.example"]) == Reaction(drop=True)


def test_after_the_content_one_matching_recipient_is_enough() -> None:
    made = behaviours({"pattern": "b@*", "stage": "after_data", "action": "drop"})
    assert made.react("after_data", ["a@example.jp", "b@example.jp"]).drop


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"pattern": " "}, "pattern"),
        ({"pattern": "/[/"}, "pattern"),
        ({"stage": "connect"}, "stage"),
        ({"action": "explode"}, "action"),
        ({"code": None}, "code"),
        ({"code": 354}, "code"),
        ({"code": 99999}, "code"),
        ({"stage": "data", "code": 250}, "code"),
        ({"action": "delay"}, "seconds"),
        ({"seconds": "soon"}, "seconds"),
        ({"seconds": "nan"}, "seconds"),
        ({"seconds": 601}, "seconds"),
        ({"chance": 1.5}, "chance"),
        ({"times": -1}, "times"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(BehaviourError) as refused:
        read_behaviour({**BUSY, **wrong})
    assert refused.value.field == field


def test_a_text_cannot_smuggle_a_second_line_into_the_dialogue() -> None:
    assert read_behaviour({**BUSY, "text": "4.2.0 a\r\n250 b"}).reply == "451 4.2.0 a 250 b"


def test_changing_and_moving() -> None:
    made = behaviours({**BUSY, "pattern": "a@*"}, {**BUSY, "pattern": "b@*"}, {**BUSY, "pattern": "c@*"})
    made.raise_by_one(made.listed()[2].id)
    assert [each.pattern for each in made.listed()] == ["a@*", "c@*", "b@*"]
    assert made.change(made.listed()[0].id, read_behaviour({**BUSY, "pattern": "x@*"}))
    made.remove(made.listed()[1].id)
    assert [each.pattern for each in made.listed()] == ["x@*", "b@*"]
    assert not made.change(999, read_behaviour(BUSY))
