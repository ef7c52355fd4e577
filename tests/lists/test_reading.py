"""Uploaded files: what kind they are, and their rows, bad ones among them."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wem.lists.decoding import ENCODINGS, guess_encoding
from wem.lists.problems import FileProblem, RowProblem, UnreadableFile
from wem.lists.reading import MAX_CELL, FileShape, Row, detect, rows, survey
from wem.lists.rules import Address, AddressProblem, ValueProblem, read_address, read_value

DATA = Path(__file__).parents[1] / "data/lists"
HEADER = ["メールアドレス", "氏名", "フリガナ", "都道府県", "生年月日", "性別", "会員区分", "登録日時"]
REASONS = {
    "address": {AddressProblem.NO_AT_SIGN, AddressProblem.NOT_AN_ADDRESS, AddressProblem.SPACE_INSIDE},
    "address missing": {AddressProblem.MISSING},
    "two addresses": {AddressProblem.TWO_ADDRESSES},
    "domain": {AddressProblem.BAD_DOMAIN},
    "non-ASCII local part without SMTPUTF8": {AddressProblem.NOT_ASCII_LOCAL},
    "consecutive dots outside the old carriers": {AddressProblem.CONSECUTIVE_DOTS},
    "local part over 64": {AddressProblem.LOCAL_TOO_LONG},
    "formula and space": {AddressProblem.FORMULA},
    "line break inside": {AddressProblem.LINE_BREAK},
}

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write text or bytes to a file and return its path."""

    def write(content: str | bytes, encoding: str = "utf-8", name: str = "readers") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return path

    return write


def read(path: Path, **given: Any) -> list[Row]:
    return list(rows(path, detect(path, **given)))


def test_messy() -> None:
    path = DATA / "readers-messy.csv"
    expected = json.loads((DATA / "readers-messy.expected.json").read_text())
    shape = detect(path)
    assert (shape.encoding, shape.delimiter, shape.header) == ("cp932", ",", HEADER)

    found = list(rows(path, shape))
    taken: dict[str, int] = {}
    refused: dict[int, object] = {}
    duplicates: list[dict[str, int]] = []
    bad_dates: list[int] = []
    for number, cells, problem in found:
        address = read_address(cells[0])
        if problem or not isinstance(address, Address):
            refused[number] = problem or address
        elif isinstance(read_value("date", cells[4]), ValueProblem):
            bad_dates.append(number)
        elif address.key in taken:
            duplicates.append({"record": number, "of": taken[address.key]})
        else:
            taken[address.key] = number

    assert [row.number for row in found] == list(range(1, expected["records"] + 1))
    assert refused.pop(expected["long_row"]["record"]) is RowProblem.EXTRA_CELLS
    assert list(refused) == [case["record"] for case in expected["refused"]]
    assert all(refused[case["record"]] in REASONS[case["why"]] for case in expected["refused"])
    assert [key for key, number in taken.items() if 201 <= number <= 216] == expected["accepted_addresses_normalised"]
    assert duplicates == expected["duplicates_in_file"]
    assert bad_dates == [expected["bad_value"]["record"]]
    assert shape.header[4] == expected["bad_value"]["field"]
    short = found[expected["short_row"]["record"] - 1]
    assert short.problem is None and short.cells == ["yamada+news7@mail.example.jp", *short.cells[1:3], *[""] * 5]
    assert expected["short_row"]["record"] in taken.values()


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "records"),
    [
        ("readers-1000-utf8-bom.csv", "utf-8", ",", 1_000),
        ("readers-1000-utf16.txt", "utf-16-le", "\t", 1_000),
        ("readers-10000-cp932.csv", "cp932", ",", 10_000),
    ],
)
def test_files_of_excel(name: str, encoding: str, delimiter: str, records: int) -> None:
    path = DATA / name
    shape = detect(path)
    found = list(rows(path, shape))

    assert (shape.kind, shape.encoding, shape.delimiter, shape.header) == ("csv", encoding, delimiter, HEADER)
    assert len(found) == records and not any(row.problem for row in found)
    assert all(isinstance(read_address(row.cells[0]), Address) for row in found)
    assert shape.sample == [row.cells for row in found[:100]]
    assert found[0].cells[:2] == ["murakami-1@mail.example.jp", "村上 由美子"]
    if encoding == "cp932":
        assert {"髙", "﨑"} <= set("".join(row.cells[1] for row in found))


TABLE = "メールアドレス,氏名\r\nyamada@example.jp,髙橋 太郎\r\nsato@example.jp,﨑山 花子\r\n"


@pytest.mark.parametrize(
    ("case", "content", "encoding"),
    [
        ("UTF-8", TABLE.encode(), "utf-8"),
        ("UTF-8 with mark", TABLE.encode("utf-8-sig"), "utf-8"),
        ("Shift_JIS", TABLE.encode("cp932"), "cp932"),
        ("UTF-16 with mark", TABLE.encode("utf-16"), "utf-16-le"),
        ("UTF-16 without mark", TABLE.encode("utf-16-le"), "utf-16-le"),
        ("UTF-16, big endian, with mark", b"\xfe\xff" + TABLE.encode("utf-16-be"), "utf-16-be"),
        ("UTF-16, big endian, without mark", TABLE.encode("utf-16-be"), "utf-16-be"),
        ("EUC-JP", TABLE.replace("髙", "高").replace("﨑", "崎").encode("euc_jp"), "euc_jp"),
        ("ISO-2022-JP", TABLE.replace("髙", "高").replace("﨑", "崎").encode("iso2022_jp"), "iso2022_jp_ext"),
        ("ASCII", b"email,name\nyamada@example.jp,Taro\n", "utf-8"),
        ("half-width kana", "メール,ﾅﾏｴ\na@example.jp,ﾔﾏﾀﾞﾀﾛｳ\nb@example.jp,ｻﾄｳ\n".encode("cp932"), "cp932"),
        (
            "first kanji on the last of many lines",
            b"a@example.jp,x\n" * 300_000 + "b@example.jp,髙\n".encode("cp932"),
            "cp932",
        ),
        ("one bad byte in UTF-8", ("a@example.jp,山田\n" * 50).encode() + b"b@example.jp,\xff\n", "utf-8"),
        (
            "two bad bytes in Shift_JIS",
            ("a@example.jp,山田\n" * 50).encode("cp932") + b"b@example.jp,\xff\x81\n",
            "cp932",
        ),
    ],
)
def test_encodings(case: str, content: bytes, encoding: str, save: Save) -> None:
    path = save(content)

    assert guess_encoding(path) == encoding
    assert encoding in ENCODINGS
    if content.startswith(b"\xff\xfe"):
        content = content[2:]
    last = read(path)[-1].cells[-1]
    assert "bytes" in case or "byte " in case or last in content.decode(encoding, "replace")


def test_a_person_may_correct_the_shape(save: Save) -> None:
    path = save("a@example.jp;ﾔﾏﾀﾞ,x\n", "cp932")

    shape = detect(path, encoding="utf-8", delimiter=",", has_header=True)
    assert (shape.encoding, shape.delimiter, shape.has_header) == ("utf-8", ",", True)
    assert len(shape.header) == 2
    assert detect(path, encoding="cp932", delimiter=";").sample == [["a@example.jp", "ﾔﾏﾀﾞ,x"]]


@pytest.mark.parametrize(
    ("content", "delimiter", "columns"),
    [
        ("mail,name\na@example.jp,x\n", ",", 2),
        ("mail\tname\na@example.jp\tYamada, Taro\nb@example.jp\tSato, Ken\n", "\t", 2),
        ("mail;name\na@example.jp;x\n", ";", 2),
        ('mail,tags,"a;b"\na@example.jp,"x;y;z",1\nb@example.jp,"x;z;y",2\n', ",", 3),
        ('mail;"a,b,c"\na@example.jp;"x,y"\n', ";", 2),
        ("a@example.jp\nb@example.jp\n", ",", 1),
        ("mail\na@example.jp;b@example.jp\nc@example.jp\nd@example.jp\n", ",", 1),
    ],
)
def test_delimiters(content: str, delimiter: str, columns: int, save: Save) -> None:
    shape = detect(save(content))

    assert (shape.delimiter, shape.columns) == (delimiter, columns)


def test_without_header_the_first_row_is_record_1(save: Save) -> None:
    path = save("a@example.jp,x\nb@example.jp,y\n")
    shape = detect(path)

    assert (shape.has_header, shape.header, shape.columns) == (False, [], 2)
    assert [(row.number, row.cells[0]) for row in rows(path, shape)] == [(1, "a@example.jp"), (2, "b@example.jp")]


HEAD = "mail,name,memo\n"
ROW_CASES: list[tuple[str, str | bytes, list[tuple[int, str, RowProblem | None]]]] = [
    ("line break in a cell", 'a@x.jp,A,"1\r\n2"\nb@x.jp,B,\n', [(1, "a@x.jp", None), (2, "b@x.jp", None)]),
    (
        "blank lines are counted, not given",
        "\na@x.jp,A,\n\n , \n,,\nb@x.jp,B,\n\n",
        [(2, "a@x.jp", None), (6, "b@x.jp", None)],
    ),
    ("no line end at the end", "a@x.jp,A,1", [(1, "a@x.jp", None)]),
    ("Ctrl-Z of DOS at the end", "a@x.jp,A,1\n\x1a", [(1, "a@x.jp", None)]),
    ("doubled carriage returns", "a@x.jp,A,1\r\r\nb@x.jp,B,2\r\r\n", [(1, "a@x.jp", None), (2, "b@x.jp", None)]),
    ("empty cells at the end", "a@x.jp,A,1,,,\n", [(1, "a@x.jp", None)]),
    ("more cells", "a@x.jp,A,1,2\nb@x.jp,B,1\n", [(1, "a@x.jp", RowProblem.EXTRA_CELLS), (2, "b@x.jp", None)]),
    (
        "very many cells",
        "a@x.jp" + ",1" * 300 + "\nb@x.jp,B,\n",
        [(1, "a@x.jp", RowProblem.TOO_MANY_CELLS), (2, "b@x.jp", None)],
    ),
    ("long cell", f"a@x.jp,{'x' * 10_001},\nb@x.jp,B,\n", [(1, "a@x.jp", RowProblem.LONG_CELL), (2, "b@x.jp", None)]),
    (
        "very long cell",
        f"a@x.jp,{'x' * 200_000},\nb@x.jp,B,\n",
        [(1, "a@x.jp", RowProblem.LONG_CELL), (2, "b@x.jp", None)],
    ),
    ("cell of just the limit", f"a@x.jp,{'x' * MAX_CELL},\n", [(1, "a@x.jp", None)]),
    ("NUL", "a@x.jp,A\0,\nb@x.jp,B,\n", [(1, "a@x.jp", RowProblem.NUL), (2, "b@x.jp", None)]),
    (
        "bytes that are no text",
        "a@x.jp,山,\n".encode() + b"b@x.jp,\xff,\n" + "c@x.jp,川,\n".encode(),
        [(1, "a@x.jp", None), (2, "b@x.jp", RowProblem.UNDECODABLE), (3, "c@x.jp", None)],
    ),
    (
        "quotation mark open at the end",
        'a@x.jp,A,1\nb@x.jp,"B,2\nc@x.jp,C,3\nd@x.jp,D,4\n',
        [(1, "a@x.jp", None), (2, "b@x.jp", RowProblem.UNBALANCED_QUOTE), (3, "c@x.jp", None), (4, "d@x.jp", None)],
    ),
    (
        "quotation mark open in the last line",
        'a@x.jp,A,1\nb@x.jp,B,"2',
        [(1, "a@x.jp", None), (2, "b@x.jp", RowProblem.UNBALANCED_QUOTE)],
    ),
    ("quotation marks inside", 'a@x.jp,5" pipe,"say ""hi"""\nb@x.jp,B,\n', [(1, "a@x.jp", None), (2, "b@x.jp", None)]),
    (
        "stray carriage return",
        "a@x.jp,A\rB,1\nb@x.jp,B,2\n",
        [(1, "a@x.jp", RowProblem.STRAY_RETURN), (2, "b@x.jp", None)],
    ),
    (
        "line separators are text",
        "a@x.jp,A\u2028B\x0bC\x85D,1\nb@x.jp,B,\n",
        [(1, "a@x.jp", None), (2, "b@x.jp", None)],
    ),
]


@pytest.mark.parametrize(("case", "body", "found"), ROW_CASES, ids=[case for case, *_ in ROW_CASES])
def test_rows(case: str, body: str | bytes, found: list[tuple[int, str, RowProblem | None]], save: Save) -> None:
    path = save(HEAD.encode() + (body.encode() if isinstance(body, str) else body))
    shape = detect(path, encoding="utf-8", delimiter=",", has_header=True)

    got = list(rows(path, shape))

    assert [(row.number, row.cells[0], row.problem) for row in got] == found
    assert all(len(row.cells) == 3 for row in got if not row.problem)
    for start in range(len(found) + 2):
        assert list(rows(path, shape, start)) == [row for row in got if row.number > start]


def test_a_stray_quotation_mark_costs_one_row_however_long_the_file(save: Save) -> None:
    lines = [f"r{n}@example.jp,name {n},memo" for n in range(1, 20_001)]
    lines[9_999] = 'r10000@example.jp,"name 10000,memo'
    path = save(HEAD + "\n".join(lines) + "\n")

    got = read(path)

    assert len(got) == 20_000
    assert [(row.number, row.problem) for row in got if row.problem] == [(10_000, RowProblem.UNBALANCED_QUOTE)]
    assert got[-1].cells[0] == "r20000@example.jp"


def test_a_stray_quotation_mark_that_another_closes_far_below(save: Save) -> None:
    lines = [f"r{n}@example.jp,name {n},memo" for n in range(1, 2_001)]
    lines[99] = 'r100@example.jp,"name,memo'
    lines[899] = 'r900@example.jp,name",memo'
    got = read(save(HEAD + "\n".join(lines) + "\n"))

    assert [row.number for row in got] == list(range(1, 2_001))
    assert [row.number for row in got if row.problem] == [100]


def test_macintosh_line_ends(save: Save) -> None:
    got = read(save("メール,名前\ra@example.jp,山\rb@example.jp,川\r", "cp932"))

    assert [row.cells for row in got] == [["a@example.jp", "山"], ["b@example.jp", "川"]]


def test_utf16_is_cut_between_characters_only(save: Save) -> None:
    # U+0A0D, U+0D0A and U+0A00 hold the bytes of line ends.
    text = "mail\tname\n" + "".join(f"r{n}@example.jp\t\u0a0d\u0d0a\u0a05{'山' * (n % 7)}\n" for n in range(30_000))
    for encoding in ("utf-16-le", "utf-16-be"):
        got = read(save(text, encoding))
        assert len(got) == 30_000 and not any(row.problem for row in got)
        assert got[-1].cells == ["r29999@example.jp", "\u0a0d\u0d0a\u0a05" + "山" * (29_999 % 7)]


def test_marks_lead_to_the_same_rows() -> None:
    path = DATA / "readers-10000-cp932.csv"
    plain = detect(path)
    surveyed = survey(path, plain)
    assert surveyed.records == 10_000 and len(surveyed.marks) > 2

    stored = FileShape.from_dict(json.loads(json.dumps(surveyed.as_dict())))
    assert stored == replace(surveyed, sample=[])
    everything = list(rows(path, plain))
    for start in (0, 1, 2_517, 2_518, 2_519, 5_027, 9_999, 10_000):
        assert list(rows(path, stored, start)) == everything[start:]
        assert list(rows(path, plain, start)) == everything[start:]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(alphabet='ab山",\n\r;\t @\0', max_size=200),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    start=st.integers(0, 9),
)
def test_any_text_is_read_to_its_end_and_again_from_anywhere(
    text: str, encoding: str, start: int, tmp_path: Path
) -> None:
    path = tmp_path / "readers"
    path.write_bytes("mail,name\n".encode(encoding) + text.encode(encoding))
    shape = detect(path, encoding=encoding, delimiter=",", has_header=True)

    got = list(rows(path, shape))

    assert [row.number for row in got] == sorted({row.number for row in got})
    assert all(len(row.cells) == 2 for row in got if not row.problem)
    assert list(rows(path, survey(path, shape), start)) == [row for row in got if row.number > start]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "readers"
    path.write_bytes(content)
    try:
        shape = detect(path)
    except UnreadableFile:
        return
    found = list(rows(path, shape))
    assert all(isinstance(row, Row) and any(row.cells) for row in found)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", FileProblem.EMPTY),
        (b"\n \n\n", FileProblem.EMPTY),
        (b"\xef\xbb\xbf", FileProblem.EMPTY),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", FileProblem.PDF),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), FileProblem.IMAGE),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", FileProblem.IMAGE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), FileProblem.OLD_EXCEL),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            FileProblem.ENCRYPTED,
        ),
        (b"PK\x03\x04" + bytes(100), FileProblem.BROKEN_WORKBOOK),
        (b"\x1f\x8b\x08" + bytes(100), FileProblem.ARCHIVE),
        (b"{\\rtf1\\ansi x}", FileProblem.OTHER_OFFICE),
        (b"<!DOCTYPE html><html><table>", FileProblem.HTML),
        (b"<?xml version='1.0'?><Workbook>", FileProblem.OTHER_OFFICE),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 4, FileProblem.NOT_A_TABLE),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", FileProblem.NOT_A_TABLE),
        (b"a@example.jp " * 700_000, FileProblem.NO_LINES),
    ],
)
def test_files_that_are_no_table(content: bytes, problem: FileProblem, save: Save) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        detect(save(content))
    assert refusal.value.problem is problem


def test_a_file_over_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "readers"
    with open(path, "wb") as file:
        file.truncate(200_000_001)
    with pytest.raises(UnreadableFile) as refusal:
        detect(path)
    assert refusal.value.problem is FileProblem.TOO_LARGE


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(lines: int) -> int:
        path = tmp_path / str(lines)
        path.write_text("mail,name\n" + "".join(f"r{n}@example.jp,{'山田 太郎' * 40}\n" for n in range(lines)), "cp932")
        tracemalloc.start()
        try:
            for _ in rows(path, survey(path, detect(path))):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(40_000) < 1.2 * peak(10_000)


def test_birthdays_of_files_are_dates() -> None:
    path = DATA / "readers-10000-cp932.csv"
    values = [read_value("date", row.cells[4]) for row in rows(path, detect(path))]

    assert all(isinstance(value, str) and date.fromisoformat(value) for value in values)
