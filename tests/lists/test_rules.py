"""Keys of fields, columns of files, and that every problem has its Japanese."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from liquid import Environment

from wem.lists.problems import PROBLEM_TEXTS, FileProblem, RowProblem
from wem.lists.reading import DELIMITERS
from wem.lists.rules import (
    DOMAIN_GROUP_TEXTS,
    RESERVED_KEYS,
    AddressProblem,
    ColumnGuess,
    ValueProblem,
    field_key,
    guess_columns,
)


@pytest.mark.parametrize(
    ("label", "taken", "key"),
    [
        ("氏名", [], "氏名"),
        ("お名前（漢字）", [], "お名前漢字"),
        ("First name", [], "First_name"),
        ("Ｅメール", [], "Eメール"),
        ("会員 区分", [], "会員_区分"),
        ("2つ目の住所", [], "_2つ目の住所"),
        ("①番", [], "_1番"),
        ("㈱", [], "株"),
        ("★", [], "field"),
        ("", [], "field"),
        ("★", ["field"], "field_2"),
        ("氏名", ["氏名"], "氏名_2"),
        ("氏名", ["氏名", "氏名_2"], "氏名_3"),
        ("Name", ["name"], "Name_2"),
        ("email", [], "email_2"),
        ("Date", [], "Date_2"),
        ("or", [], "or_2"),
        ("{{ x }}", [], "_x_"),
        ("𠮷野", [], "𠮷野"),
        ("カード・No.", [], "カードNo"),
        ("長" * 100, [], "長" * 60),
    ],
)
def test_field_key(label: str, taken: list[str], key: str) -> None:
    assert field_key(label, taken) == key


@given(st.text(max_size=100), st.lists(st.text(max_size=3), max_size=5))
def test_a_field_key_stands_in_a_template(label: str, others: list[str]) -> None:
    taken: list[str] = []
    for other in [*others, label]:
        taken.append(field_key(other, taken))

    template = " ".join(f"{{{{ {key} }}}}{{% if {key} %}}!{{% endif %}}" for key in taken)
    values = {key: f"<{n}>" for n, key in enumerate(taken)}
    assert Environment().from_string(template).render(**values) == " ".join(f"{value}!" for value in values.values())
    assert len({key.casefold() for key in taken}) == len(taken)
    assert not {key.casefold() for key in taken} & RESERVED_KEYS
    assert all(len(key) <= 64 for key in taken)


ROWS = [["yamada@example.jp", "山田", "1982/06/21"], ["sato@example.jp", "佐藤", ""]]
FIELDS = {"氏名": "氏名", "birthday": "お誕生日", "区分": "会員区分"}


@pytest.mark.parametrize(
    ("case", "first", "sample", "guess"),
    [
        ("plain", ["メールアドレス", "氏名", "生年月日"], ROWS, ColumnGuess(True, 0, {1: "氏名", 2: "birthday"})),
        ("English", ["E-mail", "Name", "Birthday"], ROWS, ColumnGuess(True, 0, {1: "氏名", 2: "birthday"})),
        ("marks", ["メールアドレス（必須）", "お名前 *", "x"], ROWS, ColumnGuess(True, 0, {1: "氏名"})),
        ("by content", ["連絡先", "氏名", "x"], ROWS, ColumnGuess(True, 0, {1: "氏名"})),
        ("no header", ROWS[0], ROWS[1:], ColumnGuess(False, 0, {})),
        ("only a header", ["氏名", "メール"], [], ColumnGuess(True, 1, {0: "氏名"})),
        ("one address alone", ["a@example.jp"], [], ColumnGuess(False, 0, {})),
        ("a bad address in a file without header", ["a@@example.jp"], [["b@example.jp"]], ColumnGuess(False, 0, {})),
        ("no address anywhere", ["氏名", "年齢"], [["山田", "5"]], ColumnGuess(False, None, {})),
        (
            "a column called mail that holds none",
            ["メール", "連絡先"],
            [["希望する", "a@example.jp"], ["", "b@example.jp"]],
            ColumnGuess(True, 1, {}),
        ),
        (
            "two address columns: the one with more",
            ["PCメール", "携帯メール"],
            [["a@example.jp", ""], ["b@example.jp", "no"]],
            ColumnGuess(True, 0, {}),
        ),
        (
            "the field's own name before an alike one",
            ["メール", "名前", "氏名"],
            [["a@example.jp", "x", "y"]],
            ColumnGuess(True, 0, {2: "氏名"}),
        ),
    ],
)
def test_guess_columns(case: str, first: list[str], sample: list[list[str]], guess: ColumnGuess) -> None:
    assert guess_columns(first, sample, FIELDS) == guess


def test_guess_columns_believes_the_person() -> None:
    assert guess_columns(["a@example.jp", "氏名"], [], FIELDS, has_header=True) == ColumnGuess(True, None, {1: "氏名"})
    assert guess_columns(["メールアドレス", "氏名"], ROWS, FIELDS, has_header=False).has_header is False


def test_every_problem_has_its_own_code_and_japanese() -> None:
    kinds = (AddressProblem, ValueProblem, FileProblem, RowProblem)
    assert set(PROBLEM_TEXTS) == {str(code) for kind in kinds for code in kind}
    assert len(PROBLEM_TEXTS) == sum(map(len, kinds))
    assert len(set(PROBLEM_TEXTS.values())) == len(PROBLEM_TEXTS)
    assert all(len(code) <= 64 for code in PROBLEM_TEXTS)

    po = Path(__file__).parents[2] / "wem/translations/ja/LC_MESSAGES/list_rules.po"
    with open(po, "rb") as file:
        translated = {message.id: message.string for message in read_po(file) if message.id}
    assert set(translated) == {*PROBLEM_TEXTS.values(), *DOMAIN_GROUP_TEXTS.values(), *DELIMITERS.values()}
    assert all(translated.values())
