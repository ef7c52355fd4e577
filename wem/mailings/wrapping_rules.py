"""Where the lines of a plain text are broken: widths in columns, 禁則 after JIS X 4051, addresses never.

A column is half a full-width character. Only lines that are too long are broken; nothing is joined or taken away but
the white space at a break.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# What may not begin a line (行頭禁則): closing brackets, full stops and commas, small kana, marks of repetition.
_NEVER_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々〻ー’”）〕］｝〉》」』】〙〗〟｠»"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
    "｡｣､･ｧｨｩｪｫｬｭｮｯｰﾞﾟ,.:;?!)]}›‼⁇⁈⁉°′″℃％%‰〜～゠–"
)
# What may not end a line (行末禁則): opening brackets, and signs that stand before a number.
_NEVER_LAST = frozenset("‘“（〔［｛〈《「『【〘〖〝｟«([{‹¥￥＄$£№#＃")
# Pairs of these are one sign (分離禁止).
_NEVER_APART = frozenset("…‥―—─━")
# A run without white space of what addresses and western words are made of.
_RUN = re.compile(r"[!-~\u00a1-\u024f\u0370-\u04ff]+|\s|[^!-~\u00a1-\u024f\u0370-\u04ff\s]")
_TITLE = re.compile(r"(?:様|さま|さん|殿|御中)")
_JOINERS = frozenset("\u200d\u2060\ufeff\u00a0\u202f")

Role = Literal["text", "value", "open", "other", "close"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: as it stands, a value that is filled in (with the width to reckon with), or a branching tag.

    Branches are `open` (if), `other` (else) and `close` (endif): each begins in the column in which the first did.
    """

    text: str
    role: Role = "text"
    columns: int = 0


def _blank(text: str) -> bool:
    """Return whether a text shows nothing and goes where a line is broken."""
    return text.isspace() and text != "\n" and text not in _JOINERS


@dataclass(slots=True)
class _Atom:
    """What is never broken."""

    text: str
    columns: int
    role: Role = "text"

    @property
    def blank(self) -> bool:
        return self.role == "text" and _blank(self.text)


def columns(text: str) -> int:
    """Return how wide a text is in a Japanese fixed-pitch font: full-width and ambiguous characters take two."""
    return sum(
        0
        if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(char) in "WFA"
        else 1
        for char in text
    )


def wrapped(pieces: Iterable[Piece], width: int) -> str:
    """Return the text with its lines broken at `width` columns; a word or an address that is longer stays whole."""
    return "".join(_broken(_atoms(pieces), width))


def _atoms(pieces: Iterable[Piece]) -> list[_Atom]:
    found: list[_Atom] = []
    for piece in pieces:
        if piece.role != "text":
            found.append(_Atom(piece.text, piece.columns, piece.role))
            continue
        for part in _RUN.findall(piece.text):
            wide = columns(part)
            last = found[-1] if found else None
            # Marks over a character, and what joins emoji, belong to what stands before.
            if last is not None and last.role == "text" and not wide and not part.isspace():
                last.text += part
            else:
                found.append(_Atom(part, wide))
    return found


def _broken(atoms: list[_Atom], width: int) -> list[str]:
    out: list[str] = []
    at = 0  # the column
    inked = False  # whether the line shows anything yet
    chance, since = -1, 0  # where in `out` the line may be broken, and how wide what follows it is
    branches: list[tuple[int, list[int]]] = []
    before: _Atom | None = None
    for atom in atoms:
        if atom.text == "\n" and atom.role == "text":
            at, inked, chance, since = 0, False, -1, 0
        elif atom.role in ("open", "other", "close"):
            chance, since = -1, 0
            at = _branch(atom.role, at, branches)
        else:
            if before is not None and inked and not atom.blank and _may_part(before, atom):
                chance, since = len(out), 0
            if at + atom.columns > width and chance >= 0 and not atom.blank:
                while _blank(out[chance - 1]):
                    del out[chance - 1]
                    chance -= 1
                out.insert(chance, "\n")
                at, chance = since, -1
            at += atom.columns
            since += atom.columns
            inked = inked or not atom.blank
        out.append(atom.text)
        before = atom
    return out


def _branch(role: Role, at: int, branches: list[tuple[int, list[int]]]) -> int:
    """Return the column in which a branching tag leaves the line."""
    if role == "open":
        branches.append((at, []))
        return at
    if not branches:
        return at
    branches[-1][1].append(at)
    if role == "other":
        return branches[-1][0]
    return max(branches.pop()[1])


def _may_part(before: _Atom, after: _Atom) -> bool:
    """Return whether a line may end between two neighbours."""
    if before.blank:
        return True
    if before.role in ("open", "other", "close"):
        return False
    if before.role == "value" or after.role == "value":
        beside = after if before.role == "value" else before
        # A value may be part of an address, and 様 alone at the start of a line is no way to address anybody.
        if beside.role == "value" or beside.text[0] <= "~" or (beside is after and _TITLE.match(after.text)):
            return False
    if before.role == "text" and (before.text[-1] in _NEVER_LAST or before.text[-1] in _JOINERS):
        return False
    if after.role == "text" and (after.text[0] in _NEVER_FIRST or after.text[0] in _JOINERS):
        return False
    pair = before.role == after.role == "text" and before.text[-1] == after.text[0]
    return not (pair and after.text[0] in _NEVER_APART)
