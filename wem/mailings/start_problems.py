"""Why a mailing cannot start, and for which of these reasons it is held then."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from wem.mailings.states import HeldReason


class Problem(enum.StrEnum):
    """Why a mailing cannot start."""

    contract = "contract"  # suspended, not begun, ended
    complaints = "complaints"  # the customer's mailings wait for staff
    maintenance = "maintenance"  # announced maintenance is going on (13-1)
    review = "review"  # our staff look at it first
    taken_down = "taken_down"  # our staff have taken it down
    legal_items = "legal_items"  # the contract's details lack what every mail must show
    sender_name = "sender_name"  # the contract has none
    name_not_approved = "name_not_approved"  # the name that was chosen is not approved, or no longer
    sender_domain = "sender_domain"  # its records are no longer found
    no_list = "no_list"
    nobody = "nobody"  # nobody is on its lists
    segment = "segment"  # a segment that narrows it cannot be asked any more
    subject = "subject"
    body = "body"
    template = "template"  # a text is no template
    trial = "trial"  # its A/B test has one variant alone, or could not tell them apart
    personal_link = "personal_link"  # a field that names the reader stands in an address


class CannotStart(Exception):
    """The mailing may not be sent as it stands; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(problems))
        self.problems = list(problems)


# Whichever stands alone has words of its own.
HELD_FOR = {
    Problem.taken_down: HeldReason.staff,
    Problem.contract: HeldReason.contract,
    Problem.sender_domain: HeldReason.sender_domain,
    Problem.name_not_approved: HeldReason.sender_name,
    Problem.complaints: HeldReason.complaints,
    Problem.maintenance: HeldReason.maintenance,
    Problem.review: HeldReason.review,
    Problem.segment: HeldReason.segment,
}


def held_for(error: CannotStart) -> HeldReason:
    """Return for which reason a mailing is held that cannot start."""
    alone = error.problems[0] if len(error.problems) == 1 else None
    return HELD_FOR.get(alone, HeldReason.problems) if alone else HeldReason.problems
