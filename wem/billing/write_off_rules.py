"""Writing off what does not come in (貸倒), or doing without it (免除): one person asks, another decides."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from wem.billing.rules import NotPaid
from wem.contracts.state_rules import Illegal, second_person
from wem.diagram_rules import diagram

KINDS = (NotPaid.bad_debt, NotPaid.waived)


class WriteOffState(enum.StrEnum):
    proposed = "proposed"
    written_off = "written off"
    refused = "refused"
    withdrawn = "withdrawn"


class WriteOffAction(enum.StrEnum):
    approve = "approve (by another person)"
    refuse = "refuse"
    withdraw = "withdraw (by who asked)"


S, A = WriteOffState, WriteOffAction
WRITE_OFF: Mapping[tuple[WriteOffState, WriteOffAction], WriteOffState] = {
    (S.proposed, A.approve): S.written_off,
    (S.proposed, A.refuse): S.refused,
    (S.proposed, A.withdraw): S.withdrawn,
}


def may_decide(action: WriteOffAction, asked_by: int, by: int) -> None:
    """Raise Illegal, or OwnProposal, unless this person may do it: who asked withdraws, another one decides."""
    if action is not A.withdraw:
        second_person(asked_by, by)
    elif by != asked_by:
        raise Illegal("who asked for it withdraws it")


def may_write_off(missing: int, *, in_file: bool, asked: bool) -> None:
    """Raise Illegal for what is settled, what the bank was asked for, and what somebody has asked for already."""
    if missing <= 0 or in_file or asked:
        raise Illegal("nothing to write off, or not now")


def may_cancel(missing: int, paid: int, *, by_hand: bool, in_file: bool, asked: bool) -> None:
    """Raise Illegal unless a sum was typed in, and nothing has come of it: an invoice is corrected by a return."""
    if not by_hand or paid:
        raise Illegal("an invoice is corrected, a payment taken back")
    may_write_off(missing, in_file=in_file, asked=asked)


DIAGRAMS = (diagram("Write-off", WRITE_OFF, WriteOffState.proposed),)
