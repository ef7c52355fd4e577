"""Asks DNS: texts and aliases of a name, each within five seconds; never while a transaction is open."""

from __future__ import annotations

from collections.abc import Sequence

import dns.exception
import dns.nameserver
import dns.resolver
from dns.rdatatype import CNAME, TXT

SECONDS = 5.0
_LONGEST_CHAIN = 8
# Below what networks cut (RFC 9715); larger answers come by TCP.
_UDP_BYTES = 1232


class NoAnswer(Exception):
    """No name server answered, or they answered with an error of theirs."""


class Resolver:
    """The name servers of the settings, or the system's."""

    def __init__(self, servers: Sequence[tuple[str, int]]) -> None:
        """Raises NoAnswer when the system knows no name server."""
        try:
            self._asked = dns.resolver.Resolver(configure=not servers)
        except dns.resolver.NoResolverConfiguration as error:
            raise NoAnswer("no name server is known") from error
        if servers:
            self._asked.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
        self._asked.timeout, self._asked.lifetime = SECONDS / 2, SECONDS
        self._asked.use_edns(0, 0, _UDP_BYTES)

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name, the strings of each joined; empty when there are none. Raises NoAnswer."""
        answer = self._ask(name, TXT)
        if answer is None or answer.rrset is None:
            return []
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer.rrset]

    def aliases(self, name: str) -> tuple[list[str], bool]:
        """Return the names that a name leads to by CNAME, in order; and, without any, whether it has other records.

        Raises NoAnswer.
        """
        chain: list[str] = []
        there = False
        while len(chain) < _LONGEST_CHAIN:
            answer = self._ask(chain[-1] if chain else name, CNAME)
            there = there or answer is not None
            if answer is None or answer.rrset is None:
                break
            target = answer.rrset[0].target.to_text().rstrip(".").lower()
            if target in chain:
                break
            chain.append(target)
        return chain, there and not chain

    def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer | None:
        try:
            return self._asked.resolve(f"{name}.", kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return None
        except dns.exception.DNSException as error:
            raise NoAnswer(f"{name}: {type(error).__name__}") from error
