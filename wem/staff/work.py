"""The work list: what is due today, what is late, what waits for a decision; to each role what it may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from wem.accounts.rules import StaffRole, staff_may
from wem.staff import contract_work, erasure_work, money_work
from wem.staff.work_items import MOST, Item

# Who may open the page behind a line, and act there.
CONTRACTS = frozenset({StaffRole.contracts})
MONEY = frozenset({StaffRole.billing})
CASES = frozenset({StaffRole.contracts, StaffRole.support})


@dataclass(frozen=True)
class Work:
    """Things to do, the oldest first; `cut`: of some kind there are more than are shown."""

    due: list[Item]
    late: list[Item]
    decide: list[Item]
    cut: bool


def work(today: date, role: StaffRole) -> Work:
    """Return the work list of a day for somebody with this role, at most MOST of each kind."""
    acts = contract_work.acts(today) if staff_may(role, CONTRACTS | MONEY) else []
    due = [[item for item in acts if item.day >= today], *_due(today, role)]
    late = [[item for item in acts if item.day < today], *_late(today, role)]
    decide = list(_to_decide(today, role))
    cut = any(len(items) >= MOST for items in (acts, *due, *late, *decide))
    return Work(_sorted(due), _sorted(late), _sorted(decide), cut)


def _due(today: date, role: StaffRole) -> Iterator[list[Item]]:
    if staff_may(role, CONTRACTS):
        yield contract_work.deadlines(today)
    if staff_may(role, CASES):
        yield contract_work.cases(today, False)
    if staff_may(role, MONEY):
        yield money_work.files(today)


def _late(today: date, role: StaffRole) -> Iterator[list[Item]]:
    if staff_may(role, CONTRACTS):
        yield contract_work.applications(today, True)
        yield contract_work.unreached(today)
    if staff_may(role, CONTRACTS | MONEY):
        yield money_work.owing(today)
        yield money_work.mandates_late(today)
    if staff_may(role, CASES):
        yield contract_work.cases(today, True)
    if staff_may(role, MONEY):
        yield money_work.results_late(today)
        yield money_work.claims(today)


def _to_decide(today: date, role: StaffRole) -> Iterator[list[Item]]:
    if staff_may(role, CONTRACTS):
        yield contract_work.applications(today, False)
        yield contract_work.requests()
        yield contract_work.corrections()
        yield contract_work.terminations()
        yield contract_work.deletions()
        yield contract_work.disclosures()
        yield contract_work.news()
        yield erasure_work.records()
        yield money_work.lost(today)
    if staff_may(role, CASES):
        yield contract_work.reviews()
        yield contract_work.sender_names()
    if staff_may(role, CONTRACTS | MONEY):
        yield contract_work.liftings()
        yield money_work.mandates()
    if staff_may(role, MONEY):
        yield money_work.months(today)
        yield money_work.debits()
        yield money_work.refunds()
        yield money_work.first_fees()
        yield money_work.returns()
        yield money_work.overpaid()
        yield money_work.write_offs()
        yield money_work.prices()
        yield money_work.statements()


def _sorted(kinds: list[list[Item]]) -> list[Item]:
    return sorted((item for items in kinds for item in items), key=lambda item: (item.day, item.who))
