"""Reads an uploaded file of addresses: what kind of table it is, and its records, each with what is wrong with it."""

import csv
import io
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from wem.lists import decoding, workbooks
from wem.lists.problems import FileProblem, RowProblem, UnreadableFile
from wem.lists.rules import guess_columns

MAX_FILE = 200_000_000  # bytes
MAX_CELL = 10_000  # characters
MAX_CELLS = 200
SAMPLE = 100  # rows looked at to tell the shape
MAX_MARKS = 200

# In the order in which equal claims are decided; the texts are msgids.
DELIMITERS = {"\t": "Tab", ",": "Comma", ";": "Semicolon"}

_SIGNATURES = (
    (b"%PDF", FileProblem.PDF),
    (b"\x89PNG", FileProblem.IMAGE),
    (b"\xff\xd8\xff", FileProblem.IMAGE),
    (b"GIF8", FileProblem.IMAGE),
    (b"\x1f\x8b", FileProblem.ARCHIVE),
    (b"7z\xbc\xaf", FileProblem.ARCHIVE),
    (b"Rar!", FileProblem.ARCHIVE),
    (b"{\\rtf", FileProblem.OTHER_OFFICE),
)


@dataclass(frozen=True, slots=True)
class FileShape:
    """How a file is to be read, as detected or as a person corrected it."""

    kind: str  # csv or xlsx
    encoding: str = "utf-8"  # a key of decoding.ENCODINGS
    delimiter: str = ","  # a key of DELIMITERS
    newline: str = "\n"
    has_header: bool = True
    header: list[str] = field(default_factory=list)  # empty without a header
    columns: int = 0
    sheets: list[str] = field(default_factory=list)  # xlsx: all their names; only the first is read
    sample: list[list[str]] = field(
        default_factory=list
    )  # the first rows: readable addresses, never stored nor shown unmasked
    records: int | None = None  # the number of the last record, once surveyed
    marks: list[tuple[int, int]] = field(default_factory=list)  # (records before, offset in bytes), once surveyed

    def as_dict(self) -> dict[str, Any]:
        """What to store: everything but the sample."""
        return {name: value for name, value in asdict(self).items() if name != "sample"}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "FileShape":
        """The shape as stored by as_dict."""
        return cls(**{**stored, "marks": [(number, offset) for number, offset in stored.get("marks", [])]})


class Row(NamedTuple):
    """One record: its number (1 is the first under the header), its cells, and why it cannot be used, if so."""

    number: int
    cells: list[str]
    problem: RowProblem | None


def detect(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, has_header: bool | None = None
) -> FileShape:
    """The shape of a file, with what a person has decided (`encoding`, `delimiter`, `has_header`) taken as given.

    Reads the whole file once to be sure of the encoding. Raises UnreadableFile.
    """
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile(FileProblem.EMPTY)
    if size > MAX_FILE:
        raise UnreadableFile(FileProblem.TOO_LARGE)
    if _is_workbook(path):
        draft = FileShape("xlsx", has_header=False)
    else:
        encoding = encoding or decoding.guess_encoding(path)
        newline = decoding.newline_of(path, encoding)
        draft = FileShape("csv", encoding, ",", newline, has_header=False)
        draft = replace(draft, delimiter=delimiter or _delimiter(path, draft))
    return _with_header(path, draft, has_header)


def _is_workbook(path: Path) -> bool:
    """Whether it is xlsx, by its content. Raises UnreadableFile for the well-known kinds that are no table."""
    with open(path, "rb") as file:
        head = file.read(1 << 16)
    if head.startswith(b"PK\x03\x04"):
        return True
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        # Excel wraps a workbook with a password into the old container.
        locked = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
        raise UnreadableFile(FileProblem.ENCRYPTED if locked else FileProblem.OLD_EXCEL)
    for signature, problem in _SIGNATURES:
        if head.startswith(signature):
            raise UnreadableFile(problem)
    opening = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if opening.startswith((b"<!doctype", b"<html", b"<table")):
        raise UnreadableFile(FileProblem.HTML)
    if opening.startswith(b"<?xml"):
        raise UnreadableFile(FileProblem.OTHER_OFFICE)
    return False


def _delimiter(path: Path, draft: FileShape) -> str:
    """The one that cuts the most rows into the same number of cells, then into the most cells."""
    best, best_claim = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = [len(row.cells) for row in islice(rows(path, replace(draft, delimiter=delimiter)), SAMPLE)]
        usual = statistics.mode(widths) if widths else 0
        if usual < 2:
            continue
        claim = (round(widths.count(usual) / len(widths), 1), usual)
        if claim > best_claim:
            best, best_claim = delimiter, claim
    return best


def _with_header(path: Path, draft: FileShape, has_header: bool | None) -> FileShape:
    reader = _Reader(path, draft, 0)
    found = [row.cells for row in islice(reader, SAMPLE + 1)]
    if not found:
        raise UnreadableFile(FileProblem.EMPTY)
    draft = replace(draft, sheets=reader.sheets)
    first, sample = found[0], found[1:]
    if guess_columns(first, sample, {}, has_header=has_header).has_header:
        header = [cell.strip() for cell in first][:MAX_CELLS]
        return replace(draft, has_header=True, header=header, columns=len(header), sample=_padded(sample, len(header)))
    columns = min(MAX_CELLS, statistics.mode(len(cells) for cells in found))
    return replace(draft, columns=columns, sample=_padded(found[:SAMPLE], columns))


def _padded(sample: Sequence[list[str]], columns: int) -> list[list[str]]:
    return [cells + [""] * (columns - len(cells)) for cells in sample]


def survey(path: Path, shape: FileShape) -> FileShape:
    """The shape with the number of records, and with marks from which rows() can start without reading what stands
    before.

    Reads the file once. Raises UnreadableFile.
    """
    reader = _Reader(path, shape, 0)
    marks: list[tuple[int, int]] = []
    last = 0
    for row in reader:
        last = row.number
        if reader.mark and (not marks or marks[-1] != reader.mark):
            marks.append(reader.mark)
    step = -(-len(marks) // MAX_MARKS) or 1
    return replace(shape, records=last, marks=marks[::step])


def rows(path: Path, shape: FileShape, start: int = 0) -> Iterator[Row]:
    """The records after the first `start`, in order. Rows without any text are counted, never given.

    A row without a problem has exactly `shape.columns` cells: missing ones are empty. Memory does not grow with
    the file. With the marks of survey() a late start costs no more than an early one. Raises UnreadableFile.
    """
    return iter(_Reader(path, shape, start))


class _OpenQuote(Exception):
    """A quotation mark that was never meant to open a cell."""


class _Reader:
    """Feeds lines to csv.reader and remembers those of the record at hand: a stray quotation mark costs one line."""

    def __init__(self, path: Path, shape: FileShape, start: int):
        self._path, self._shape, self._start = path, shape, start
        self._number, self._offset = self._place(start)
        self.mark: tuple[int, int] | None = None  # the last block that began with a record
        self.sheets: list[str] = []
        self._lines: list[str] = []  # of the record at hand
        self._again: list[str] = []  # to be read once more, last first
        self._odd = False  # a block held U+FFFD or NUL: look at each row from here on
        self._cut_short = False  # the file ended inside a quoted cell

    def _place(self, start: int) -> tuple[int, int]:
        """Where to begin: how many records lie before (-1: the header too is still to come), and the offset."""
        before = [mark for mark in self._shape.marks if mark[0] <= start]
        if before and start:
            return before[-1]
        return (-1 if self._shape.has_header else 0), 0

    def __iter__(self) -> Iterator[Row]:
        with self._source() as source:
            blocks = self._blocks(source)
            while True:
                try:
                    yield from self._records(csv.reader(self._fed(blocks), delimiter=self._shape.delimiter))
                    return
                except (csv.Error, _OpenQuote):
                    yield from self._broken_row()

    @contextmanager
    def _source(self) -> Iterator[decoding.Source]:
        if self._shape.kind == "xlsx":
            skip = self._start - self._number if self._start else 0
            self._number += skip
            with workbooks.opened(self._path, skip) as (self.sheets, pipe):
                yield pipe
        else:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                yield file

    def _blocks(self, source: decoding.Source) -> Iterator[str]:
        """Lines, block by block."""
        cut_at = "" if self._shape.newline == "\r" else "\n"
        for offset, text in decoding.text_blocks(source, self._shape.encoding, self._shape.newline, self._offset):
            if not self._lines:
                self.mark = (self._number, offset)
            if "\ufffd" in text or "\0" in text:
                self._odd = True
            yield from io.StringIO(text, newline=cut_at)

    def _fed(self, blocks: Iterator[str]) -> Iterator[str]:
        lines, again = self._lines, self._again
        while again:
            lines.append(again.pop())
            yield lines[-1]
        for line in blocks:
            lines.append(line)
            yield line
        # Had the record been whole, its lines would have been let go before the next was asked for.
        self._cut_short = bool(lines)

    def _records(self, records: Iterator[list[str]]) -> Iterator[Row]:
        lines, columns, start = self._lines, self._shape.columns, self._start
        for cells in records:
            problem = None
            if self._cut_short:
                raise _OpenQuote
            if self._odd or len(lines) > 1 or len(lines[0]) > MAX_CELL:
                problem = self._odd_problem(cells)
            lines.clear()
            blank = (not cells or not cells[0].strip()) and not any(map(str.strip, cells))
            if blank and self._number < 0:
                continue  # above the header
            self._number += 1
            if blank:
                continue
            if len(cells) != columns and columns:
                cells, problem = _fitted(cells, columns, problem)
            if self._number > start:
                yield Row(self._number, cells, problem)

    def _odd_problem(self, cells: list[str]) -> RowProblem | None:
        if max(map(len, cells), default=0) > MAX_CELL:
            if len(self._lines) > 1 and self._shape.kind == "csv":
                raise _OpenQuote
            return RowProblem.LONG_CELL
        if any("\0" in cell for cell in cells):
            return RowProblem.NUL
        if any("\ufffd" in cell for cell in cells):
            return RowProblem.UNDECODABLE
        return None

    def _broken_row(self) -> Iterator[Row]:
        """The first line of the record at hand is refused; the others are read again as rows of their own."""
        first, *others = self._lines
        self._again.extend(reversed(others))
        self._lines.clear()
        self._number += 1
        if others or self._cut_short:
            problem = RowProblem.UNBALANCED_QUOTE
        else:
            problem = RowProblem.LONG_CELL if len(first) > MAX_CELL else RowProblem.STRAY_RETURN
        self._cut_short = False
        if self._number > self._start:
            yield Row(
                self._number,
                [cell[:MAX_CELL] for cell in first.strip().split(self._shape.delimiter)[:MAX_CELLS]],
                problem,
            )


def _fitted(cells: list[str], columns: int, problem: RowProblem | None) -> tuple[list[str], RowProblem | None]:
    if len(cells) < columns:
        return cells + [""] * (columns - len(cells)), problem
    if not any(cell.strip() for cell in cells[columns:]):
        return cells[:columns], problem
    if len(cells) > MAX_CELLS:
        return cells[:MAX_CELLS], problem or RowProblem.TOO_MANY_CELLS
    return cells, problem or RowProblem.EXTRA_CELLS
