"""When an address is given up: which failures speak against it, how many in a row; plain functions (A-08).

Articles 12登-3⑤ and 17-5 of the terms: three mailings in a row that came back remove the address (自動削除).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wem.bounces.states import Reason

REMOVE_AT = 3

# The one table of A-08. What is missing here is a block, spam, policy, rate, authentication, size, the network, an
# error of ours or of the receiver's system: it says nothing about the address.
COUNTED = frozenset(
    {
        Reason.userunknown,
        Reason.hostunknown,
        Reason.hasmoved,
        Reason.notaccept,
        Reason.filtered,
        Reason.suspend,
        Reason.rejected,
        # Reported only after the mail server gave up trying.
        Reason.mailboxfull,
        Reason.expired,
    }
)


@dataclass(frozen=True, slots=True)
class Failed:
    """A mail of a mailing that came back for a reason that counts; `sent_at` is when it was handed over."""

    mailing_id: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many mailings failed in a row, and what follows.

    `look_again_at`: a mail in between is out for less than the settling time, so nobody can tell yet.
    """

    in_row: int
    remove: bool = False
    look_again_at: datetime | None = None


def counts(reason: Reason) -> bool:
    """Return whether a final failure for this reason speaks against the address."""
    return reason in COUNTED


def judged(
    failures: Sequence[Failed],
    accepted: Collection[datetime],
    at: datetime,
    settling: timedelta,
    cumulative: bool = False,
) -> Verdict:
    """Return how an address stands at a moment, from what failed and when other mails to it were accepted.

    Mails count in the order in which they were sent, not in that of the reports. A mail that was accepted and did not
    come back within `settling` is a success and ends the row; `cumulative`: nothing ends it.
    """
    if cumulative:
        number = _mailings(failures, None)
        return Verdict(number, number >= REMOVE_AT)
    success = max((sent for sent in accepted if sent + settling <= at), default=None)
    number = _mailings(failures, success)
    if number < REMOVE_AT:
        return Verdict(number)
    last = max(each.sent_at for each in failures)
    doubtful = [sent for sent in accepted if sent + settling > at and (success is None or sent > success)]
    between = [sent for sent in doubtful if sent < last]
    if not between or _mailings(failures, max(between)) >= REMOVE_AT:
        return Verdict(number, True)
    first = min(each.sent_at for each in failures if success is None or each.sent_at > success)
    waiting = [sent for sent in between if sent > first]
    # What was sent before the row began cannot break it.
    return Verdict(number, False, min(waiting) + settling) if waiting else Verdict(number, True)


def _mailings(failures: Sequence[Failed], after: datetime | None) -> int:
    """Count mailings, not mails: two failures of one mailing are one."""
    return len({each.mailing_id for each in failures if after is None or each.sent_at > after})
