"""Names of people, companies, banks and branches: how a letter writes them."""

from __future__ import annotations

import re

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


# As the list of banks shortens them, the longer ones first.
_SHORTENED = (
    ("商工中金", "商工組合中央金庫"),
    ("全信組連", "全国信用協同組合連合会"),
    ("信漁連", "信用漁業協同組合連合会"),
    ("信連", "信用農業協同組合連合会"),
    ("信金", "信用金庫"),
    ("信組", "信用組合"),
    ("労金", "労働金庫"),
    ("農協", "農業協同組合"),
    ("漁協", "漁業協同組合"),
)
_YUCHO, _FOREIGN = "9900", "04"


def bank_in_full(name: str, code: str) -> str:
    """Return the name of a bank as a letter writes it: the list of banks leaves 銀行 away and shortens the others.

    Foreign banks (codes 0400–0499) are called as they stand in it.
    """
    for short, full in _SHORTENED:
        if name.endswith(short):
            return name.removesuffix(short) + full
    is_bank = (code.startswith("0") and not code.startswith(_FOREIGN)) or code == _YUCHO
    return f"{name}銀行" if is_bank and not name.endswith("銀行") else name


# A branch that says itself what it is; the list of banks leaves 支店 alone away.
_BRANCHES = re.compile(r"(本店|本所|支店|支所|出張所|代理店|営業所|営業部|公務部|法人部|本部|第.+部)$")
_FARMERS = "3456789"  # first digits of 農協 and 漁協: theirs are 支店 or 支所, which the list does not tell


def branch_in_full(name: str, bank_code: str) -> str:
    """Return the name of a branch as a letter writes it: with 支店, of ゆうちょ銀行 with 店 (店名 〇一八店)."""
    if bank_code == _YUCHO:
        return f"{name}店" if not name.endswith("店") else name
    foreign = bank_code.startswith(_FOREIGN)
    if not name or foreign or bank_code.startswith(tuple(_FARMERS)) or _BRANCHES.search(name):
        return name
    return f"{name}支店"


def honorific(name: str) -> str:
    """Return 御中 for a company or another body, 様 for a person."""
    return "御中" if any(each in name for each in _BODIES) else "様"
