"""Which provider takes a domain's mail, told by its MX records, and how long that is believed; plain functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from wem.domain_rules import DomainGroup, domain_group

# The domain that the names of a provider's mail servers end in.
_SERVERS = {
    "google.com": DomainGroup.GMAIL,
    "googlemail.com": DomainGroup.GMAIL,
    "psmtp.com": DomainGroup.GMAIL,
    "outlook.com": DomainGroup.MICROSOFT,
    "mx.microsoft": DomainGroup.MICROSOFT,
    "hotmail.com": DomainGroup.MICROSOFT,
    "icloud.com": DomainGroup.ICLOUD,
    "yahoo.co.jp": DomainGroup.YAHOO_JP,
    "docomo.ne.jp": DomainGroup.DOCOMO,
    "ezweb.ne.jp": DomainGroup.AU,
    "au.com": DomainGroup.AU,
    "softbank.jp": DomainGroup.SOFTBANK,
    "softbank.ne.jp": DomainGroup.SOFTBANK,
    "ymobile.ne.jp": DomainGroup.YMOBILE,
    "rakuten.jp": DomainGroup.RAKUTEN,
}

SHORTEST, LONGEST = timedelta(hours=6), timedelta(days=7)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=10), timedelta(days=1)


def provider_of_servers(servers: Iterable[str]) -> DomainGroup:
    """Return the provider that most of a domain's mail servers belong to; other when that is none we know."""
    found = [_provider_of_server(server.rstrip(".").lower()) for server in servers]
    return max(sorted(set(found)), key=found.count, default=DomainGroup.OTHER)


def _provider_of_server(server: str) -> DomainGroup:
    parts = server.split(".")
    for length in (2, 3):
        if provider := _SERVERS.get(".".join(parts[-length:])):
            return provider
    return domain_group(server)


def believed_for(ttl: int) -> timedelta:
    """Return how long an answer is believed: its time to live in seconds, 6 hours to 7 days."""
    return min(max(timedelta(seconds=ttl), SHORTEST), LONGEST)


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after so many failed look-ups in a row (from 1): 10 minutes, doubled up to a day."""
    doubled: int = 2 ** (min(failures, 10) - 1)
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE)
