"""One record checked: the JSON of its values, the reason it is refused, never a readable address with it."""

from __future__ import annotations

import hashlib
import json

import pytest

from wem.lists.problems import RowProblem
from wem.lists.reading import Row
from wem.lists.states import RowState
from wem.lists.upload_rows import COLUMNS, SAID, RowChecker, ValueColumn, column_names

NAMES = ["メールアドレス", "氏名", "誕生日", "好み", "数", "可"]
VALUES = [
    ValueColumn(1, "氏名", "text", required=True),
    ValueColumn(2, "誕生日", "date"),
    ValueColumn(3, "好み", "choices", ["肉", "魚", "野菜"]),
    ValueColumn(4, "数", "number"),
    ValueColumn(5, "可", "yes_no"),
]


def check(cells: list[str], problem: RowProblem | None = None, **options: bool) -> dict[str, object]:
    checker = RowChecker(7, 0, VALUES, NAMES, lambda key: hashlib.md5(key.encode()).digest(), **options)
    return dict(zip(COLUMNS, checker(Row(3, cells, problem)), strict=True))


def test_a_good_row() -> None:
    row = check(["Taro@Docomo.ne.jp", '髙橋 "葵"\\', "1982/6/21", "魚、肉", "１２", "はい"])
    assert (row["upload_id"], row["record"], row["state"]) == (7, 3, RowState.good)
    assert (row["address"], row["address_key"]) == ("Taro@docomo.ne.jp", "taro@docomo.ne.jp")
    assert row["domain_group"] == "docomo"
    assert json.loads(str(row["fields"])) == {
        "氏名": '髙橋 "葵"\\', "誕生日": "1982-06-21", "好み": ["魚", "肉"], "数": 12, "可": True,
    }  # fmt: skip


def test_empty_cells_are_left_out() -> None:
    row = check(["a@x.example", "葵", "", "", "", ""])
    assert json.loads(str(row["fields"])) == {"氏名": "葵"}


@pytest.mark.parametrize(
    ("cells", "problem", "place", "masked", "said"),
    [
        (["", "葵", "", "", "", ""], "missing", "メールアドレス", "", ""),
        (["taro＠x", "葵", "", "", "", ""], "bad_domain", "メールアドレス", "t****", "t****"),
        (["なし", "葵", "", "", "", ""], "no_at_sign", "メールアドレス", "な****", "なし"),
        (["taro.x.example", "葵", "", "", "", ""], "no_at_sign", "メールアドレス", "t****", "t****"),
        (["taro@x.example", "", "", "", "", ""], "value_required", "氏名", "t****@x.example", ""),
        (["taro@x.example", "葵", "2026/13/45", "", "", ""], "no_such_date", "誕生日", "t****@x.example", "2026/13/45"),
        (["taro@x.example", "葵", "", "酒", "", ""], "not_a_choice", "好み", "t****@x.example", "酒"),
        (["taro@x.example", "葵", "", "", "幾つか", ""], "not_a_number", "数", "t****@x.example", "幾つか"),
        (
            ["taro@x.example", "葵", "", "", "jiro@y.example", ""],
            "not_a_number",
            "数",
            "t****@x.example",
            "j****@y.example",
        ),
        (
            ["taro@x.example", "葵", "", "", "次郎：jiro＠y.example", ""],
            "not_a_number",
            "数",
            "t****@x.example",
            "次****",
        ),
        (["taro@x.example", "葵", "", "", "あ" * 80, ""], "not_a_number", "数", "t****@x.example", "あ" * 59 + "…"),
        (
            ["taro@x.example", "a\x00\u202eb", "", "", "", ""],
            "value_control_character",
            "氏名",
            "t****@x.example",
            "a\ufffd\ufffdb",
        ),
    ],
)
def test_a_refused_row(cells: list[str], problem: str, place: str, masked: str, said: str) -> None:
    row = check(cells)
    assert (row["state"], row["problem"], row["place"], row["address"]) == (RowState.bad, problem, place, masked)
    assert json.loads(str(row["fields"])) == {SAID: said}
    assert row["address_key"] is None and row["address_hash"] is None


def test_a_row_that_cannot_be_read_keeps_no_address_either() -> None:
    row = check(["taro@x.example", "extra"], RowProblem.EXTRA_CELLS)
    assert (row["problem"], row["place"], row["address"]) == ("extra_cells", "", "t****@x.example")
    assert row["fields"] is None
    assert check(["\0\0"], RowProblem.NUL)["address"] == "****"


def test_stop_lists_keep_no_address() -> None:
    checker = RowChecker(7, 0, [], NAMES, lambda key: key.encode()[:16], keep_address=False)
    row = dict(zip(COLUMNS, checker(Row(3, ["Taro@x.example"], None)), strict=True))
    assert row["address"] is None and row["fields"] is None and row["address_key"] == "taro@x.example"


def test_headings_are_masked_and_numbered() -> None:
    assert column_names(["氏名", "", "taro@x.example"], 4) == ["氏名", "#2", "t****@x.example", "#4"]
