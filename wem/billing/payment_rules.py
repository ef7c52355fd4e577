"""Payments: what settles what, which payment is whose, when money goes back; plain functions (7-1b, 4-7, A-17)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from wem.billing import kana_rules
from wem.contracts.state_rules import Illegal
from wem.diagram_rules import diagram


class PaymentWay(enum.StrEnum):
    debit = "debit"
    transfer = "transfer"
    desk = "desk"  # at our own desk, with a receipt


class PaymentState(enum.StrEnum):
    unmatched = "unmatched"  # nobody has said whose it is
    over = "over"  # more than was owed: the rest waits for what comes, or goes back
    settled = "settled"
    held = "held"  # of an application that is not decided, or not a contract yet
    set_aside = "set_aside"


@dataclass(frozen=True)
class Rest:
    """A payment as the rules see it, in yen."""

    amount: int
    settled: int
    refunded: int
    known: bool  # whose it is
    set_aside: bool = False
    held: bool = False

    @property
    def state(self) -> PaymentState:
        if self.amount == self.settled + self.refunded:
            return PaymentState.settled
        if self.set_aside:
            return PaymentState.set_aside
        if self.held:
            return PaymentState.held
        return PaymentState.over if self.known else PaymentState.unmatched


@dataclass(frozen=True)
class Open:
    """One sum that is not settled: yen that are missing."""

    receivable_id: int
    contract_id: int
    missing: int
    due_on: date


def shares(rest: int, sums: Iterable[Open]) -> list[tuple[int, int]]:
    """Return (receivable, yen) that a payment settles: the oldest debt first; what is short leaves the last one open.

    No shortfall is too small to count: the charges of a transfer are the payer's (7-1b).
    """
    found = []
    for each in sorted(sums, key=lambda sum_: (sum_.due_on, sum_.receivable_id)):
        part = min(rest, each.missing)
        if part > 0:
            found.append((each.receivable_id, part))
            rest -= part
    return found


# A paper for cash of so many yen carries a revenue stamp (印紙税法 別表第一 17号).
STAMPED_FROM = 50_000


def may_have_receipt(way: PaymentWay, *, known: bool) -> None:
    """Raise Illegal unless it was paid at our own desk (A-07) by somebody we know: banks tell of all others."""
    if way is not PaymentWay.desk or not known:
        raise Illegal("no receipt for what came by a bank, or is nobody's yet")


def needs_stamp(amount: int) -> bool:
    """Return whether a receipt needs a revenue stamp; by the sum with tax, for it does not name the tax apart."""
    return amount >= STAMPED_FROM


# -- whose a payment is


@dataclass(frozen=True)
class Owing:
    """A contract with what it owes and by which names its money may come."""

    contract_id: int
    number: str
    names: frozenset[str]  # as `kana_rules.key` gives them
    open: tuple[Open, ...]

    @property
    def total(self) -> int:
        return sum(each.missing for each in self.open)


@dataclass(frozen=True)
class Suggestion:
    """A contract that a payment may be of: what speaks for it."""

    contract_id: int
    by_number: bool
    by_name: bool
    exact: bool  # all that is open, or one sum of it, to the yen
    open: tuple[Open, ...]

    @property
    def score(self) -> int:
        return 4 * self.by_number + 2 * self.by_name + self.exact

    @property
    def sure(self) -> bool:
        """Whether nothing speaks against it; people confirm it all the same."""
        return self.exact and (self.by_name or self.by_number)


def suggestions(
    amount: int, payer: str, owing: Sequence[Owing], most: int = 5, *, alone: bool = True
) -> list[Suggestion]:
    """Return the contracts that a payment may be of, the likeliest first: by number, name, amount.

    `alone`: whether the amount without name or number speaks for a contract, which it does not where many owe as much.
    """
    name, digits = kana_rules.key(payer), _written(payer)
    found = []
    for each in owing:
        if not each.open:
            continue
        exact = amount == each.total or any(amount == sum_.missing for sum_ in each.open)
        by_name = bool(name) and any(alike(name, known) for known in each.names)
        suggestion = Suggestion(each.contract_id, _names(each.number, digits), by_name, exact, each.open)
        if suggestion.by_number or suggestion.by_name or (exact and alone):
            found.append(suggestion)
    found.sort(key=lambda each: (-each.score, abs(amount - sum(sum_.missing for sum_ in each.open)), each.contract_id))
    return found[:most]


# When more contracts than this miss the same sum, the sum alone speaks for none of them: most pay the same fee.
FEW = 20


class Sought:
    """What payments say, to find the contracts of which `suggestions` can make something without looking at each."""

    def __init__(self, payments: Iterable[tuple[int, str]]) -> None:
        self.amounts: set[int] = set()
        self._names: set[str] = set()
        self._numbers: set[str] = set()
        for amount, payer in payments:
            self.amounts.add(amount)
            name, written = kana_rules.key(payer), _written(payer)
            if name:
                self._names.add(name[:_LEAST])
            ends = range(_LEAST, len(written) + 1)
            self._numbers.update(written[at:end] for end in ends for at in range(end - _LEAST + 1))

    def may_be(self, number: str, names: Iterable[str]) -> bool:
        """Return whether one of the payments may be of the contract of this number, or of who has these names."""
        return _plain(number) in self._numbers or any(name[:_LEAST] in self._names for name in names)


# Banks cut names off, and so do our customers theirs: this many characters in common are a name.
_LEAST = 4


def alike(one: str, other: str) -> bool:
    """Return whether two names, as `kana_rules.key` gives them, may be one payer's; banks cut long ones off."""
    if not other:
        return False
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) >= _LEAST and long.startswith(short))


def _plain(number: str) -> str:
    return "".join(each for each in number.upper() if each.isalnum())


def _written(payer: str) -> str:
    return "".join(each for each in kana_rules.half_width(payer) if each.isalnum())


def _names(number: str, written: str) -> bool:
    """Whether a payer has written our contract number before or behind the name."""
    plain = _plain(number)
    return len(plain) >= _LEAST and plain in written


# -- money that goes back


class RefundGround(enum.StrEnum):
    """When the terms let money go back (A-17); nothing else is paid back (4-7, 15-3)."""

    overpaid = "overpaid"
    twice = "twice"
    refused = "refused"  # the application was refused (4-3)
    withdrawn = "withdrawn"  # the applicant withdrew before there was a contract
    conditions = "conditions"  # campaign or course say so (5-4)
    returned = "returned"  # a return of a contract that is over: nothing is charged any more that it could be taken off


class RefundState(enum.StrEnum):
    proposed = "proposed"
    approved = "approved"
    refused = "refused"
    withdrawn = "withdrawn"
    paid = "paid"


DROPPED = frozenset({RefundState.refused, RefundState.withdrawn})  # nothing comes of these


class RefundAction(enum.StrEnum):
    approve = "approve (by another person)"
    refuse = "refuse"
    withdraw = "withdraw (by who asked)"
    pay = "paid out"


F, FA = RefundState, RefundAction
REFUND = {
    (F.proposed, FA.approve): F.approved,
    (F.proposed, FA.refuse): F.refused,
    (F.proposed, FA.withdraw): F.withdrawn,
    (F.approved, FA.pay): F.paid,
}


def may_refund(
    ground: RefundGround, amount: int, rest: int, *, refused: bool, conditions: bool, withdrawn: bool = False
) -> None:
    """Raise Illegal unless so many yen may go back on a ground.

    `rest`: what of the payment settles nothing; only that goes back. `refused`: whether the application was, before or
    after there was a contract; `conditions`: what was agreed with the contract lets money go back. `withdrawn`: whether
    the applicant withdrew before there was a contract. The terms are silent about that, and A-17 names refused
    applications only; our reading: money that came in and became no contract is held without ground (民法 703条), so it
    goes back like a refused one's.
    """
    if not 0 < amount <= rest:
        raise Illegal("only what settles nothing goes back")
    if ground is RefundGround.returned:
        raise Illegal("that is the ground of a return, not of a payment")
    if ground is RefundGround.conditions and not conditions:
        raise Illegal("the contract's conditions allow no refund (4-7)")
    if ground is RefundGround.refused and not refused:
        raise Illegal("the application was not refused")
    if ground is RefundGround.withdrawn and not withdrawn:
        raise Illegal("the application was not withdrawn")


def may_pay_return(amount: int, rest: int, *, ended: bool, owes: bool, written_off: bool) -> None:
    """Raise Illegal unless so many yen of a return (適格返還請求書) may be paid out.

    What was charged too much is taken off what is owed; only of a contract that is over, and owes nothing, does the
    rest go back. Nothing goes back of what was never paid, but written off. `rest`: yen of the return that nobody has
    asked for.
    """
    if not 0 < amount <= rest:
        raise Illegal("more than is left of the return, or nothing")
    if not ended or owes:
        raise Illegal("it is taken off what the contract owes")
    if written_off:
        raise Illegal("what it gives back was never paid")


DIAGRAMS = (diagram("Refund", REFUND, RefundState.proposed),)
