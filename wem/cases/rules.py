"""The states of reports, cases, claims and deletions as tables, and the codes of what is forbidden (12禁)."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from wem.diagram_rules import diagram

# Items 1–24 of Art. 12禁; the terms have no item 20, which stays reserved.
CODES = tuple(f"P{number:02}" for number in range(1, 25) if number != 20)
FIRST_LOOK_DAYS = 3  # by when somebody has looked at a new case, unless its opener says otherwise


class ReportState(enum.StrEnum):
    """A report of abuse by anybody."""

    waiting = "waiting"
    taken_up = "taken up"
    dismissed = "dismissed"


class ReportAction(enum.StrEnum):
    take_up = "take up in a case"
    dismiss = "dismiss"


R, RA = ReportState, ReportAction
REPORT: Mapping[tuple[ReportState, ReportAction], ReportState] = {
    (R.waiting, RA.take_up): R.taken_up,
    (R.waiting, RA.dismiss): R.dismissed,
    (R.dismissed, RA.take_up): R.taken_up,
}


class CaseState(enum.StrEnum):
    received = "received"  # 受付
    investigating = "investigating"  # 調査中
    acting = "acting"  # 措置
    closed = "closed"  # 終結


class CaseAction(enum.StrEnum):
    look_into = "look into it"
    act = "draw a consequence"
    look_again = "look into it again"
    close = "close"
    reopen = "reopen"


C, CA = CaseState, CaseAction
CASE: Mapping[tuple[CaseState, CaseAction], CaseState] = {
    (C.received, CA.look_into): C.investigating,
    (C.received, CA.close): C.closed,
    (C.investigating, CA.act): C.acting,
    (C.investigating, CA.close): C.closed,
    (C.acting, CA.act): C.acting,
    (C.acting, CA.look_again): C.investigating,
    (C.acting, CA.close): C.closed,
    (C.closed, CA.reopen): C.investigating,
}
CAN_ACT = frozenset(state for state, action in CASE if action is CA.act)


class ClaimState(enum.StrEnum):
    """What a third party claims, which the customer settles (9-5)."""

    raised = "raised"
    passed_on = "passed on to the customer"
    settled = "settled"
    dropped = "dropped"


class ClaimAction(enum.StrEnum):
    pass_on = "pass on"
    settle = "settle"
    drop = "drop"


K, KA = ClaimState, ClaimAction
CLAIM: Mapping[tuple[ClaimState, ClaimAction], ClaimState] = {
    (K.raised, KA.pass_on): K.passed_on,
    (K.raised, KA.settle): K.settled,
    (K.raised, KA.drop): K.dropped,
    (K.passed_on, KA.settle): K.settled,
    (K.passed_on, KA.drop): K.dropped,
}
OPEN_CLAIMS = frozenset({K.raised, K.passed_on})


class DeletionState(enum.StrEnum):
    """A deletion of a customer's data by us (12登-3①②③): asked for by one person, approved by another."""

    proposed = "proposed"
    running = "running"
    done = "done"
    refused = "refused"
    withdrawn = "withdrawn"


class DeletionAction(enum.StrEnum):
    approve = "approve (by another person)"
    refuse = "refuse"
    withdraw = "withdraw"
    finish = "nothing is left"


D, DA = DeletionState, DeletionAction
DELETION: Mapping[tuple[DeletionState, DeletionAction], DeletionState] = {
    (D.proposed, DA.approve): D.running,
    (D.proposed, DA.refuse): D.refused,
    (D.proposed, DA.withdraw): D.withdrawn,
    (D.running, DA.finish): D.done,
}


class DeletionGround(enum.StrEnum):
    """Why we delete: the first three items of 12登-3."""

    breach = "breach"  # ①
    protection = "protection"  # ②
    trouble = "trouble"  # ③


class Part(enum.StrEnum):
    """What is deleted, in the order in which it is done."""

    mailings = "mailings"  # subject and texts; their counts stay
    replies = "replies"
    uploads = "uploads"  # files, rows, evidence
    readers = "readers"  # of chosen lists, or of all


def ordered(parts: Sequence[Part]) -> list[Part]:
    """Return the parts in the order of the work: mailings stop before their readers go."""
    return [part for part in Part if part in parts]


def first_deadline(opened: date, wanted: date | None) -> date:
    """Return by when somebody has looked at a case."""
    return wanted or opened + timedelta(days=FIRST_LOOK_DAYS)


def in_order(codes: Sequence[str]) -> list[str]:
    """Return the known codes among these, each once, as the terms count them."""
    return [code for code in CODES if code in codes]


DIAGRAMS = (
    diagram("Report of abuse", REPORT, R.waiting),
    diagram("Case", CASE, C.received),
    diagram("Claim of a third party", CLAIM, K.raised),
    diagram("Deletion by us", DELETION, D.proposed),
)
