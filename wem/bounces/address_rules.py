"""Finding mail addresses in reports: as they are written there, without brackets."""

from __future__ import annotations

import re

# Old carriers' addresses have dots where RFC 5322 forbids them (japan-rules 4.3), gateways put names without dots.
_LOCAL = r"(?:\"[^\"\s@<>]{1,64}\"|[^\s<>()\[\]{}:;,\"'@|\\`*=]{1}[^\s<>()\[\]{}:;,\"@|\\`*]{0,99})"
_DOMAIN = r"(?:\[[0-9A-Fa-f.:]{3,50}\]|[^\W_](?:[\w.-]{0,253}\w)?)"
ADDRESS = _LOCAL + "@" + _DOMAIN
_FOUND = re.compile(ADDRESS)
_TYPE = re.compile(r"\s*(?:rfc-?822|utf-8|smtp|local|internet|dns|x-\w{1,20})\s*;\s*", re.I)

LONGEST = 320


def addresses_in(text: str) -> list[str]:
    """Return the addresses that stand in a line or two of text, in order, each as written."""
    if "@" not in text:
        return []
    return [bare_address(found) for found in _FOUND.findall(text[:2000]) if len(found) <= LONGEST]


def first_address(text: str) -> str:
    """Return the first address in a line of text; empty without one."""
    if "@" not in text:
        return ""
    found = _FOUND.search(text[:2000])
    return bare_address(found.group()) if found else ""


def bare_address(found: str) -> str:
    """Return an address without what Exchange writes before it."""
    return found[5:] if found[:5].lower() in ("smtp=", "smtp:") else found


def address_of_field(value: str) -> str:
    """Return the address of a Final-Recipient or Original-Recipient field (RFC 3464 2.3.1); empty when it has none.

    Its type may be missing, brackets and comments may stand around it; what is no mail address (X.400) is none.
    """
    typed = _TYPE.match(value)
    if not typed and ";" in value.partition("@")[0]:
        return ""
    rest = value[typed.end() :] if typed else value
    return first_address(rest)
