"""Failures that say nothing about a reader but much about us: blocks, reputation, authentication; plain functions."""

from __future__ import annotations

import enum
from collections.abc import Collection

from wem.bounces.states import Reason

# So many refusals of one kind in a day by one provider are trouble; fewer are chance.
ALARM_AT = 5


class Trouble(enum.StrEnum):
    """What is wrong between us and a provider; each has its advice."""

    blocked = "blocked"
    reputation = "reputation"
    authentication = "authentication"
    rate = "rate"
    content = "content"


_TROUBLES = {
    Reason.blocked: Trouble.blocked,
    Reason.requireptr: Trouble.blocked,
    Reason.norelaying: Trouble.blocked,
    Reason.badreputation: Trouble.reputation,
    Reason.authfailure: Trouble.authentication,
    Reason.policyviolation: Trouble.authentication,
    Reason.speeding: Trouble.rate,
    Reason.toomanyconn: Trouble.rate,
    Reason.spamdetected: Trouble.content,
    Reason.virusdetected: Trouble.content,
}


def trouble_of(reason: Reason) -> Trouble | None:
    """Return the trouble that a refusal is a sign of; None when it concerns one mail or one address only."""
    return _TROUBLES.get(reason)


def concerns_pool(trouble: Trouble, domains: Collection[str]) -> bool:
    """Return whether our own addresses are meant and not one sender domain.

    `domains` are those that met the trouble at one provider today; "" is the service's own domain.
    """
    return "" in domains or (trouble is not Trouble.authentication and len(set(domains)) > 1)
