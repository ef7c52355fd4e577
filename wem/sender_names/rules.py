"""Sender's names: what can be one, when two are the same, how a request goes on."""

from __future__ import annotations

import enum
import re
import unicodedata

LONGEST = 60
# One character of Arabic stands for eighteen.
LONGEST_FOLDED = 400
# Of one customer, asked for or approved.
MOST = 20
# A registered name of fewer letters stands in other names by chance.
_TELLING = 3
_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]+")
# Dashes and the long vowel mark look alike in many fonts: ソニー, ソニ－, ソニ―.
_DASHES = re.compile(r"[-\u2010-\u2015\u2212\u30fc\u2500\uff0d~\u301c\uff5e]")
_ADDRESS = re.compile(r"@|://|\bwww\.|\w\.(?:jp|com|net|org|info|biz)\b", re.IGNORECASE)
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE")


class NameState(enum.StrEnum):
    """How far a request for a name is."""

    asked = "asked"
    approved = "approved"
    refused = "refused"
    taken_back = "taken_back"  # by the customer, before we decided
    withdrawn = "withdrawn"  # approved once, and no longer


class NameAct(enum.StrEnum):
    """What is done about a name."""

    approve = "approve"
    refuse = "refuse"
    take_back = "take_back"
    withdraw = "withdraw"


LINES: dict[tuple[NameState, NameAct], NameState] = {
    (NameState.asked, NameAct.approve): NameState.approved,
    (NameState.asked, NameAct.refuse): NameState.refused,
    (NameState.asked, NameAct.take_back): NameState.taken_back,
    (NameState.approved, NameAct.withdraw): NameState.withdrawn,
}
# A name in one of these is not asked for a second time.
OPEN = (NameState.asked, NameState.approved)


class NameFault(enum.StrEnum):
    """Why a text can be no sender's name."""

    invisible = "invisible"  # it holds characters that nobody sees
    address = "address"  # readers would take it for the address that the mail comes from
    unfolds = "unfolds"  # characters that stand for whole phrases make it too long
    scripts = "scripts"  # letters of several alphabets that look alike stand in one word


def before(act: NameAct) -> NameState:
    """Return from which state an act leads on."""
    return next(state for state, each in LINES if each is act)


def tidied(typed: str) -> str:
    """Return a name as it is kept: in one line, single spaces, wide Latin letters and narrow kana as they are."""
    return " ".join(typed.split())


def name_fault(name: str) -> NameFault | None:
    """Return why a name cannot be one; None when it can."""
    if any(unicodedata.category(each) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") for each in name):
        return NameFault.invisible
    if len(folded(name)) > LONGEST_FOLDED:
        return NameFault.unfolds
    plain = unicodedata.normalize("NFKC", name)
    if _ADDRESS.search(plain):
        return NameFault.address
    if any(len(_alphabets(word)) > 1 for word in plain.split()):
        return NameFault.scripts
    return None


def _alphabets(word: str) -> set[str]:
    return {each for letter in word for each in _SCRIPTS if unicodedata.name(letter, "").startswith(each)}


def folded(name: str) -> str:
    """Return what two names have in common that look the same: width, case, spaces and dashes make no difference."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).casefold()
    return _DASHES.sub("ー", plain)


def alike(name: str, other: str) -> bool:
    """Return whether a name looks like another, or holds it; what is too short tells nothing."""
    ours, theirs = folded(name), folded(other)
    return bool(theirs) and (ours == theirs or (len(theirs) >= _TELLING and theirs in ours))
