"""The words of bounces: what a mail is, how bad a failure is, why it failed (inbound.md 2; reasons as in Sisimai)."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What a mail that came to us is."""

    bounce = "bounce"
    delivered = "delivered"  # a report that says: delivered, relayed, or only late
    feedback = "feedback"  # a complaint (RFC 5965, JMRP)
    autoreply = "autoreply"
    normal = "normal"


class Severity(enum.StrEnum):
    """How bad a failure is for the address; `class` in what read-mail prints."""

    hard = "hard"  # the address is dead
    soft = "soft"  # every other failure
    other = "other"  # no failure at all


class Reason(enum.StrEnum):
    """Why a delivery failed."""

    userunknown = "userunknown"
    hostunknown = "hostunknown"
    hasmoved = "hasmoved"
    notaccept = "notaccept"
    filtered = "filtered"
    suspend = "suspend"
    rejected = "rejected"
    mailboxfull = "mailboxfull"
    expired = "expired"
    mesgtoobig = "mesgtoobig"
    exceedlimit = "exceedlimit"
    blocked = "blocked"
    badreputation = "badreputation"
    spamdetected = "spamdetected"
    virusdetected = "virusdetected"
    policyviolation = "policyviolation"
    authfailure = "authfailure"
    requireptr = "requireptr"
    notcompliantrfc = "notcompliantrfc"
    norelaying = "norelaying"
    speeding = "speeding"
    toomanyconn = "toomanyconn"
    securityerror = "securityerror"
    failedstarttls = "failedstarttls"
    contenterror = "contenterror"
    syntaxerror = "syntaxerror"
    networkerror = "networkerror"
    systemerror = "systemerror"
    systemfull = "systemfull"
    mailererror = "mailererror"
    onhold = "onhold"
    delivered = "delivered"
    feedback = "feedback"
    vacation = "vacation"
    undefined = "undefined"


@dataclass(frozen=True, slots=True)
class Reported:
    """What a mail says about one recipient."""

    address: str  # as our mail was addressed, without brackets; empty when only the mail itself is named
    severity: Severity
    reason: Reason
    status: str | None = None  # RFC 3463, such as 5.1.1
    reply: int | None = None  # SMTP reply code, such as 550
    diagnostic: str = ""
    reporter: str = ""  # the mail server that reports or answered


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mail is, and whom it speaks of."""

    kind: Kind
    recipients: tuple[Reported, ...] = ()
    feedback_type: str | None = None
    # Of the mail that came back, where a part of it was returned; with its brackets.
    message_id: str | None = None
    # Of a feedback report: what the mail complained of was sent as (Original-Mail-From, RFC 5965 3.2).
    return_path: str | None = None
