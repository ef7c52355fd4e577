"""Versions of terms, consent clauses and manual: which one holds on a day, and what changed between two."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


class TextKind(enum.StrEnum):
    terms = "terms"  # 利用約款
    consent = "consent"  # 個人情報の取扱いに関する同意条項
    manual = "manual"  # 操作マニュアル (21-1), with 動作環境 (19-5)


# The first version of each is kept as a file. That of the terms and consent clauses was set on this day, no letter
# of it is changed.
FIRST = 1
FIRST_DAY = date(2009, 10, 16)
FIRST_DAYS = {TextKind.terms: FIRST_DAY, TextKind.consent: FIRST_DAY, TextKind.manual: date(2026, 11, 22)}


class Sign(enum.StrEnum):
    same = "same"
    gone = "gone"
    new = "new"


@dataclass(frozen=True)
class Line:
    sign: Sign
    text: str


def in_force(effective: Iterable[tuple[int, date]], on: date) -> int:
    """Return the number of the version that holds on a day: of those effective by then the one with the latest day.

    Of two from one day the later number; version 1 before all of them.
    """
    held = [(day, number) for number, day in effective if day <= on]
    return max(held)[1] if held else FIRST


def changes(old: str, new: str, around: int = 1) -> list[Line]:
    """Return what is different between two texts, line by line, with so many lines around each change."""
    found = []
    before, after = _lines(old), _lines(new)
    for line in difflib.unified_diff(before, after, n=around, lineterm=""):
        if line.startswith(("---", "+++", "@@")):
            continue
        sign = {"-": Sign.gone, "+": Sign.new}.get(line[0], Sign.same)
        found.append(Line(sign, line[1:]))
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
