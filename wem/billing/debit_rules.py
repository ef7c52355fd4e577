"""Direct debit: which sums enter the next file, which do not and why, and what each answer of the bank means."""

from __future__ import annotations

import enum
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from wem.contracts import date_rules
from wem.contracts.state_rules import after
from wem.diagram_rules import diagram

# 6-1c: the first fee is transferred before the start, and never debited.
NEVER_DEBITED = frozenset({"initial"})


def debitable(kind: str) -> bool:
    """Return whether sums of a kind may enter a debit file (6-1c, A-07)."""
    return kind not in NEVER_DEBITED


class Method(enum.StrEnum):
    """How a contract or one sum is paid (6-1)."""

    debit = "debit"
    transfer = "transfer"
    desk = "desk"  # at our own desk, with a receipt


class Left(enum.StrEnum):
    """Why a sum that is open does not enter the file."""

    initial = "initial"  # 6-1c
    method = "method"  # another way of payment was chosen, with a reason
    not_due = "not_due"
    waiting = "waiting"  # in a file that the bank has not answered
    with_staff = "with_staff"  # the bank's answer is not decided on
    no_mandate = "no_mandate"
    name = "name"  # the account holder cannot be written in a bank's characters


@dataclass(frozen=True)
class Candidate:
    """One open sum with what decides whether it is debited."""

    receivable_id: int
    contract_id: int
    open: int  # yen
    due_on: date
    kind: str = ""
    method: Method = Method.debit
    waiting: bool = False
    with_staff: bool = False
    mandate_id: int | None = None
    writable: bool = True


def left_out(sum_: Candidate, debit_on: date) -> Left | None:
    """Return why a sum is not debited on a day; None when it is."""
    for reason, holds in (
        (Left.initial, not debitable(sum_.kind)),
        (Left.method, sum_.method is not Method.debit),
        (Left.not_due, sum_.due_on > debit_on),
        (Left.waiting, sum_.waiting),
        (Left.with_staff, sum_.with_staff),
        (Left.no_mandate, sum_.mandate_id is None),
        (Left.name, not sum_.writable),
    ):
        if holds:
            return reason
    return None


def grouped(sums: Iterable[Candidate], joined: bool) -> list[tuple[Candidate, ...]]:
    """Return the records of a file: one for each contract, or one for each sum; the oldest sums first in each."""
    ordered = sorted(sums, key=lambda each: (each.contract_id, each.due_on, each.receivable_id))
    if not joined:
        return [(each,) for each in ordered]
    found: dict[int, list[Candidate]] = {}
    for each in ordered:
        found.setdefault(each.contract_id, []).append(each)
    return [tuple(group) for group in found.values()]


def customer_number(contract_id: int) -> str:
    """Return the 顧客番号 of a contract: digits alone, the same in every file."""
    return f"{contract_id:020}"


def new_code(mandate_id: int, known: Sequence[int]) -> int:
    """Return the 新規コード: 1 for a contract's first debit, 2 after a change of the account, 0 otherwise.

    `known`: the mandates by which the bank has answered before, other than that it knows of none; the oldest first.
    """
    if not known:
        return 1
    return 0 if known[-1] == mandate_id else 2


# -- days


@dataclass(frozen=True)
class DebitDay:
    """One debit: the month whose fees it is for, its day, and from when until when its file is made for the bank."""

    month: date
    debit_on: date
    deadline: date
    result_on: date
    opens: date  # the day after the bank took the file before it for the last time

    def may_be_made(self, today: date) -> bool:
        """A file is made once that before it is out of reach, until the bank takes it no more. Before the close of its
        month it lacks that month's fees, which screens say: there is one file for a day."""
        return self.opens <= today <= self.deadline


def debit_day(month: date, lead_days: int, result_days: int, holidays: Container[date]) -> DebitDay:
    """Return the debit of a month: its 27th or the next bank day, even if that is next month's."""
    day = date_rules.debit_date(date_rules.month_start(month), holidays)
    before = date_rules.debit_date(date_rules.month_start(month, -1), holidays)

    def taken_until(day: date) -> date:
        return date_rules.bank_days_away(day, -lead_days, holidays) if lead_days else day

    return DebitDay(
        date_rules.month_start(month),
        day,
        taken_until(day),
        date_rules.bank_days_away(day, result_days, holidays) if result_days else day,
        taken_until(before) + date_rules.DAY,
    )


def next_debit(today: date, made: Container[date], of_month: Callable[[date], DebitDay]) -> DebitDay:
    """Return the first debit whose file can still be handed in and was not made yet; `made`: days of debit."""
    month = date_rules.month_start(today, -1)
    while True:
        found = of_month(month)
        if found.deadline >= today and found.debit_on not in made:
            return found
        month = date_rules.month_start(month, 1)


def first_asking(
    since: date, due_on: date, of_month: Callable[[date], DebitDay], made: Container[date] = ()
) -> DebitDay:
    """Return the first debit that can ask for a sum: known since a day, due on another; `made`: days of debit whose
    file was made without it."""
    month = date_rules.month_start(since, -1)
    while True:
        found = of_month(month)
        if found.deadline >= since and found.debit_on >= due_on and found.debit_on not in made:
            return found
        month = date_rules.month_start(month, 1)


def last_debit_over(ended_on: date, debit_on: date) -> bool:
    """Return whether a debit comes after the last closing of a contract (15-2, 15-3).

    What a contract's last month adds is invoiced on the 1st after it, on which most contracts end.
    """
    closed = ended_on if ended_on.day == 1 else date_rules.month_start(ended_on, 1)
    return debit_on >= closed


# -- what the bank says


class Outcome(enum.StrEnum):
    """振替結果コード: what the bank says of one debit."""

    paid = "0"
    no_funds = "1"  # 資金不足
    no_account = "2"  # 取引なし
    payer_stopped = "3"  # 預金者の都合による振替停止
    no_mandate = "4"  # 預金口座振替依頼書なし
    we_stopped = "8"  # 委託者の都合による振替停止
    other = "9"
    unknown = "?"


def outcome(code: str) -> Outcome:
    """Return what a code means; agents use more than the list has, and those are never taken as paid."""
    return next((each for each in Outcome if each.value == code and each is not Outcome.unknown), Outcome.unknown)


class EntryState(enum.StrEnum):
    """One debit on its way."""

    waiting = "waiting"  # the bank has not answered
    paid = "paid"
    failed = "failed"  # it is clear what follows
    with_staff = "with_staff"  # somebody has to look
    decided = "decided"
    withdrawn = "withdrawn"  # with its file, before that was handed in


class EntryAction(enum.StrEnum):
    pay = "the bank: paid"
    fail = "the bank: not paid, and why"
    ask = "the bank: staff have to look"
    decide = "staff have looked"
    withdraw = "the file is withdrawn"


E, EA = EntryState, EntryAction
ENTRY = {
    (E.waiting, EA.pay): E.paid,
    (E.waiting, EA.fail): E.failed,
    (E.waiting, EA.ask): E.with_staff,
    (E.with_staff, EA.decide): E.decided,
    (E.waiting, EA.withdraw): E.withdrawn,
}


class RunState(enum.StrEnum):
    """The file of one day of debit."""

    made = "made"
    reading = "reading"  # the result is checked and kept; what follows from it is being carried out
    answered = "answered"
    withdrawn = "withdrawn"


class RunAction(enum.StrEnum):
    check = "the result is checked and kept"
    answer = "all of it is carried out"
    withdraw = "withdraw the file before it is handed in"


R, RA = RunState, RunAction
RUN = {
    (R.made, RA.check): R.reading,
    (R.reading, RA.answer): R.answered,
    (R.made, RA.withdraw): R.withdrawn,
}


class OnMandate(enum.StrEnum):
    """What an answer does to the mandate."""

    keep = "keep"
    stop = "stop"
    unregister = "unregister"  # back to the bank: it has no form


@dataclass(frozen=True)
class Consequence:
    """What follows from an answer: for the debit, the mandate, and whether the customer is told."""

    action: EntryAction
    mandate: OnMandate = OnMandate.keep
    tell: bool = False


CONSEQUENCES = {
    Outcome.paid: Consequence(EA.pay),
    Outcome.no_funds: Consequence(EA.fail, tell=True),  # asked for again with the next debit
    Outcome.no_account: Consequence(EA.fail, OnMandate.stop, tell=True),
    Outcome.payer_stopped: Consequence(EA.fail, OnMandate.stop, tell=True),
    Outcome.no_mandate: Consequence(EA.ask, OnMandate.unregister),
    Outcome.we_stopped: Consequence(EA.ask),
    Outcome.other: Consequence(EA.ask),
    Outcome.unknown: Consequence(EA.ask),
}


def answered(state: EntryState, said: Outcome) -> EntryState:
    """Return the state of a debit after the bank's answer. Raises state_rules.Illegal for a second one."""
    return after(ENTRY, state, CONSEQUENCES[said].action)


class Decision(enum.StrEnum):
    """What staff make of an answer that they had to look at."""

    again = "again"  # the next file asks for it
    transfer = "transfer"  # the contract pays by transfer from now on
    paid = "paid"  # the bank says on asking that it was debited


DIAGRAMS = (
    diagram("Debit file", RUN, RunState.made),
    diagram("Debit", ENTRY, EntryState.waiting),
)
