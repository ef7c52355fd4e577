"""The fields of delivery reports (RFC 3464) and of what others made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wem.bounces.address_rules import address_of_field

MOST_RECIPIENTS = 500

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]{0,9}:[ \t]*(.*)")
_BEGINS_ANEW = frozenset(("final-recipient", "original-recipient", "action", "status"))
_TYPE = re.compile(r"\s*[\w./-]{1,30}\s*;\s*")


@dataclass(slots=True)
class Told:
    """What a report's fields tell of one recipient."""

    address: str
    action: str
    status: str
    diagnostic: str
    diagnostic_type: str
    remote: str
    category: str


@dataclass(slots=True)
class Fields:
    """A whole delivery report: who reports, and what of whom."""

    reporter: str
    told: list[Told]


def read_fields(text: str) -> Fields:
    """Return what the body of a message/delivery-status part says; recipients without an address are left out."""
    groups = _groups(text)
    reporter = next((group["reporting-mta"] for group in groups if "reporting-mta" in group), "")
    told = [one for group in groups if (one := _told(group))]
    return Fields(host_of(reporter), told[:MOST_RECIPIENTS])


def host_of(value: str) -> str:
    """Return the host of a field such as `dns; mx.example.jp (192.0.2.1)`, in lower case."""
    typed = _TYPE.match(value)
    return (value[typed.end() :] if typed else value).strip().partition(" ")[0].strip("[]().").lower()[:255]


def _groups(text: str) -> list[dict[str, str]]:
    groups: list[dict[str, str]] = [{}]
    name = ""
    for line in text.split("\n", 5000):
        if not line.strip():
            if groups[-1]:
                groups.append({})
            name = ""
        elif line[0] in " \t":
            if name and len(groups[-1][name]) < 4000:
                groups[-1][name] += " " + line.strip()
        elif field := _FIELD.match(line):
            name = field.group(1).lower()
            if name in groups[-1]:
                if name in _BEGINS_ANEW:
                    groups.append({})
                else:
                    name = ""
                    continue
            groups[-1][name] = field.group(2).strip()[:4000]
    return groups


def _told(group: dict[str, str]) -> Told | None:
    if not ("final-recipient" in group or "original-recipient" in group):
        return None
    # What our mail was addressed to, where a forwarder reports an address that we never wrote to.
    address = address_of_field(group.get("original-recipient", "")) or address_of_field(
        group.get("final-recipient", "")
    )
    if not address and "@" in group.get("x-actual-recipient", ""):
        address = address_of_field(group["x-actual-recipient"])
    if not address:
        return None
    diagnostic = group.get("diagnostic-code", "") or group.get("x-supplementary-info", "")
    typed = _TYPE.match(diagnostic)
    return Told(
        address=address,
        action=group.get("action", "").partition(" ")[0].lower(),
        status=group.get("status", ""),
        diagnostic=diagnostic[typed.end() :] if typed else diagnostic,
        diagnostic_type=typed.group().strip(" ;").lower() if typed else "",
        remote=host_of(group.get("remote-mta", "")),
        category=group.get("x-powermta-bouncecategory", ""),
    )
