"""Request files for direct debit (全銀, 種別 91): records of 120 bytes, of one byte for each character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from wem.billing import kana_rules

LENGTH = 120
KIND = "91"
MOST_RECORDS, MOST_YEN, MOST_TOTAL = 999_999, 9_999_999_999, 999_999_999_999
CRLF, EOF = b"\r\n", b"\x1a"


class NotWritable(ValueError):
    """A value does not fit its field; the message says which."""


@dataclass(frozen=True)
class Collector:
    """Who collects, as bank or agent gave it to us, and how its files are laid out.

    `crlf`: a line end after every record; `eof`: 0x1A at the end; `lead_days`: bank days from file to debit.
    """

    code: str
    name: str
    bank_code: str
    bank: str
    branch_code: str
    branch: str
    account_type: str
    account: str
    crlf: bool = True
    eof: bool = False
    lead_days: int = 7
    result_days: int = 4
    joined: bool = True  # one record for all that a contract owes, or one for each sum

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Debit:
    """One record of data: from whose account, how many yen, under which number of ours."""

    number: str
    bank_code: str
    bank: str
    branch_code: str
    branch: str
    account_type: str
    account: str
    holder: str
    amount: int
    new_code: int = 0


def request_file(collector: Collector, debit_on: date, debits: Sequence[Debit]) -> bytes:
    """Return the file that asks the bank for these debits. Raises NotWritable, kana_rules.Unwritable."""
    if not 0 < len(debits) <= MOST_RECORDS:
        raise NotWritable(f"{len(debits)} records")
    total = sum(each.amount for each in debits)
    if total > MOST_TOTAL:
        raise NotWritable(f"a total of {total} yen")
    records = [header(collector, debit_on), *map(data, debits), trailer(len(debits), total), _end()]
    ended = CRLF if collector.crlf else b""
    return b"".join(record + ended for record in records) + (EOF if collector.eof else b"")


def header(collector: Collector, debit_on: date) -> bytes:
    return _record(
        "1" + KIND + "0",
        _digits(collector.code, 10),
        _text(kana_rules.name(collector.name, 40), 40),
        debit_on.strftime("%m%d"),
        _digits(collector.bank_code, 4),
        _text(kana_rules.place(collector.bank, 15), 15),
        _digits(collector.branch_code, 3),
        _text(kana_rules.place(collector.branch, 15), 15),
        _digits(collector.account_type, 1),
        _digits(collector.account, 7),
        " " * 17,
    )


def data(debit: Debit) -> bytes:
    if not 0 < debit.amount <= MOST_YEN:
        raise NotWritable(f"{debit.amount} yen")
    return _record(
        "2",
        _digits(debit.bank_code, 4),
        _text(kana_rules.place(debit.bank, 15), 15),
        _digits(debit.branch_code, 3),
        _text(kana_rules.place(debit.branch, 15), 15),
        " " * 4,
        _digits(debit.account_type, 1),
        _digits(debit.account, 7),
        _text(kana_rules.name(debit.holder, 30), 30),
        f"{debit.amount:010}",
        _digits(str(debit.new_code), 1),
        _digits(debit.number, 20),
        "0",
        " " * 8,
    )


def trailer(count: int, total: int) -> bytes:
    return _record(f"8{count:06}{total:012}", "0" * 36, " " * 65)


def _end() -> bytes:
    return _record("9", " " * 119)


def _digits(value: str, length: int) -> str:
    if not re.fullmatch(rf"[0-9]{{1,{length}}}", value):
        raise NotWritable(f"{value!r} is no number of at most {length} digits")
    return value.zfill(length)


def _text(value: str, length: int) -> str:
    return value.ljust(length)


def _record(*parts: str) -> bytes:
    """Return a record: half-width kana have the same single bytes in JIS X 0201 and CP932."""
    found = "".join(parts).encode("cp932")
    if len(found) != LENGTH:
        raise NotWritable(f"a record of {len(found)} bytes")
    return found
