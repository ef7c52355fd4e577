"""Reading what the bank gives back for a request file (全銀, 種別 91): all of it is right, or none is taken."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from wem.billing import kana_rules
from wem.billing.zengin_rules import CRLF, EOF, KIND, LENGTH, Collector, Debit

PAID = "0"


class Fault(enum.StrEnum):
    """Why a file is refused."""

    empty = "empty"
    line_ends = "line_ends"  # LF or CR alone
    length = "length"
    utf8 = "utf8"
    small_kana = "small_kana"
    characters = "characters"
    order = "order"  # a record of this kind does not come here
    truncated = "truncated"
    kind = "kind"
    code_kind = "code_kind"  # not JIS
    collector = "collector"
    date = "date"
    digits = "digits"
    number = "number"  # 顧客番号 that we did not ask for, or once more than we did
    missing = "missing"  # what we asked for is not there
    amount = "amount"
    account = "account"
    records = "records"
    total = "total"
    is_request = "is_request"
    paid_sum = "paid_sum"
    failed_sum = "failed_sum"


class Warned(enum.StrEnum):
    """What is odd and taken all the same."""

    characters = "characters"  # ｡ ､ ･
    holder = "holder"  # the name is not the one that we wrote


class BadFile(ValueError):
    """The file is refused as a whole: at which line (from 1), why, what stands there and what should."""

    def __init__(self, fault: Fault, line: int, found: object = "", expected: object = "") -> None:
        super().__init__(f"line {line}: {fault.value}: {found!r}, expected {expected!r}")
        self.fault, self.line = fault, line
        self.found, self.expected = str(found), str(expected)


@dataclass(frozen=True)
class Result:
    """The bank's word on one debit, by its place among those that were asked for."""

    place: int
    code: str
    amount: int


@dataclass(frozen=True)
class Answer:
    results: tuple[Result, ...]  # in the order in which they were asked for
    paid_count: int
    paid_amount: int
    failed_count: int
    failed_amount: int
    warnings: tuple[tuple[int, Warned], ...] = ()


def read_result(content: bytes, collector: Collector, debit_on: date, asked: Sequence[Debit]) -> Answer:
    """Return what became of the debits of one request file. Raises BadFile.

    The file names no year: it must be that of the day which the caller says. Its records may come in any order. A file
    is known as a result by the sums of done and failed, for code 0 means both "asked" and "paid".
    """
    lines = records(content)
    warnings: list[tuple[int, Warned]] = []
    texts = [_text(line, number, warnings) for number, line in enumerate(lines, 1)]
    _order(texts)
    _header(texts[0], collector, debit_on)
    found = _Matching(asked, warnings)
    results = [found.result(text, number) for number, text in enumerate(texts[1:-2], 2)]
    place = len(texts) - 1
    if missing := found.missing():
        raise BadFile(Fault.missing, place, len(results), missing)
    return _trailer(texts[-2], place, results, warnings)


def records(content: bytes) -> list[bytes]:
    """Return the records, with CRLF after each or with nothing between them; 0x1A at the end is no matter."""
    body = content.removesuffix(EOF)
    if not body.strip():
        raise BadFile(Fault.empty, 1)
    if CRLF in body:
        lines = body.removesuffix(CRLF).split(CRLF)
    else:
        lines = [body[at : at + LENGTH] for at in range(0, len(body), LENGTH)]
    for number, line in enumerate(lines, 1):
        if b"\n" in line or b"\r" in line:
            raise BadFile(Fault.line_ends, number)
        if len(line) != LENGTH:
            raise BadFile(_utf8(content) or Fault.length, number, len(line), LENGTH)
    return lines


def _utf8(content: bytes) -> Fault | None:
    """Half-width kana have three bytes in UTF-8, so that records become longer."""
    try:
        return None if content.decode("utf-8").isascii() else Fault.utf8
    except UnicodeDecodeError:
        return None


_SMALL = frozenset("ｧｨｩｪｫｯｬｭｮ")


def _text(line: bytes, number: int, warnings: list[tuple[int, Warned]]) -> str:
    try:
        text = line.decode("cp932")
    except UnicodeDecodeError:
        text = ""
    if len(text) != LENGTH:
        raise BadFile(_utf8(line) or Fault.characters, number)
    odd = set(text) - kana_rules.READ
    if odd & _SMALL:
        raise BadFile(Fault.small_kana, number, "".join(sorted(odd & _SMALL)))
    # The code of the result is looked at by itself: agents use more codes than the list has.
    if odd - kana_rules.TOLERATED:
        raise BadFile(Fault.characters, number, "".join(sorted(odd - kana_rules.TOLERATED)))
    if odd:
        warnings.append((number, Warned.characters))
    return text


def _order(texts: list[str]) -> None:
    """One header, data, one trailer, one end."""
    allowed = {"": "1", "1": "28", "2": "28", "8": "9", "9": ""}
    before = ""
    for number, text in enumerate(texts, 1):
        if text[0] not in allowed[before] or (before == "1" and text[0] == "8"):
            raise BadFile(Fault.order, number, text[0], allowed[before])
        before = text[0]
    if before != "9":
        raise BadFile(Fault.truncated, len(texts), before, "9")


def _header(text: str, collector: Collector, debit_on: date) -> None:
    for fault, found, expected in (
        (Fault.kind, text[1:3], KIND),
        (Fault.code_kind, text[3], "0"),
        (Fault.collector, text[4:14], collector.code.zfill(10)),
        (Fault.date, text[54:58], debit_on.strftime("%m%d")),
    ):
        if found != expected:
            raise BadFile(fault, 1, found, expected)


def _number(text: str, first: int, last: int, line: int) -> int:
    """Return the number at these positions, counted from 1 as in the tables of banks."""
    part = text[first - 1 : last]
    if not (part.isascii() and part.isdigit()):
        raise BadFile(Fault.digits, line, part)
    return int(part)


class _Matching:
    """Which record of the result answers which debit: by number, account and amount; each once."""

    def __init__(self, asked: Sequence[Debit], warnings: list[tuple[int, Warned]]) -> None:
        self.asked, self.warnings = asked, warnings
        self.open: dict[str, list[int]] = defaultdict(list)
        for place, debit in enumerate(asked):
            self.open[debit.number.zfill(20)].append(place)

    def missing(self) -> int:
        """Return how many debits have no record."""
        return sum(map(len, self.open.values()))

    def result(self, text: str, line: int) -> Result:
        number, amount = text[91:111], _number(text, 81, 90, line)
        places = self.open.get(number)
        if not places:
            raise BadFile(Fault.number, line, number)
        if not any(self.asked[place].amount == amount for place in places):
            raise BadFile(Fault.amount, line, amount, self.asked[places[0]].amount)
        account = text[1:5], text[20:23], text[42], text[43:50]
        fits = [p for p in places if self.asked[p].amount == amount and account == _account(self.asked[p])]
        if not fits:
            raise BadFile(Fault.account, line)
        place = fits[0]
        places.remove(place)
        if text[50:80].rstrip() != kana_rules.name(self.asked[place].holder, 30):
            self.warnings.append((line, Warned.holder))
        return Result(place, text[111], amount)


def _account(debit: Debit) -> tuple[str, str, str, str]:
    return debit.bank_code.zfill(4), debit.branch_code.zfill(3), debit.account_type, debit.account.zfill(7)


def _trailer(text: str, line: int, results: list[Result], warnings: list[tuple[int, Warned]]) -> Answer:
    count, total = _number(text, 2, 7, line), _number(text, 8, 19, line)
    done = _number(text, 20, 25, line), _number(text, 26, 37, line)
    not_done = _number(text, 38, 43, line), _number(text, 44, 55, line)
    if count != len(results):
        raise BadFile(Fault.records, line, count, len(results))
    expected = sum(each.amount for each in results)
    if total != expected:
        raise BadFile(Fault.total, line, total, expected)
    if done == not_done == (0, 0):
        raise BadFile(Fault.is_request, line)
    paid = [each.amount for each in results if each.code == PAID]
    failed = [each.amount for each in results if each.code != PAID]
    for fault, found, sums in ((Fault.paid_sum, done, paid), (Fault.failed_sum, not_done, failed)):
        if found != (len(sums), sum(sums)):
            raise BadFile(fault, line, "{} / {}".format(*found), f"{len(sums)} / {sum(sums)}")
    ordered = tuple(sorted(results, key=lambda each: each.place))
    return Answer(ordered, *done, *not_done, tuple(warnings))
