"""A program of its own that writes the first sheet of an xlsx file as CSV: `workbook_cells.py PATH [skip] [most]`.

It runs apart, within limits of memory and time, because a hostile workbook can take all of either. It imports
nothing of WeM. The first line that it writes is JSON: the names of the sheets, or why it refuses.
"""

import csv
import itertools
import json
import os
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

MAX_UNPACKED = 500_000_000
MAX_RATIO = 100
RATIO_FROM = 50_000_000  # bytes unpacked; small sheets of equal rows pack better than 1:100 honestly
MAX_ENTRIES = 1_000
MAX_CELL = 32_767  # characters, what Excel itself allows
MEMORY = 3 << 30
CPU_SECONDS = 120


class Refused(Exception):
    """The workbook is not opened; the argument is a value of FileProblem."""


def main(path: str, skip: int = 0, most: int | None = None) -> int:
    """Write the sheets' names and the rows after the first `skip`, at most `most`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as out:
        try:
            check_package(path)
            sheets, rows = _open(path)
        except Refused as refusal:
            print(json.dumps({"refused": str(refusal)}), file=out)
            return 0
        print(json.dumps({"sheets": sheets}), file=out, flush=True)
        writer = csv.writer(out, lineterminator="\n")
        end = None if most is None else skip + most
        writer.writerows([_as_text(cell) for cell in row] for row in itertools.islice(rows, skip, end))
    return 0


def check_package(path: str) -> None:
    """Raise Refused when the zip file is damaged, locked, no workbook, or a bomb, declared or hidden."""
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Refused("file_broken_workbook") from None
    if len(entries) > MAX_ENTRIES:
        raise Refused("file_suspicious_workbook")
    if "xl/workbook.xml" not in {entry.filename.lstrip("/") for entry in entries}:
        raise Refused("file_other_office" if _is_office(entries) else "file_archive")
    size = os.path.getsize(path)
    _check_total(sum(entry.file_size for entry in entries), size)
    unpacked = 0
    with open(path, "rb") as file:
        for entry in entries:
            if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refused("file_suspicious_workbook")
            for length in _unpacked_lengths(file, entry):
                unpacked += length
                _check_total(unpacked, size)


def _is_office(entries: list[zipfile.ZipInfo]) -> bool:
    return any(entry.filename in ("[Content_Types].xml", "mimetype", "xl/workbook.bin") for entry in entries)


def _check_total(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED:
        raise Refused("file_workbook_too_large")
    if unpacked > RATIO_FROM and unpacked > MAX_RATIO * packed:
        raise Refused("file_suspicious_workbook")


def _unpacked_lengths(file: Any, entry: zipfile.ZipInfo) -> Iterator[int]:
    """What an entry really unpacks to, in steps: the size that it declares may be a lie."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise Refused("file_broken_workbook")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), os.SEEK_CUR)
    if entry.compress_type == zipfile.ZIP_STORED:
        yield entry.compress_size
        return
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while not inflate.eof:
            packed = inflate.unconsumed_tail or file.read(1 << 16)
            if not packed:
                raise Refused("file_broken_workbook")
            yield len(inflate.decompress(packed, 1 << 20))
    except zlib.error:
        raise Refused("file_broken_workbook") from None


def _open(path: str) -> tuple[list[str], Iterator[list[Any]]]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        workbook = CalamineWorkbook.from_path(path)
        tables = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        tables.sort(key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
        sheets = [sheet.name for sheet in tables]
        if not sheets:
            raise Refused("file_empty")
        return sheets, iter(workbook.get_sheet_by_name(sheets[0]).iter_rows())
    except PasswordError:
        raise Refused("file_encrypted") from None
    except (CalamineError, OSError, ValueError):
        raise Refused("file_broken_workbook") from None
    except MemoryError:
        raise Refused("file_workbook_too_large") from None


def _as_text(cell: Any) -> str:
    """A cell as a person would type it: whole numbers without .0, dates as ISO."""
    if isinstance(cell, str):
        return cell[:MAX_CELL]
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return f"{Decimal(format(cell, '.15g')):f}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
