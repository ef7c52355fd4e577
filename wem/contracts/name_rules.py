"""Names of people and companies: how a letter addresses them."""

from __future__ import annotations

# What the name of a body says of itself (会社法 6条 and the laws of the other kinds).
_BODIES = ("会社", "法人", "組合", "協会", "財団", "社団", "(株)", "（株）", "㈱", "(有)", "（有）", "㈲")


def honorific(name: str) -> str:
    """Return 御中 for a company or another body, 様 for a person."""
    return "御中" if any(each in name for each in _BODIES) else "様"
