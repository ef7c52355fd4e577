"""Excel workbooks: values as a person would type them, several sheets, and hostile packages."""

from __future__ import annotations

import datetime
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from wem.lists.problems import FileProblem, UnreadableFile
from wem.lists.reading import detect, rows, survey
from wem.lists.rules import read_value
from wem.lists.workbooks import to_csv

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
    '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}

Make = Callable[..., Path]


def make_package(path: Path, sheet: str | bytes, shared: str = "", **more: bytes) -> Path:
    """Write a workbook from the XML of its only sheet's data and its shared strings."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in PARTS.items():
            package.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
        data = sheet if isinstance(sheet, str) else sheet.decode()
        package.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'
        )
        package.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{shared}</sst>')
        for name, content in more.items():
            package.writestr(name, content)
    return path


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Save rows as a workbook with a first sheet and other ones."""

    def save(table: list[list[Any]], *others: str) -> Path:
        workbook = Workbook()
        sheet = workbook.active
        assert sheet is not None
        sheet.title = "名簿"
        for line in table:
            sheet.append(line)
        for name in others:
            workbook.create_sheet(name).append(["x@example.jp"])
        path = tmp_path / "readers.xlsx"
        workbook.save(path)
        return path

    return save


def refused(path: Path) -> FileProblem:
    with pytest.raises(UnreadableFile) as refusal:
        detect(path)
    return refusal.value.problem


def test_cells_as_a_person_would_type_them(book: Make) -> None:
    path = book(
        [
            ["メールアドレス", "氏名", "値"],
            ["a@example.jp", "髙橋", 42],
            ["b@example.jp", "﨑山", 1.5],
            ["c@example.jp", "𠮷田", 9_012_345_678],
            ["d@example.jp", " 空白 ", datetime.date(1982, 6, 21)],
            ["e@example.jp", "改\n行", datetime.datetime(2020, 12, 20, 3, 45)],
            ["f@example.jp", 'コ,ン"マ', True],
            ["g@example.jp", None, datetime.time(9, 30)],
            ["h@example.jp", "", 0.1 + 0.2],
            ["i@example.jp", "x", 123_456_789_012_345],
        ],
        "二枚目",
    )
    shape = detect(path)

    assert (shape.kind, shape.sheets) == ("xlsx", ["名簿", "二枚目"])
    assert (shape.header, shape.columns) == (["メールアドレス", "氏名", "値"], 3)
    assert [row.cells[1:] for row in rows(path, shape)] == [
        ["髙橋", "42"],
        ["﨑山", "1.5"],
        ["𠮷田", "9012345678"],
        [" 空白 ", "1982-06-21"],
        ["改\n行", "2020-12-20 03:45:00"],
        ['コ,ン"マ', "TRUE"],
        ["", "09:30:00"],
        ["", "0.3"],
        ["x", "123456789012345"],
    ]
    assert read_value("date", "2020-12-20 03:45:00") == "2020-12-20"


def test_furigana_is_not_part_of_a_name(tmp_path: Path) -> None:
    shared = (
        "<si><t>mail</t></si><si><t>a@example.jp</t></si>"
        "<si><r><t>山</t></r><r><t>田</t></r><rPh sb='0' eb='2'><t>ヤマダ</t></rPh></si>"
    )
    sheet = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>name</t></is></c></row>'
        '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" t="s"><v>2</v></c></row>'
    )
    path = make_package(tmp_path / "x.xlsx", sheet, shared)

    assert [row.cells for row in rows(path, detect(path))] == [["a@example.jp", "山田"]]


def test_blank_rows_count_and_a_late_start_goes_on_where_it_was(book: Make) -> None:
    table: list[list[Any]] = [
        ["mail", "n"],
        *[[f"r{n}@example.jp", n] if n % 5 else [None, None] for n in range(1, 101)],
    ]
    path = book(table)
    shape = survey(path, detect(path))
    everything = list(rows(path, shape))

    assert shape.records == 99
    assert [row.number for row in everything] == [n for n in range(1, 101) if n % 5]
    assert all(row.cells == [f"r{row.number}@example.jp", str(row.number)] for row in everything)
    for start in (1, 4, 5, 50, 98, 99, 200):
        assert list(rows(path, shape, start)) == [row for row in everything if row.number > start]


def test_without_header(book: Make) -> None:
    path = book([["a@example.jp"], ["b@example.jp"]])
    shape = detect(path)

    assert [(row.number, *row.cells) for row in rows(path, shape)] == [(1, "a@example.jp"), (2, "b@example.jp")]
    assert [(row.number, *row.cells) for row in rows(path, shape, 1)] == [(2, "b@example.jp")]


def test_to_csv(book: Make, tmp_path: Path) -> None:
    path = book([["メール", "名"], ["a@example.jp", "髙\n橋"], [None, None], ["b@example.jp", 5]], "他")
    target = tmp_path / "readers.csv"

    assert to_csv(path, target) == ["名簿", "他"]
    assert target.read_text() == 'メール,名\na@example.jp,"髙\n橋"\n,\nb@example.jp,5\n'
    in_csv = detect(target, encoding="utf-8", delimiter=",")
    assert list(rows(target, in_csv)) == list(rows(path, detect(path)))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["readers.csv", "readers.xlsx"]


def test_an_empty_sheet(book: Make) -> None:
    assert refused(book([])) is FileProblem.EMPTY


def test_other_packages(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for names, problem in (
        (["word/document.xml", "[Content_Types].xml"], FileProblem.OTHER_OFFICE),
        (["mimetype", "content.xml"], FileProblem.OTHER_OFFICE),
        (["[Content_Types].xml", "xl/workbook.bin"], FileProblem.OTHER_OFFICE),
        (["readers.csv"], FileProblem.ARCHIVE),
    ):
        with zipfile.ZipFile(path, "w") as package:
            for name in names:
                package.writestr(name, "x")
        assert refused(path) is problem


def test_a_damaged_workbook(book: Make, tmp_path: Path) -> None:
    path = book([["mail"], ["a@example.jp"]])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refused(path) is FileProblem.BROKEN_WORKBOOK

    assert refused(make_package(tmp_path / "y", "<row><c><v></oops>")) is FileProblem.BROKEN_WORKBOOK


def test_too_many_entries(tmp_path: Path) -> None:
    path = make_package(tmp_path / "x", "", **{f"junk/{n}": b"" for n in range(1_000)})
    assert refused(path) is FileProblem.SUSPICIOUS_WORKBOOK


def test_a_bomb_that_says_so(tmp_path: Path) -> None:
    path = make_package(tmp_path / "x", "", **{"xl/media/zeros": bytes(60_000_000)})
    assert refused(path) is FileProblem.SUSPICIOUS_WORKBOOK


def test_a_bomb_that_declares_a_small_size(tmp_path: Path) -> None:
    path = make_package(tmp_path / "x", "", **{"xl/media/zeros": bytes(60_000_000)})
    true, lie = struct.pack("<L", 60_000_000), struct.pack("<L", 1_000)
    path.write_bytes(path.read_bytes().replace(true, lie))
    assert refused(path) is FileProblem.SUSPICIOUS_WORKBOOK


def test_a_package_too_large_when_unpacked(tmp_path: Path) -> None:
    path = make_package(tmp_path / "x", "")
    data = path.read_bytes()
    small = struct.pack("<L", len('<?xml version="1.0" encoding="UTF-8"?>' + PARTS["xl/workbook.xml"]))
    path.write_bytes(data.replace(small, struct.pack("<L", 600_000_000)))
    assert refused(path) is FileProblem.WORKBOOK_TOO_LARGE


def test_a_sheet_of_equal_rows_is_no_bomb(tmp_path: Path) -> None:
    line = '<row><c t="inlineStr"><is><t>a@example.jp</t></is></c></row>'
    path = make_package(tmp_path / "x", line * 50_000)
    assert sum(1 for _ in rows(path, detect(path))) == 50_000
    sheet = zipfile.ZipFile(path).getinfo("xl/worksheets/sheet1.xml")
    assert sheet.file_size > 100 * sheet.compress_size


def test_two_cells_at_the_far_ends_of_a_sheet_take_no_machine_down(tmp_path: Path) -> None:
    sheet = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = make_package(tmp_path / "x", sheet)
    assert refused(path) is FileProblem.WORKBOOK_TOO_LARGE


def test_entities_are_not_multiplied(tmp_path: Path) -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    path = tmp_path / "x"
    make_package(path, "")
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["xl/worksheets/sheet1.xml"] = (
        f'<!DOCTYPE x [<!ENTITY e0 "x">{bomb}]><worksheet xmlns="{MAIN}"><sheetData>'
        '<row><c t="inlineStr"><is><t>&e11;</t></is></c></row></sheetData></worksheet>'
    ).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    try:
        shape = detect(path)
    except UnreadableFile:
        return
    assert all(len(cell) < 100 for cells in shape.sample for cell in cells)


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = make_package(tmp_path / "x", "")
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    path.write_bytes(data)
    assert refused(path) is FileProblem.SUSPICIOUS_WORKBOOK
