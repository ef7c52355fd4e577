"""The states of a mailing, which act may begin from which, and why a mailing waits."""

from __future__ import annotations

import enum


class MailingState(enum.StrEnum):
    draft = "draft"  # 下書き
    scheduled = "scheduled"  # 予約
    sending = "sending"  # 送信中
    paused = "paused"
    held = "held"  # 保留
    done = "done"  # 完了
    cancelled = "cancelled"  # 中止
    failed = "failed"
    variant = "variant"  # goes with another one, whose A/B test it belongs to


# What each act may begin from. An act on anything else raises NotPossible.
UNSTARTED = (MailingState.draft, MailingState.scheduled, MailingState.held)
ACTS: dict[str, tuple[MailingState, ...]] = {
    "schedule": UNSTARTED,
    "submit": UNSTARTED,
    "ask": (MailingState.held,),
    "move": (MailingState.scheduled,),
    "unschedule": (MailingState.scheduled, MailingState.held),
    "start": UNSTARTED,
    "hold": (MailingState.scheduled, MailingState.sending),
    "pause": (MailingState.sending,),
    "resume": (MailingState.paused, MailingState.held),
    "cancel": (MailingState.scheduled, MailingState.held, MailingState.sending, MailingState.paused),
    "finish": (MailingState.sending, MailingState.paused, MailingState.held),
    "fail": (MailingState.sending,),
}
# Acts that change its time: the audit says what it was before.
TIME_ACTS = ("schedule", "submit", "move", "unschedule")
# Acts that make no sense any more once the mailing has started, and those that make none before.
BEFORE_START = ("schedule", "submit", "ask", "move", "unschedule", "start")
AFTER_START = ("pause", "resume", "finish", "fail")
# All that can become of the draft of a sequence's step: our staff look at it.
OF_A_STEP = ("submit", "unschedule")


class HeldReason(enum.StrEnum):
    """Why a mailing waits for the customer's decision."""

    missed = "missed"  # its time passed by more than its tolerance
    contract = "contract"  # the contract did not permit it
    emergency = "emergency"  # an emergency stop holds (8-3)
    problems = "problems"  # something in it forbade starting
    staff = "staff"
    sender_domain = "sender_domain"  # the domain that it goes from is broken
    complaints = "complaints"  # too many readers complained about the customer's mailings
    review = "review"  # our staff look at it first
    maintenance = "maintenance"  # announced maintenance (13-1): it goes on by itself afterwards
    segment = "segment"  # a segment that narrows it is gone, or speaks of what is gone
    sender_name = "sender_name"  # the name that it goes under is not approved any more
    winner = "winner"  # no variant of its A/B test is ahead, and its people are to choose


class NotPossible(Exception):
    """The mailing is not in a state from which this act is possible; another person or the system was faster."""

    def __init__(self, act: str, state: MailingState) -> None:
        super().__init__(f"cannot {act} a mailing that is {state}")
        self.act = act
        self.state = state


class InThePast(ValueError):
    """A mailing cannot be scheduled for a time that has passed."""
