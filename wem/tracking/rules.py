"""What is kept of a request for a counted link; plain functions."""

from __future__ import annotations

import ipaddress

AGENT_LENGTH = 200


def network_of(address: str | None) -> str:
    """Return the part of the net that an address belongs to: /24 of IPv4, /48 of IPv6; empty when it is none."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((int(found), 24 if found.version == 4 else 48), strict=False))


def agent_of(header: str) -> str:
    """Return what is kept of a User-Agent: printable characters, at most 200."""
    return "".join(each for each in header[: 2 * AGENT_LENGTH] if each.isprintable())[:AGENT_LENGTH]
