"""The rules of lists: the names other parts use, the keys of fields, and which column of a file is what."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from wem.domain_rules import DOMAIN_GROUP_TEXTS, DomainGroup, domain_group, is_carrier
from wem.lists.address_rules import (
    ADDRESS_PROBLEM_TEXTS,
    Address,
    AddressProblem,
    is_old_carrier,
    mail_domain,
    read_address,
    wire_address,
)
from wem.lists.value_rules import VALUE_PROBLEM_TEXTS, Value, ValueProblem, choices_in, guess_kind, read_value
from wem.notices.masking_rules import mask_address

__all__ = [
    "ADDRESS_PROBLEM_TEXTS",
    "DOMAIN_GROUP_TEXTS",
    "RESERVED_KEYS",
    "VALUE_PROBLEM_TEXTS",
    "Address",
    "AddressProblem",
    "ColumnGuess",
    "DomainGroup",
    "Value",
    "ValueProblem",
    "choices_in",
    "domain_group",
    "field_key",
    "guess_columns",
    "guess_kind",
    "is_carrier",
    "is_old_carrier",
    "mail_domain",
    "mask_address",
    "mask_cells",
    "read_address",
    "read_value",
    "wire_address",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_KEY = 60  # characters, with room for _999 in the column

# What Liquid reads as its own, and what a mail offers beside the fields.
MAX_SHOWN = 60  # characters of a refused value
RESERVED_KEYS = _words(
    "empty nil null true false and or not contains blank in with as if unless else elsif case when for endfor forloop "
    "tablerow tablerowloop limit offset reversed cols range continue break cycle assign capture include render block "
    "self list_name date sender_name unsubscribe_url preferences_url email subject customer_name"
)


def field_key(label: str, taken: Collection[str] = ()) -> str:
    """The key of a new field, made from its label: letters of any script, digits and _.

    It is unlike any reserved or taken one, also in case, and stands in a mail as `{{ 氏名 }}`.
    """
    plain = unicodedata.normalize("NFKC", label).strip()
    key = "".join(c for c in re.sub(r"\s+", "_", plain) if c == "_" or c.isalnum())[:MAX_KEY] or "field"
    if not key[0].isidentifier():
        key = "_" + key
    used = {other.casefold() for other in taken} | RESERVED_KEYS
    unique, n = key, 1
    while unique.casefold() in used:
        n += 1
        unique = f"{key}_{n}"
    return unique


class ColumnGuess(NamedTuple):
    """Which column of a file is what; columns count from 0."""

    has_header: bool
    address: int | None
    fields: dict[int, str]  # column: field key


_ADDRESS_WORDS = _words(
    "メールアドレス メアド メール アドレス 電子メール 電子メールアドレス eメール eメールアドレス "
    "pcメールアドレス 携帯メールアドレス mail email emailaddress mailaddress address メルアド"
)
_SAME_WORDS = [
    _words("氏名 名前 お名前 ご氏名 姓名 name fullname 氏名漢字 お名前漢字"),
    _words("姓 苗字 名字 lastname familyname surname"),
    _words("名 firstname givenname"),
    _words("フリガナ ふりがな カナ かな 氏名カナ 氏名フリガナ お名前フリガナ kana furigana"),
    _words("生年月日 誕生日 お誕生日 birthday birthdate dateofbirth dob"),
    _words("都道府県 都道府県名 prefecture pref"),
    _words("性別 gender sex"),
    _words("郵便番号 〒 zip zipcode postalcode"),
    _words("住所 ご住所 postaladdress"),
    _words("電話番号 電話 tel phone phonenumber telephone"),
    _words("会社名 会社 company companyname 勤務先"),
    _words("年齢 age"),
]


def guess_columns(
    first_row: Sequence[str],
    sample: Sequence[Sequence[str]],
    fields: Mapping[str, str],
    *,
    has_header: bool | None = None,
) -> ColumnGuess:
    """Which column is the address and which belong to the fields (key: label), by the first rows of a file.

    Tells also whether the very first is a header, unless the caller knows.
    """
    if has_header is None:
        has_header = _is_header(first_row, sample)
    header = [_word(cell) for cell in first_row] if has_header else [""] * len(first_row)
    rows = [*sample] if has_header else [first_row, *sample]
    address = _address_column(header, rows)
    return ColumnGuess(has_header, address, _field_columns(header, fields, address))


def _is_header(first_row: Sequence[str], sample: Sequence[Sequence[str]]) -> bool:
    if any("@" in cell for cell in first_row):
        return False
    if any(_word(cell) in _ADDRESS_WORDS for cell in first_row):
        return True
    return not sample or any(_is_address(cell) for row in sample for cell in row)


def _address_column(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    best, best_score = None, 0.0
    for column, word in enumerate(header):
        cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
        share = sum(map(_is_address, cells)) / len(cells) if cells else 0.0
        named = 1.0 if word in _ADDRESS_WORDS else 0.5 if "メールアドレス" in word or "mail" in word else 0.0
        # A column called メール may hold yes and no; one full of addresses is one, whatever its name.
        score = 2 * share + named if share or not cells else named / 10
        if score > best_score:
            best, best_score = column, score
    return best


def _field_columns(header: Sequence[str], fields: Mapping[str, str], address: int | None) -> dict[int, str]:
    found: dict[int, str] = {}
    for same in (_equal, _alike):
        for column, word in enumerate(header):
            if not word or column == address or column in found:
                continue
            for key, label in fields.items():
                if key not in found.values() and (same(word, _word(label)) or same(word, _word(key))):
                    found[column] = key
                    break
    return found


def _equal(one: str, other: str) -> bool:
    return one == other


def _alike(one: str, other: str) -> bool:
    return any(one in words and other in words for words in _SAME_WORDS)


def _word(cell: str) -> str:
    """A heading without width, case, marks and the note that it is required."""
    plain = unicodedata.normalize("NFKC", cell).casefold()
    plain = re.sub(r"[(\[【](?:必須|任意|required|optional)[)\]】]|必須$", "", plain)
    return "".join(c for c in plain if c.isalnum() or c == "〒")


def _is_address(cell: str) -> bool:
    return ("@" in cell and isinstance(read_address(cell), Address)) or "＠" in cell


def mask_cells(cells: Sequence[str], address: int | None) -> list[str]:
    """A row as a customer may see it: the address column masked, and whatever else looks like an address too."""
    return [
        mask_text(cell) if "@" in cell or "＠" in cell or column == address else cell
        for column, cell in enumerate(cells)
    ]


def mask_text(cell: str) -> str:
    """A cell that should hold an address, as a customer may see it; `n****` when it holds none."""
    found = read_address(cell)
    if isinstance(found, Address):
        return mask_address(found.address)
    text = cell.strip()
    return f"{text[:1] if len(text) > 1 else ''}****" if text else ""


def shown_value(cell: str, *, of_address: bool) -> str:
    """What stood in a refused cell, as a customer may see it: masked where it is an address or could be read as one."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(cell.split()))
    plain = unicodedata.normalize("NFKC", text)
    if "@" in plain or (of_address and re.search("[0-9A-Za-z]", plain)):
        return mask_text(text)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
