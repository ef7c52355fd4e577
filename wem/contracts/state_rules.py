"""The states of contracts, requests, corrections and terminations as tables: nothing moves but along these lines."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from wem.contracts.rules import ContractState
from wem.diagram_rules import diagram

S = TypeVar("S", bound=enum.StrEnum)
A = TypeVar("A", bound=enum.StrEnum)


class Illegal(ValueError):
    """This cannot be done in this state."""


def after(table: Mapping[tuple[S, A], S], state: S, action: A) -> S:
    """Return the state that an action leads to. Raises Illegal when the table has no such line."""
    try:
        return table[state, action]
    except KeyError:
        raise Illegal(f"{action.value} is not possible from {state.value}") from None


class OwnProposal(Illegal):
    """Nobody decides on what they asked for themselves."""


def first_person(asked_by: int, by: int | None) -> None:
    """Raise Illegal unless who asked takes it back themselves: others refuse."""
    if by is None or by != asked_by:
        raise Illegal("who asked for it takes it back")


def second_person(asked_by: int, by: int | None) -> None:
    """Raise OwnProposal unless somebody else decides than who asked (4-7, 12登-3, 14-1, 同意3②, 同意4)."""
    if by is None or by == asked_by:
        raise OwnProposal("another person decides")


class ContractAction(enum.StrEnum):
    start = "start"  # the start date has come (4-4)
    void = "void"  # the application is refused after all (4-3)
    give_notice = "give notice"  # by the customer (15-1)
    withdraw = "withdraw the notice"
    withdraw_beside_refusal = "withdraw the notice, renewal still refused"
    refuse_renewal = "refuse renewal"  # by us (5-3)
    keep = "take the refusal back"
    end = "end"  # the day has come
    terminate = "terminate"  # 14-1, 14-2


C, DO = ContractState, ContractAction
CONTRACT: Mapping[tuple[ContractState, ContractAction], ContractState] = {
    (C.accepted, DO.start): C.active,
    (C.accepted, DO.void): C.ended,
    (C.active, DO.give_notice): C.leaving,
    (C.active, DO.refuse_renewal): C.expiring,
    (C.leaving, DO.withdraw): C.active,
    (C.leaving, DO.withdraw_beside_refusal): C.expiring,
    (C.leaving, DO.refuse_renewal): C.leaving,
    (C.leaving, DO.keep): C.leaving,
    (C.expiring, DO.give_notice): C.leaving,
    (C.expiring, DO.keep): C.active,
    (C.leaving, DO.end): C.ended,
    (C.expiring, DO.end): C.ended,
    (C.accepted, DO.terminate): C.ended,
    (C.active, DO.terminate): C.ended,
    (C.leaving, DO.terminate): C.ended,
    (C.expiring, DO.terminate): C.ended,
}


class Service(enum.StrEnum):
    """Beside the contract's own state: whether its service runs."""

    running = "running"
    restricted = "restricted"  # 18
    suspended = "suspended"  # 13-1, 13-2, 14-1 in part


class ServiceAction(enum.StrEnum):
    suspend = "suspend"
    lift = "lift (13-2: settled in time, all settled, applied for, decided by staff)"
    lift_restricted = "lift, while a restriction stands"
    restrict = "restrict"
    release = "release"


V, SA = Service, ServiceAction
SERVICE: Mapping[tuple[Service, ServiceAction], Service] = {
    (V.running, SA.suspend): V.suspended,
    (V.running, SA.restrict): V.restricted,
    (V.restricted, SA.release): V.running,
    (V.restricted, SA.suspend): V.suspended,
    (V.suspended, SA.lift): V.running,
    (V.suspended, SA.lift_restricted): V.restricted,
}


class RequestState(enum.StrEnum):
    """A request of the customer (Art. 11, 13-2, 15, 16)."""

    received = "received"  # 申請
    checking = "checking"  # 確認中
    waiting = "waiting"  # 承諾、適用待ち
    refused = "refused"  # 不承諾
    applied = "applied"  # 適用済
    withdrawn = "withdrawn"  # 取下げ
    lapsed = "lapsed"  # the contract ended before


class RequestAction(enum.StrEnum):
    check = "check"
    accept = "accept"
    refuse = "refuse"
    apply = "apply"
    withdraw = "withdraw"
    lapse = "lapse"


R, RA = RequestState, RequestAction
REQUEST: Mapping[tuple[RequestState, RequestAction], RequestState] = {
    (R.received, RA.check): R.checking,
    (R.received, RA.accept): R.waiting,
    (R.received, RA.refuse): R.refused,
    (R.received, RA.withdraw): R.withdrawn,
    (R.received, RA.lapse): R.lapsed,
    (R.checking, RA.accept): R.waiting,
    (R.checking, RA.refuse): R.refused,
    (R.checking, RA.withdraw): R.withdrawn,
    (R.checking, RA.lapse): R.lapsed,
    (R.waiting, RA.apply): R.applied,
    (R.waiting, RA.withdraw): R.withdrawn,
    (R.waiting, RA.lapse): R.lapsed,
}
UNDECIDED = frozenset({R.received, R.checking})
OPEN = UNDECIDED | {R.waiting}


class CorrectionState(enum.StrEnum):
    """A correction notice 是正勧告 (14-2)."""

    running = "running"
    due = "due"  # the period is over: staff look
    corrected = "corrected"
    terminated = "terminated"
    withdrawn = "withdrawn"
    lapsed = "lapsed"  # the contract ended before


class CorrectionAction(enum.StrEnum):
    fall_due = "period over"
    correct = "corrected"
    terminate = "terminate"
    withdraw = "withdraw"
    lapse = "lapse"


K, KA = CorrectionState, CorrectionAction
CORRECTION: Mapping[tuple[CorrectionState, CorrectionAction], CorrectionState] = {
    (K.running, KA.fall_due): K.due,
    (K.running, KA.correct): K.corrected,
    (K.running, KA.withdraw): K.withdrawn,
    (K.running, KA.lapse): K.lapsed,
    (K.due, KA.correct): K.corrected,
    (K.due, KA.withdraw): K.withdrawn,
    (K.due, KA.terminate): K.terminated,
    (K.due, KA.lapse): K.lapsed,
}


class TerminationState(enum.StrEnum):
    """A termination by us (14-1, 14-2), or its lifting where it was in part: one person asks, another approves."""

    proposed = "proposed"
    carried_out = "carried out"
    lifted = "lifted"  # a termination in part that we took back
    refused = "refused"
    withdrawn = "withdrawn"
    lapsed = "lapsed"  # the contract ended before


class TerminationAction(enum.StrEnum):
    approve = "approve (by another person)"
    refuse = "refuse"
    withdraw = "withdraw"
    lapse = "lapse"
    lift = "lift (in part alone, by two)"


T, TA = TerminationState, TerminationAction
TERMINATION: Mapping[tuple[TerminationState, TerminationAction], TerminationState] = {
    (T.proposed, TA.approve): T.carried_out,
    (T.proposed, TA.refuse): T.refused,
    (T.proposed, TA.withdraw): T.withdrawn,
    (T.proposed, TA.lapse): T.lapsed,
    (T.carried_out, TA.lift): T.lifted,
}


def decided(state: TerminationState, action: TerminationAction, asked_by: int, by: int) -> TerminationState:
    """Return the state after somebody decided; who asked may only withdraw, and nobody else.

    Raises OwnProposal and Illegal.
    """
    if action in (TA.lapse, TA.lift):
        raise Illegal("it lapses with the contract alone, and is lifted by a proposal of its own")
    if action is TA.withdraw:
        first_person(asked_by, by)
    else:
        second_person(asked_by, by)
    return after(TERMINATION, state, action)


class MandateState(enum.StrEnum):
    """A request for direct debit 口座振替依頼書 on its way to the bank and after (6-1, 16)."""

    missing = "missing"  # 未提出
    received = "received"  # 受領
    sent = "sent"  # 銀行送付
    registered = "registered"  # 登録済
    returned = "returned"  # 不備返却
    stopped = "stopped"  # 停止
    void = "void"  # 無効: never registered


class MandateAction(enum.StrEnum):
    receive = "the sealed form is here"
    send = "send it to the bank"
    register = "the bank has registered it"
    give_back = "give it back: something is wrong"
    unregister = "the bank finds no form: it is asked again"
    stop = "stop"
    void = "void"


M, MA = MandateState, MandateAction
MANDATE: Mapping[tuple[MandateState, MandateAction], MandateState] = {
    (M.missing, MA.receive): M.received,
    (M.missing, MA.void): M.void,
    (M.received, MA.send): M.sent,
    (M.received, MA.give_back): M.returned,
    (M.received, MA.void): M.void,
    (M.sent, MA.register): M.registered,
    (M.sent, MA.give_back): M.returned,
    (M.sent, MA.void): M.void,
    (M.returned, MA.receive): M.received,
    (M.returned, MA.void): M.void,
    (M.registered, MA.unregister): M.sent,
    (M.registered, MA.stop): M.stopped,
}
UNREGISTERED = frozenset({M.missing, M.received, M.sent, M.returned})


@dataclass(frozen=True)
class Mandates:
    """The mandates of one contract by number: the one that serves, and the one that is to serve next (16)."""

    states: tuple[MandateState, ...] = ()

    @property
    def serving(self) -> int | None:
        return next((place for place, state in enumerate(self.states) if state is M.registered), None)


def mandate_moved(all_: Mandates, place: int, action: MandateAction) -> Mandates:
    """Return a contract's mandates after one has moved: a new registration alone stops the one that served before.

    Raises Illegal.
    """
    states = list(all_.states)
    states[place] = after(MANDATE, states[place], action)
    if action is MA.register and all_.serving is not None:
        states[all_.serving] = after(MANDATE, states[all_.serving], MA.stop)
    return Mandates(tuple(states))


DIAGRAMS = (
    diagram("Contract", CONTRACT, C.accepted),
    diagram("Service of a contract", SERVICE, V.running),
    diagram("Request", REQUEST, R.received),
    diagram("Correction notice", CORRECTION, K.running),
    diagram("Termination by us, and its lifting in part", TERMINATION, T.proposed),
    diagram("Mandate for direct debit", MANDATE, M.missing),
)
