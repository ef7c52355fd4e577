"""Reasons in the groups that people see: each asks for another act; plain functions."""

from __future__ import annotations

import enum

from wem.bounces.states import Reason


class Cause(enum.StrEnum):
    """Why mails came back, as screens say it."""

    unknown_address = "unknown_address"
    unknown_domain = "unknown_domain"
    refused = "refused"
    suspended = "suspended"
    full = "full"
    expired = "expired"
    size = "size"
    blocked = "blocked"
    spam = "spam"
    authentication = "authentication"
    rate = "rate"
    technical = "technical"
    other = "other"


_CAUSES = {
    Cause.unknown_address: (Reason.userunknown, Reason.hasmoved),
    Cause.unknown_domain: (Reason.hostunknown, Reason.notaccept),
    Cause.refused: (Reason.filtered, Reason.rejected),
    Cause.suspended: (Reason.suspend,),
    Cause.full: (Reason.mailboxfull,),
    Cause.expired: (Reason.expired,),
    Cause.size: (Reason.mesgtoobig, Reason.exceedlimit),
    Cause.blocked: (Reason.blocked, Reason.badreputation, Reason.requireptr, Reason.norelaying),
    Cause.spam: (Reason.spamdetected, Reason.virusdetected, Reason.contenterror),
    Cause.authentication: (
        Reason.authfailure,
        Reason.policyviolation,
        Reason.securityerror,
        Reason.failedstarttls,
    ),
    Cause.rate: (Reason.speeding, Reason.toomanyconn),
    Cause.technical: (
        Reason.networkerror,
        Reason.systemerror,
        Reason.systemfull,
        Reason.mailererror,
        Reason.syntaxerror,
        Reason.notcompliantrfc,
    ),
}
_BY_REASON = {reason: cause for cause, reasons in _CAUSES.items() for reason in reasons}


def cause_of(reason: Reason) -> Cause:
    """Return the group of a reason."""
    return _BY_REASON.get(reason, Cause.other)


def reasons_of(cause: Cause) -> list[Reason]:
    """Return the reasons in a group; complaints are in none."""
    return [reason for reason in Reason if cause_of(reason) is cause and reason is not Reason.feedback]
