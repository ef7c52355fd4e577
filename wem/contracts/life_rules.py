"""The life of a contract as a value: what each act and each day makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from wem.contracts import date_rules
from wem.contracts.date_rules import DAY, Term
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import CONTRACT, ContractAction, Illegal, after


@dataclass(frozen=True)
class Life:
    """State and dates of one contract. `leaves_on` and `expires_on` are first days without it."""

    state: ContractState
    start: date | None = None
    minimum: int = 6
    unit: int = 1
    notice: int = 1
    literal: bool = False
    leaves_on: date | None = None
    expires_on: date | None = None
    ended_on: date | None = None  # first day without it
    reason: EndReason | None = None

    @property
    def over_on(self) -> date | None:
        """Return the first day without the contract as it stands; None when no end is in sight."""
        if self.ended_on is not None:
            return self.ended_on
        return min((day for day in (self.leaves_on, self.expires_on) if day is not None), default=None)

    @property
    def first_exit(self) -> date | None:
        return date_rules.first_exit(self.start, self.minimum, self.literal) if self.start else None


@dataclass(frozen=True)
class Dates:
    """The dates of a contract as its pages show them; None where there is no such day."""

    void_since: date | None = None  # refused after all; the contract has no effect from the beginning
    last_day: date | None = None
    cut_off: date | None = None  # ended that day, which is the start's or before: there is no last day of service
    first_exit: date | None = None
    term: Term | None = None  # the present one
    term_ends: date | None = None
    renews: date | None = None
    refusal_deadline: date | None = None  # of ours (5-3)


def dates(life: Life, today: date) -> Dates:
    """Return what a contract's pages show on a day: no present term once it is over, nothing of what never began."""
    over = life.over_on
    if life.reason is EndReason.void:
        return Dates(void_since=over)
    if life.start is not None and over is not None and over <= life.start:
        return Dates(cut_off=over)  # terminated before its start, or on its day
    # A termination holds from its moment: until then the day was one of service. Notices end with a day before a 1st.
    at_once = life.reason is EndReason.terminated
    last_day = over - DAY if over and not at_once else over
    running = life.state is not ContractState.ended and (over is None or today < over)
    if life.start is None or not running:
        return Dates(last_day=last_day, first_exit=life.first_exit)
    term = date_rules.term_on(life.start, life.minimum, life.unit, today, life.literal)
    ends = term.end(life.literal)
    return Dates(
        last_day=last_day,
        first_exit=life.first_exit,
        term=term,
        term_ends=ends,
        renews=ends + DAY if over is None or ends + DAY < over else None,
        refusal_deadline=date_rules.non_renewal_deadline(term, life.notice),
    )


def terms_until(life: Life, last: date) -> list[Term]:
    """Return the terms that have begun by a day, the minimum term first."""
    if life.start is None:
        return []
    found = []
    for term in date_rules.terms(life.start, life.minimum, life.unit, life.literal):
        if term.begins > last:
            break
        found.append(term)
    return found


def begin(life: Life, on: date) -> Life:
    """Return the contract in use. Raises Illegal before its start date (4-4)."""
    if life.start is None or on < life.start:
        raise Illegal("the start date has not come")
    return replace(life, state=after(CONTRACT, life.state, ContractAction.start))


def _not_over(life: Life, on: date) -> None:
    if life.over_on is not None and life.over_on <= on:
        raise Illegal("the contract is over")


def give_notice(life: Life, received: datetime, wanted: date | None = None) -> Life:
    """Return the contract after the customer's cancellation (15-1); it takes effect after the minimum term (A-04)."""
    _not_over(life, received.date())
    state = after(CONTRACT, life.state, ContractAction.give_notice)
    exit_on = life.first_exit
    assert exit_on is not None, "a contract in use has a start"
    return replace(life, state=state, leaves_on=date_rules.cancel_effective(received, wanted, exit_on))


def leave_early(life: Life, on: date, effective: date) -> Life:
    """Return the contract with an earlier end, which we grant a customer who has cancelled (A-04).

    It falls on a 1st that lies ahead. Raises Illegal without a cancellation, and for a day that is not earlier.
    """
    _not_over(life, on)
    if life.leaves_on is None or effective.day != 1 or not on < effective < life.leaves_on:
        raise Illegal("no earlier exit")
    return replace(life, leaves_on=effective)


def withdraw_notice(life: Life, on: date) -> Life:
    """Return the contract as if the customer had not cancelled; Illegal once the cancellation holds."""
    _not_over(life, on)
    action = ContractAction.withdraw_beside_refusal if life.expires_on else ContractAction.withdraw
    return replace(life, state=after(CONTRACT, life.state, action), leaves_on=None)


def refuse_renewal(life: Life, arrived: date) -> Life:
    """Return the contract after our refusal of renewal arrived (5-3, A-05); it ends with the first term in time."""
    _not_over(life, arrived)
    state = after(CONTRACT, life.state, ContractAction.refuse_renewal)
    assert life.start is not None, "a contract in use has a start"
    term = date_rules.refusal_term(arrived, life.start, life.minimum, life.unit, life.notice, life.literal)
    return replace(life, state=state, expires_on=term.end(life.literal) + DAY)


def keep(life: Life, on: date) -> Life:
    """Return the contract after we took our refusal back; Illegal once it is over, or when nothing was refused."""
    if life.expires_on is None or life.expires_on <= on:
        raise Illegal("there is no refusal to take back")
    return replace(life, state=after(CONTRACT, life.state, ContractAction.keep), expires_on=None)


def end_by_date(life: Life, on: date) -> Life:
    """Return the contract ended, once its day has come; the earlier of the two notices says how."""
    over = life.over_on
    if over is None or on < over:
        raise Illegal("the end has not come")
    reason = EndReason.cancelled if life.leaves_on == over else EndReason.expired
    return replace(life, state=after(CONTRACT, life.state, ContractAction.end), ended_on=over, reason=reason)


def terminate(life: Life, on: date) -> Life:
    """Return the contract ended at once by us (14-1, 14-2)."""
    state = after(CONTRACT, life.state, ContractAction.terminate)
    return replace(life, state=state, ended_on=on, reason=EndReason.terminated)


def may_be_void(life: Life, on: date) -> bool:
    """Return whether the application can still be refused: accepted, and the start date ahead (A-03)."""
    return life.state is ContractState.accepted and (life.start is None or on < life.start)


def void(life: Life, on: date) -> Life:
    """Return the contract ended before its start, the application being refused after all (4-3, A-03).

    Raises Illegal from the start date on, even while the daily job has not begun the contract.
    """
    if not may_be_void(life, on):
        raise Illegal("the service has begun")
    state = after(CONTRACT, life.state, ContractAction.void)
    return replace(life, state=state, ended_on=on, reason=EndReason.void)
