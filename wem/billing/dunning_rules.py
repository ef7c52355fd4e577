"""What is proposed to staff about a contract in arrears, as plain functions (13-2, 14-1, A-16, A-24)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, timedelta


class Proposal(enum.StrEnum):
    """What comes next; staff decide about each."""

    wait = "wait"
    remind = "remind"  # 督促
    suspend = "suspend"  # 停止 13-2
    collect = "collect"  # over, and reminded in vain: another reminder, a claim by law, or a write-off
    terminate = "terminate"  # 解除 14-1②: the six months are over, lifting is no longer possible


@dataclass(frozen=True)
class Asked:
    """The last reminder: when it went out, and until when it gave."""

    sent_on: date
    pay_by: date


class Doubt(enum.StrEnum):
    """What speaks against a suspension today; staff may go on."""

    debit = "debit"  # one that is to come collects all of it
    never = "never"  # nobody has reminded of this debt
    ahead = "ahead"  # the last reminder gives until a day that has not passed


@dataclass(frozen=True)
class Case:
    """A contract with something overdue, as it stands on a day."""

    oldest: date  # the oldest due date that is open
    limit: date  # last day of settlement after which lifting is not possible
    asked: Asked | None = None
    suspended: bool = False
    ended: bool = False


def asked_for(case: Case) -> Asked | None:
    """Return the reminder of this debt: one from before it fell due asked for another, which is paid."""
    return case.asked if case.asked and case.asked.sent_on > case.oldest else None


def proposal(case: Case, on: date, remind_after: int) -> Proposal:
    """Return what is proposed on a day; what is paid late is no case any more, and its proposal is gone with it."""
    if on > case.limit and not case.ended:
        return Proposal.terminate
    asked = asked_for(case)
    if asked is None:
        # Results of a debit come some days after it: before them nobody is told to pay.
        return Proposal.remind if on >= case.oldest + timedelta(days=remind_after) else Proposal.wait
    if on <= asked.pay_by:
        return Proposal.wait
    if case.ended:  # also one that ended while it stood still
        return Proposal.collect
    return Proposal.wait if case.suspended else Proposal.suspend


def doubt(pay_by: date | None, asks_for: int, on: date) -> Doubt | None:
    """Return what speaks against suspending on a day: `pay_by` of this debt's last reminder, and the yen to ask for."""
    if not asks_for:
        return Doubt.debit
    if pay_by is None:
        return Doubt.never
    return Doubt.ahead if on <= pay_by else None


def days_overdue(due: date, on: date) -> int:
    return max((on - due).days, 0)
