"""Accounts of ゆうちょ銀行: 記号 and 番号 of a passbook as the branch and account number that other banks know."""

from __future__ import annotations

import re
from dataclasses import dataclass

YUCHO = "9900"
ORDINARY, CURRENT = "1", "2"  # 普通, 当座

# 記号 has five digits; between it and 番号 may stand one that counts how often the passbook was issued anew.
_SYMBOL = re.compile(r"([01])(\d\d)\d0(?:-?\d)?").fullmatch
_NUMBER = re.compile(r"\d{1,8}").fullmatch
_BOTH = re.compile(r"(\d{5}(?:-\d)?)-(\d{1,8})|(\d{5})(\d{8})").fullmatch


@dataclass(frozen=True)
class Account:
    """What stands for 記号・番号 at other banks: 店番 (three digits), kind, 口座番号 (seven digits)."""

    branch: str
    kind: str
    number: str


class NotAnAccount(ValueError):
    """記号 was typed, but what stands beside it is no 番号."""


def is_symbol(text: str) -> bool:
    """Return whether a text is a 記号: five digits, with or without the digit of a passbook issued anew."""
    return _SYMBOL(text) is not None


def parts(text: str) -> tuple[str, str] | None:
    """Return (記号, 番号) of a text that holds both, like 14030-12345671; None for any other."""
    found = _BOTH(text)
    if found is None:
        return None
    symbol, number = (found[1], found[2]) if found[1] else (found[3], found[4])
    return (symbol, number) if is_symbol(symbol) else None


def branch(symbol: str) -> str | None:
    """Return the 店番 that a 記号 stands for; None when it is none."""
    found = _SYMBOL(symbol)
    return f"{found[2]}{'8' if found[1] == '1' else '9'}" if found else None


def converted(symbol: str, number: str) -> Account:
    """Return what stands for 記号 and 番号 at other banks, by the bank's published rule.

    記号 from 1 (総合口座, 通常貯金): its second and third digit and an 8 are the branch, 番号 without its last digit, a
    1, is the number. 記号 from 0 (振替口座): with a 9, and 番号 as it is. Raises NotAnAccount.
    """
    office = branch(symbol)
    if office is None or _NUMBER(number) is None:
        raise NotAnAccount(symbol)
    if symbol.startswith("0"):
        if len(number) > 7:
            raise NotAnAccount(number)
        return Account(office, CURRENT, number.zfill(7))
    if len(number) < 2 or not number.endswith("1"):
        raise NotAnAccount(number)
    return Account(office, ORDINARY, number[:-1].zfill(7))
