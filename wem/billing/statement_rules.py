"""Bank statements: the money that came in, by 入出金取引明細 (03) or 振込入金通知 (01) of 全銀, or by a CSV file."""

from __future__ import annotations

import csv
import enum
import hashlib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

LENGTH = 200
REIWA = 2018  # the year before 令和元年: dates of banks have two digits of the era's year, or of ours


class StatementFault(enum.StrEnum):
    """Why a statement is refused."""

    empty = "empty"
    encoding = "encoding"
    length = "length"
    order = "order"
    kind = "kind"
    date = "date"
    amount = "amount"
    total = "total"
    cells = "cells"  # a CSV whose cells cannot be told apart
    columns = "columns"  # a CSV without a line that names day, money in and payer


class BadStatement(ValueError):
    """The statement is refused as a whole: at which line (from 1), why, and what stands there."""

    def __init__(self, fault: StatementFault, line: int, found: object = "") -> None:
        super().__init__(f"line {line}: {fault.value}: {found!r}")
        self.fault, self.line, self.found = fault, line, str(found)


@dataclass(frozen=True)
class Deposit:
    """Money that came in by one line of a statement. `mark` is the same whichever file names the line again.

    `told`: what the mark is made of; `sure`: it holds a number or a balance, by which no two payments are alike.
    """

    line: int
    paid_on: date
    amount: int
    payer: str
    mark: str
    told: str = ""
    sure: bool = True


def mark(told: str, place: int) -> str:
    """Return the mark of the first, second, … line that tells the same."""
    return hashlib.sha256(f"{told}\n{place}".encode()).hexdigest()


def in_doubt(first_day: date, paid_on: date, last_day_before: date) -> bool:
    """Whether a line that an earlier file has brought may be another payment all the same.

    Only where both files may hold a part of its day: it is the first one of this file and the last one of that file.
    A file that goes on beyond a day, or begins before it, has all of it.
    """
    return first_day == paid_on == last_day_before


@dataclass(frozen=True)
class Statement:
    deposits: tuple[Deposit, ...]
    skipped: int  # withdrawals, and what is taken back


@dataclass
class _Reading:
    """Lines as they are read; the same line twice in one file is two payments, in two files one."""

    account: str = ""
    deposits: list[Deposit] = field(default_factory=list)
    skipped: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, line: int, paid_on: date, amount: int, payer: str, told: str, *, sure: bool = True) -> None:
        told = f"{self.account}\n{told}"
        self.seen[told] += 1
        name = " ".join(payer.split())[:100]
        self.deposits.append(Deposit(line, paid_on, amount, name, mark(told, self.seen[told]), told, sure))


def read_statement(content: bytes, today: date) -> Statement:
    """Return what came in by a file of a bank, of whichever of the three forms. Raises BadStatement."""
    body = content.removesuffix(b"\x1a").removesuffix(b"\r\n").removesuffix(b"\n")
    if not body.strip():
        raise BadStatement(StatementFault.empty, 1)
    reading = _Reading()
    if re.match(rb"1\d\d[01]\d{6}", body):
        _read_zengin(body, today, reading)
    else:
        _read_csv(content, reading)
    return Statement(tuple(reading.deposits), reading.skipped)


# -- 全銀


def _read_zengin(body: bytes, today: date, reading: _Reading) -> None:
    lines = (
        re.split(rb"\r?\n", body) if b"\n" in body else [body[at : at + LENGTH] for at in range(0, len(body), LENGTH)]
    )
    before = ""
    take, total_ends, sums = _TAKERS["03"], 20, [0, 0]
    allowed = {"": "1", "1": "28", "2": "28", "8": "19", "9": ""}
    for number, line in enumerate(lines, 1):
        text = _decoded(line, number)
        if text[0] not in allowed[before]:
            raise BadStatement(StatementFault.order, number, text[0])
        before = text[0]
        if before == "1":
            if text[1:3] not in _TAKERS:
                raise BadStatement(StatementFault.kind, number, text[1:3])
            take, total_ends, sums = _TAKERS[text[1:3]], 20 if text[1:3] == "03" else 19, [0, 0]
            reading.account = text[22:26] + text[41:44] + text[62:73]
        elif before == "2":
            take(text, number, today, reading, sums)
        elif before == "8":
            _check_sums(text, total_ends, number, sums)
    if before != "9":
        raise BadStatement(StatementFault.order, len(lines), before)


def _decoded(line: bytes, number: int) -> str:
    try:
        text = line.decode("cp932")
    except UnicodeDecodeError:
        raise BadStatement(StatementFault.encoding, number) from None
    if len(text) != LENGTH or len(line) != LENGTH:
        raise BadStatement(StatementFault.length, number, len(line))
    return text


def _entry(text: str, number: int, today: date, reading: _Reading, sums: list[int]) -> None:
    """入出金取引明細: 照会番号 2–9, 勘定日 10–15, 入払区分 22, 取引区分 23–24, 取引金額 25–36, 依頼人名 82–129."""
    paid_on, amount = _day(text[9:15], number, today), _yen(text[24:36], number)
    came_in, kind = text[21] == "1", text[22:24]
    if not came_in or kind == "19":  # 19: a correction, which no one can match
        reading.skipped += 1
        sums[:] = [sums[0] + came_in, sums[1] + amount * came_in]
        return
    sums[0], sums[1] = sums[0] + 1, sums[1] + amount
    payer = text[81:129].strip() or text[159:179].strip()
    reading.add(number, paid_on, amount, payer, text[1:24] + text[24:36] + payer)


def _transfer(text: str, number: int, today: date, reading: _Reading, sums: list[int]) -> None:
    """振込入金通知: 照会番号 2–7, 勘定日 8–13, 金額 20–29, 依頼人名 50–97, 取消区分 128."""
    paid_on, amount = _day(text[7:13], number, today), _yen(text[19:29], number)
    if text[127] == "1":
        reading.skipped += 1
        return
    sums[0], sums[1] = sums[0] + 1, sums[1] + amount
    reading.add(number, paid_on, amount, text[49:97].strip(), text[1:29] + text[49:97].strip())


def _check_sums(text: str, total_ends: int, number: int, sums: list[int]) -> None:
    """Both trailers begin with the number and the sum of what came in; what was taken back has sums of its own."""
    found = _yen(text[1:7], number), _yen(text[7:total_ends], number)
    if found != tuple(sums):
        raise BadStatement(StatementFault.total, number, "{} / {}".format(*found))


_TAKERS: dict[str, Callable[[str, int, date, _Reading, list[int]], None]] = {"03": _entry, "01": _transfer}


def _day(text: str, number: int, today: date) -> date:
    """Return the day that YYMMDD means: the year of the era or ours, whichever lies nearer to today."""
    found = []
    for first in (REIWA, 2000):
        try:
            found.append(date(first + int(text[:2]), int(text[2:4]), int(text[4:])))
        except ValueError:
            continue
    if not found:
        raise BadStatement(StatementFault.date, number, text)
    return min(found, key=lambda day: abs(day - today))


def _yen(text: str, number: int) -> int:
    if not (text.isascii() and text.strip().isdigit()):
        raise BadStatement(StatementFault.amount, number, text)
    return int(text)


# -- CSV

_DAY = ("勘定日", "取引日", "日付", "入金日", "お取引日", "取扱日", "年月日")
_IN = ("入金金額", "入金額", "お預り金額", "預入金額", "お預け入れ", "預り金額", "入金")
_PAYER = (
    "振込依頼人名",
    "振込依頼人",
    "依頼人名",
    "摘要内容",
    "お取り扱い内容",
    "お取引内容",
    "取引内容",
    "摘要",
    "内容",
)
_DIGITS = 12  # of an amount, as the banks' own format has it
_LOOKED_AT = 20  # lines before the one that names the columns


def _read_csv(content: bytes, reading: _Reading) -> None:
    reader = csv.reader(io.StringIO(_csv_text(content), newline=""))
    try:
        rows = list(reader)
    except csv.Error as error:
        raise BadStatement(StatementFault.cells, reader.line_num, error) from None
    top, day, came_in, payer = _columns(rows)
    balances = [place for place, name in enumerate(rows[top]) if "残高" in unicodedata.normalize("NFKC", name)]
    for number, row in enumerate(rows[top + 1 :], top + 2):
        cells = [unicodedata.normalize("NFKC", cell).strip() for cell in row] + [""] * (max(day, came_in, payer) + 1)
        if not any(cells):
            continue
        amount = re.sub(r"[,¥\\円\s]", "", cells[came_in])
        if amount in ("", "0", "-"):
            reading.skipped += 1
            continue
        if not (amount.isascii() and amount.isdigit() and len(amount) <= _DIGITS):
            raise BadStatement(StatementFault.amount, number, cells[came_in])
        sure = any(cells[place] for place in balances if place < len(cells))
        reading.add(number, _csv_day(cells[day], number), int(amount), cells[payer], "\t".join(cells), sure=sure)


def _csv_text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadStatement(StatementFault.encoding, 1)


def _columns(rows: Sequence[Sequence[str]]) -> tuple[int, int, int, int]:
    """Return the line that names the columns, and where day, money in and payer stand."""
    for number, row in enumerate(rows[:_LOOKED_AT]):
        names = [re.sub(r"[\s()（）円]", "", unicodedata.normalize("NFKC", cell)) for cell in row]
        found = [next((names.index(name) for name in wanted if name in names), None) for wanted in (_DAY, _IN, _PAYER)]
        day, came_in, payer = found
        if day is not None and came_in is not None and payer is not None:
            return number, day, came_in, payer
    raise BadStatement(StatementFault.columns, 1)


def _csv_day(text: str, number: int) -> date:
    match = re.match(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})", text) or re.match(
        r"(?:令和|R)(\d{1,2})[-/.年](\d{1,2})[-/.月](\d{1,2})", text
    )
    try:
        year, month, day = (int(part) for part in match.groups()) if match else (0, 0, 0)
        return date(year if year > 100 else REIWA + year, month, day)
    except ValueError:
        raise BadStatement(StatementFault.date, number, text) from None
