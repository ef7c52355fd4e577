"""The values of custom fields: read from what a person or a file wrote, and their kind guessed from samples."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from enum import StrEnum


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_TEXT = 1_000  # characters
MAX_DIGITS = 15  # what a double keeps exactly
MAX_CHOICES = 50  # distinct values that still look like a choice

Value = str | int | float | bool | list[str] | None


class ValueProblem(StrEnum):
    """Why a text is no value of its field; the value is stored with the refused row."""

    REQUIRED = "value_required"
    TOO_LONG = "value_too_long"
    CONTROL_CHARACTER = "value_control_character"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_TOO_LONG = "number_too_long"
    NOT_A_DATE = "not_a_date"
    NO_SUCH_DATE = "no_such_date"
    NOT_A_CHOICE = "not_a_choice"
    NOT_YES_OR_NO = "not_yes_or_no"


# English msgids; their Japanese stands in list_rules.po.
VALUE_PROBLEM_TEXTS: dict[ValueProblem, str] = {
    ValueProblem.REQUIRED: "This value is required. Enter it.",
    ValueProblem.TOO_LONG: "The text is longer than 1,000 characters. Shorten it.",
    ValueProblem.CONTROL_CHARACTER: "The text holds a line break or an invisible character. Remove it.",
    ValueProblem.NOT_A_NUMBER: "This is not a number. Enter digits only.",
    ValueProblem.NUMBER_TOO_LONG: "The number has more than 15 digits. Use a text field for it.",
    ValueProblem.NOT_A_DATE: "This is not a date. Write it like 1982/06/21.",
    ValueProblem.NO_SUCH_DATE: "There is no such day in the calendar. Check the date.",
    ValueProblem.NOT_A_CHOICE: "This is not one of the choices. Check the spelling.",
    ValueProblem.NOT_YES_OR_NO: "This is neither yes nor no. Write yes or no.",
}

# Bidirectional overrides too: they make a name read as something else.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]").search
_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?").fullmatch
_SEVERAL = re.compile(r"\s*[;；、,，|｜]\s*")
_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(r"(\d{4})\s*([/.\-年])\s*(\d{1,2})\s*([/.\-月])\s*(\d{1,2})\s*日?" + _TIME).fullmatch
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})").fullmatch
_ERA = re.compile(
    r"(明治|大正|昭和|平成|令和|[MTSHR])\s*(元|\d{1,2})\s*[/.\-年]\s*(\d{1,2})\s*[/.\-月]\s*(\d{1,2})\s*日?" + _TIME,
    re.IGNORECASE,
).fullmatch
# Era: the year before its first, and its last year. A day of the last year after the change of era is taken:
# people wrote 平成31年12月 too, and it can mean only one day.
_ERAS = {
    "M": (1867, 45),
    "T": (1911, 15),
    "S": (1925, 64),
    "H": (1988, 31),
    "R": (2018, 99),
}
_ERA_LETTERS = {"明治": "M", "大正": "T", "昭和": "S", "平成": "H", "令和": "R"}
_YES = _words("はい yes y true t 1 on ○ 〇 ◯ ✓ ✔ 有 有り あり する 希望する 可")
_NO = _words("いいえ no n false f 0 off × ✕ ✖ x 無 無し なし しない 希望しない 否 不可")


def read_value(kind: str, raw: str, options: Sequence[str] = (), *, required: bool = False) -> Value | ValueProblem:
    """The value of a field of this kind (a FieldKind) in a cell or form field, or why there is none.

    Text and choice give str, number int or float, date the ISO date as str, choices list[str], yes_no bool;
    nothing but space gives None, or REQUIRED. Choices are compared without case and width and come back as the
    option is written; with no options any short text is taken. A time behind a date is dropped. ValueProblem is
    a str too: test for it first.
    """
    text = raw.strip()
    if not text:
        return ValueProblem.REQUIRED if required else None
    if len(text) > MAX_TEXT:
        return ValueProblem.TOO_LONG
    if _CONTROL(text):
        return ValueProblem.CONTROL_CHARACTER
    match kind:
        case "text":
            return text
        case "number":
            return _number(text)
        case "date":
            return _date(text)
        case "choice":
            return _choice(text, options)
        case "choices":
            return _choices(text, options)
        case "yes_no":
            return _yes_no(text)
    raise ValueError(f"no such kind of field: {kind}")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _number(text: str) -> int | float | ValueProblem:
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()
    found = _NUMBER(plain)
    if not found:
        return ValueProblem.NOT_A_NUMBER
    sign, whole, fraction = found[1], found[2].replace(",", ""), found[3] or ""
    if len(whole.lstrip("0")) + len(fraction.rstrip("0").lstrip(".")) > MAX_DIGITS:
        return ValueProblem.NUMBER_TOO_LONG
    number = float(sign + whole + fraction)
    return int(number) if number.is_integer() else number


def _date(text: str) -> str | ValueProblem:
    plain = unicodedata.normalize("NFKC", text).strip()
    if found := _YEAR_FIRST(plain):
        if (found[2] == "年") != (found[4] == "月") or (found[2] != "年" and found[2] != found[4]):
            return ValueProblem.NOT_A_DATE
        year, month, day = int(found[1]), int(found[3]), int(found[5])
    elif found := _PACKED(plain):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif found := _ERA(plain):
        before, last = _ERAS[_ERA_LETTERS.get(found[1], found[1].upper())]
        of_era = 1 if found[2] == "元" else int(found[2])
        if not 1 <= of_era <= last:
            return ValueProblem.NO_SUCH_DATE
        year, month, day = before + of_era, int(found[3]), int(found[4])
    else:
        return ValueProblem.NOT_A_DATE
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ValueProblem.NO_SUCH_DATE


def _choice(text: str, options: Sequence[str]) -> str | ValueProblem:
    if not options or text in options:
        return text
    plain = _plain(text)
    return next((option for option in options if _plain(option) == plain), ValueProblem.NOT_A_CHOICE)


def _choices(text: str, options: Sequence[str]) -> list[str] | ValueProblem:
    # An option may itself hold a separator.
    whole = _choice(text, options)
    if options and whole is not ValueProblem.NOT_A_CHOICE:
        return [whole]
    chosen: list[str] = []
    for part in _SEVERAL.split(text):
        if not part:
            continue
        choice = _choice(part, options)
        if isinstance(choice, ValueProblem):
            return choice
        if choice not in chosen:
            chosen.append(choice)
    return chosen or ValueProblem.NOT_A_CHOICE


def _yes_no(text: str) -> bool | ValueProblem:
    plain = _plain(text)
    if plain in _YES:
        return True
    return False if plain in _NO else ValueProblem.NOT_YES_OR_NO


def guess_kind(values: Sequence[str]) -> str:
    """The kind of field (a FieldKind) that a column's samples look like; "text" where nothing else fits them all."""
    filled = [text for text in (value.strip() for value in values) if text]
    if not filled:
        return "text"
    distinct = set(filled)
    if len(distinct) > 1 and _all_read("yes_no", distinct):
        return "yes_no"
    if _all_read("date", distinct):
        return "date"
    # 0901234567 and 007 are numbers in name only: as a number they would lose their zeros.
    if _all_read("number", distinct) and not any(
        re.match(r"[+-]?0\d", text) or len(text) > 9 for text in map(_plain, distinct)
    ):
        return "number"
    if len(filled) < 10 or max(map(len, distinct)) > 30:
        return "text"
    parts = [part for text in filled for part in _SEVERAL.split(text) if part]
    if len(parts) >= 1.3 * len(filled) and len(set(parts)) < len(distinct) and _few(set(parts), len(parts)):
        return "choices"
    return "choice" if _few(distinct, len(filled)) else "text"


def choices_in(values: Sequence[str], kind: str) -> list[str]:
    """The options that a new choice or choices field needs for these samples, in order of first use."""
    found: dict[str, None] = {}
    for value in values:
        for part in _SEVERAL.split(value.strip()) if kind == "choices" else [value.strip()]:
            if part:
                found.setdefault(part)
    return list(found)


def _all_read(kind: str, values: set[str]) -> bool:
    return not any(isinstance(read_value(kind, value), ValueProblem) for value in values)


def _few(distinct: set[str], total: int) -> bool:
    return len(distinct) <= MAX_CHOICES and 2 * len(distinct) <= total
