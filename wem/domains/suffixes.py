"""Where in a name an organisation's own domain begins: below co.jp, below com (publicsuffix.org)."""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


def organisation_of(name: str) -> str | None:
    """Return the domain that an organisation registered, above or at a name; None for what nobody can register."""
    found: str | None = _suffixes().privatesuffix(name)
    return found


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # reads 340 KB
