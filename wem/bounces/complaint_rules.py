"""What a complaint is, and when there are too many of them; plain functions (delivery.md 4, article 12禁9)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta

# Mailings that were started within this time are judged together.
WINDOW = timedelta(days=7)
# Rates are taken over at least so many mails: one complaint about a mailing to 200 readers is 0.5 % and no judgement.
LEAST_VOLUME = 1_000
WARN_ABOVE = 0.001
HOLD_ABOVE = 0.003

# Feedback types of RFC 5965 and its registry. What is in neither says nothing about a reader's wish.
COMPLAINTS = frozenset({"abuse", "fraud", "virus", "other", "miscategorized"})
OPT_OUTS = frozenset({"opt-out", "opt-out-list"})


class Wish(enum.StrEnum):
    """What a feedback report says that its reader wants."""

    complaint = "complaint"
    opt_out = "opt_out"
    nothing = "nothing"  # "not spam", reports about signatures


class Judgement(enum.StrEnum):
    """What follows from a rate of complaints."""

    good = "good"
    warn = "warn"
    hold = "hold"


def wish(feedback_type: str | None) -> Wish:
    """Return what a feedback type means; a report without one (JMRP) is a complaint."""
    if feedback_type is None or feedback_type.lower() in COMPLAINTS:
        return Wish.complaint
    return Wish.opt_out if feedback_type.lower() in OPT_OUTS else Wish.nothing


def rate(complaints: int, accepted: int) -> float:
    """Return the share of complaints in the mails that were accepted, over at least LEAST_VOLUME of them."""
    return complaints / max(accepted, LEAST_VOLUME)


def judged(complaints: int, accepted: int) -> Judgement:
    """Return what follows: above 0.1 % a warning, above 0.3 % the customer's mailings wait for staff."""
    share = rate(complaints, accepted)
    if share > HOLD_ABOVE:
        return Judgement.hold
    return Judgement.warn if share > WARN_ABOVE else Judgement.good


@dataclass(frozen=True, slots=True)
class Share:
    """Complaints about a mailing, or about several, and how many of their mails were accepted."""

    complaints: int
    accepted: int

    @property
    def rate(self) -> float:
        """The share of complaints, 0.001 being 0.1 %."""
        return rate(self.complaints, self.accepted)

    @property
    def judgement(self) -> Judgement:
        """What follows from it."""
        return judged(self.complaints, self.accepted)

    @property
    def of_few(self) -> bool:
        """Whether there are so few mails that the rate is taken over LEAST_VOLUME instead."""
        return self.accepted < LEAST_VOLUME


@dataclass(frozen=True, slots=True)
class Standing(Share):
    """A customer's complaints and accepted mails of late."""

    customer_id: int
