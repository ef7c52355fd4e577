"""Names of people and companies: how a letter addresses them."""

from __future__ import annotations

# What the name of a body says of itself (会社法 6条 and the laws of the other kinds).
_BODIES = ("会社", "法人", "組合", "協会", "財団", "社団", "(株)", "（株）", "㈱", "(有)", "（有）", "㈲")


# Letters that people type the one or the other of.
_ALIKE = (("髙", "高"), ("﨑", "崎"), ("𠮷", "吉"), ("邉", "辺"), ("邊", "辺"), ("齋", "斎"), ("濵", "浜"))
_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—―−ーｰ－", "-"))
_WIDE = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}


def spellings(name: str) -> set[str]:
    """Return the ways in which a name may have been written down: as it is, in wide letters, with a letter's twin."""
    found = {name, name.translate(_WIDE)}
    for one, other in _ALIKE:
        found |= {each.replace(one, other) for each in found} | {each.replace(other, one) for each in found}
    return found


def hyphens(text: str) -> str:
    """Return a number with plain hyphens, whichever were typed."""
    return text.translate(_HYPHENS)


def honorific(name: str) -> str:
    """Return 御中 for a company or another body, 様 for a person."""
    return "御中" if any(each in name for each in _BODIES) else "様"
