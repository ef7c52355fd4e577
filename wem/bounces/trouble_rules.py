"""Failures that say nothing about a reader but much about us: blocks, reputation, authentication; plain functions."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass

from wem.bounces.states import Reason

# So many refusals of one kind in a day by one provider are trouble; fewer are chance.
ALARM_AT = 5
# "Come again later" is the everyday of mail: trouble is what meets the second try too (greylisting does not), and many
# of those that a mailing went to.
POSTPONED_AT = 20
POSTPONED_SHARE = 0.01
SECOND_TRY = 2


class Trouble(enum.StrEnum):
    """What is wrong between us and a provider; each has its advice."""

    blocked = "blocked"
    reputation = "reputation"
    authentication = "authentication"
    rate = "rate"
    content = "content"
    later = "later"  # asked to come again, for no reason that is known


@dataclass(frozen=True, order=True)
class Place:
    """Who puts off whose mail, and why. `domain` is the sender's, "" for the service's own."""

    provider: str
    domain: str
    customer_id: int
    trouble: Trouble


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


_ABOUT_THE_READER = frozenset(
    {
        Reason.userunknown,
        Reason.hostunknown,
        Reason.hasmoved,
        Reason.notaccept,
        Reason.filtered,
        Reason.suspend,
        Reason.mailboxfull,
        Reason.exceedlimit,
        Reason.mesgtoobig,
        Reason.contenterror,
    }
)


def temporary_trouble_of(reason: Reason) -> Trouble | None:
    """Return what a "come again later" (4xx) is a sign of; None when it concerns one mail or one mailbox only."""
    return None if reason in _ABOUT_THE_READER else _TROUBLES.get(reason, Trouble.later)


def is_wide(postponed: int, recipients: int) -> bool:
    """Return whether so many mails put off in a day are trouble, of mailings to so many recipients."""
    return postponed >= max(POSTPONED_AT, POSTPONED_SHARE * recipients)


def concerns_pool(trouble: Trouble, domains: Collection[str]) -> bool:
    """Return whether our own addresses are meant and not one sender domain.

    `domains` are those that met the trouble at one provider today; "" is the service's own domain.
    """
    return "" in domains or (trouble is not Trouble.authentication and len(set(domains)) > 1)
