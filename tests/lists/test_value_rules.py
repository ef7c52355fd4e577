"""Values of fields: read, refused, and kinds guessed."""

from __future__ import annotations

from typing import Any

import pytest

from wem.lists.rules import VALUE_PROBLEM_TEXTS, ValueProblem, choices_in, guess_kind, read_value
from wem.lists.states import FieldKind

V = ValueProblem
COLOURS = ["赤", "青", "緑・黄"]

VALUES = [
    ("text", "  山田 太郎　", (), "山田 太郎"),
    ("text", "ｱｲｳ", (), "ｱｲｳ"),
    ("text", "x" * 1_000, (), "x" * 1_000),
    ("text", "x" * 1_001, (), V.TOO_LONG),
    ("text", "a\nb", (), V.CONTROL_CHARACTER),
    ("text", "a\tb", (), V.CONTROL_CHARACTER),
    ("text", "a\0b", (), V.CONTROL_CHARACTER),
    ("text", "a\u202eb", (), V.CONTROL_CHARACTER),
    ("text", "", (), None),
    ("text", "　 ", (), None),
    ("number", "42", (), 42),
    ("number", "-1.50", (), -1.5),
    ("number", "１，２３４", (), 1234),
    ("number", "－５", (), -5),
    ("number", "−5", (), -5),
    ("number", "1,234,567.5", (), 1234567.5),
    ("number", "12,34", (), V.NOT_A_NUMBER),
    ("number", "1e3", (), V.NOT_A_NUMBER),
    ("number", "nan", (), V.NOT_A_NUMBER),
    ("number", "十", (), V.NOT_A_NUMBER),
    ("number", "5人", (), V.NOT_A_NUMBER),
    ("number", "999999999999999", (), 999999999999999),
    ("number", "1234567890123456", (), V.NUMBER_TOO_LONG),
    ("number", "1.00000000000000000000", (), 1),
    ("date", "1982/06/21", (), "1982-06-21"),
    ("date", "1982/6/21", (), "1982-06-21"),
    ("date", "1982-06-21", (), "1982-06-21"),
    ("date", "1982.6.21", (), "1982-06-21"),
    ("date", "19820621", (), "1982-06-21"),
    ("date", "1982年6月21日", (), "1982-06-21"),
    ("date", "１９８２年６月２１日", (), "1982-06-21"),
    ("date", "昭和57年6月21日", (), "1982-06-21"),
    ("date", "昭和５７年６月２１日", (), "1982-06-21"),
    ("date", "S57.6.21", (), "1982-06-21"),
    ("date", "s57/06/21", (), "1982-06-21"),
    ("date", "平成元年1月8日", (), "1989-01-08"),
    ("date", "令和元年5月1日", (), "2019-05-01"),
    ("date", "R6.2.29", (), "2024-02-29"),
    ("date", "H31.12.1", (), "2019-12-01"),
    ("date", "大正15年1月2日", (), "1926-01-02"),
    ("date", "明治45.7.29", (), "1912-07-29"),
    ("date", "㍼57年6月21日", (), "1982-06-21"),  # the square era name of Windows
    ("date", "2020/12/20 03:45", (), "2020-12-20"),
    ("date", "2020-12-20T03:45:00+09:00", (), "2020-12-20"),
    ("date", "2026/13/45", (), V.NO_SUCH_DATE),
    ("date", "2023-02-29", (), V.NO_SUCH_DATE),
    ("date", "昭和65年1月1日", (), V.NO_SUCH_DATE),
    ("date", "平成0年1月1日", (), V.NO_SUCH_DATE),
    ("date", "0000-01-01", (), V.NO_SUCH_DATE),
    ("date", "06/21/1982", (), V.NOT_A_DATE),
    ("date", "82/6/21", (), V.NOT_A_DATE),
    ("date", "1982/6-21", (), V.NOT_A_DATE),
    ("date", "1982年6/21", (), V.NOT_A_DATE),
    ("date", "六月", (), V.NOT_A_DATE),
    ("choice", "青", COLOURS, "青"),
    ("choice", "ＭＡＬＥ", ["male"], "male"),
    ("choice", "紫", COLOURS, V.NOT_A_CHOICE),
    ("choice", "紫", (), "紫"),
    ("choices", "赤;青", COLOURS, ["赤", "青"]),
    ("choices", "赤、青, 赤", COLOURS, ["赤", "青"]),
    ("choices", "赤｜緑・黄", COLOURS, ["赤", "緑・黄"]),
    ("choices", "x,y", ["x,y", "z"], ["x,y"]),
    ("choices", "赤、紫", COLOURS, V.NOT_A_CHOICE),
    ("choices", ";;", COLOURS, V.NOT_A_CHOICE),
    *[("yes_no", text, (), True) for text in ("はい", "YES", "yes", "1", "１", "true", "TRUE", "○", "〇", "◯", "有")],
    *[("yes_no", text, (), False) for text in ("いいえ", "No", "0", "FALSE", "×", "✕", "x", "無")],
    ("yes_no", "たぶん", (), V.NOT_YES_OR_NO),
    ("yes_no", "2", (), V.NOT_YES_OR_NO),
]


@pytest.mark.parametrize(("kind", "raw", "options", "value"), VALUES)
def test_read_value(kind: str, raw: str, options: list[str], value: Any) -> None:
    found = read_value(kind, raw, options)

    assert found == value
    assert type(found) is type(value)


def test_required() -> None:
    assert all(read_value(kind, " ", required=True) is V.REQUIRED for kind in FieldKind)
    assert all(read_value(kind, " ") is None for kind in FieldKind)


def test_no_such_kind() -> None:
    with pytest.raises(ValueError, match="colour"):
        read_value("colour", "x")


def test_each_problem_has_a_text_and_a_case() -> None:
    seen = {value for *_, value in VALUES if isinstance(value, ValueProblem)} | {V.REQUIRED}
    assert set(VALUE_PROBLEM_TEXTS) == set(V) == seen


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", []),
        ("text", ["", " "]),
        ("text", ["山田 太郎", "鈴木 花子"]),
        ("date", ["1982/06/21", "", "昭和57年6月21日"]),
        ("date", ["2024/03/02 11:25", "2020-12-20"]),
        ("number", ["42", "1,234", ""]),
        ("text", ["0312345678", "0901234567"]),
        ("text", ["007", "123"]),
        ("text", ["1234567890", "9876543210"]),
        ("yes_no", ["はい", "いいえ", "はい"]),
        ("yes_no", ["0", "1", "1"]),
        ("number", ["1", "1"]),
        ("choice", ["男性", "女性", "回答しない", ""] * 10),
        ("choice", ["東京都", "北海道", "大阪府"] * 5),
        ("choices", ["赤;青", "赤", "青;緑", "赤;青;緑", "緑"] * 4),
        ("text", [f"会社 {n}" for n in range(40)]),
    ],
)
def test_guess_kind(kind: str, values: list[str]) -> None:
    assert guess_kind(values) == kind
    assert guess_kind(values) in set(FieldKind)


def test_choices_in() -> None:
    assert choices_in(["男性", "女性", "", "男性"], "choice") == ["男性", "女性"]
    assert choices_in(["赤;青", "緑、赤"], "choices") == ["赤", "青", "緑"]
