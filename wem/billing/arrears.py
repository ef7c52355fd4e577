"""What is overdue: of one contract, of all, and whether a suspension for it can be lifted (13-2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from wem.billing import collecting, dunning_rules, reminding
from wem.billing.collecting import Late
from wem.billing.dunning_rules import Asked, Case, Doubt, Proposal
from wem.billing.models import Receivable, receivables
from wem.billing.month_models import Reminder
from wem.billing.rules import NotPaid
from wem.contracts import arrears_rules, date_rules
from wem.contracts.arrears_rules import Lifting
from wem.contracts.models import Contract
from wem.contracts.request_models import RequestKind, open_requests
from wem.contracts.rules import ContractState, SuspensionGround
from wem.db import db
from wem.settings import settings


def outstanding(contract_id: int, on: date) -> int:
    """Return the yen that a contract has not paid in time; what a first debit is still to ask for is none of it."""
    return sum(row.missing for row in overdue(contract_id, on))


def before_change(contract_id: int, on: date) -> int:
    """Return the yen that must be settled before a change can be asked for (11-2, A-21).

    What is overdue; by the setting `CHANGE_NEEDS` all that is open, also what waits for its debit.
    """
    if settings().CHANGE_NEEDS == "overdue":
        return outstanding(contract_id, on)
    found = sa.select(sa.func.sum(_MISSING)).where(
        Receivable.contract_id == contract_id, Receivable.settled_on.is_(None)
    )
    return db.session.scalar(found) or 0


_MISSING = Receivable.amount - Receivable.paid


def overdue(contract_id: int, on: date) -> list[Receivable]:
    """Return what a contract has not paid in time, the oldest first."""
    return [each.row for each in collecting.late(on, [contract_id])]


@dataclass(frozen=True)
class Debtor:
    """A contract with sums overdue: how many, how much, since when, and until when lifting would be possible."""

    contract: Contract
    count: int
    amount: int
    oldest: date
    limit: date
    days: int = 0  # since the oldest due date
    reminder: Reminder | None = None
    proposal: Proposal = Proposal.wait
    asked_for: int = 0  # yen that a reminder asks for: nothing while a debit is to collect all of it
    doubt: Doubt | None = None  # what speaks against suspending today

    @property
    def over(self) -> bool:
        """Return whether the contract is over: nothing is left to suspend, or to lift."""
        return self.contract.state is ContractState.ended


def debtors(on: date, *, ended: bool = False, contract_id: int | None = None) -> list[Debtor]:
    """Return every contract in force with something overdue, the oldest debt first; with `ended` those over too.

    With `contract_id` this one alone.
    """
    owing: dict[int, list[Late]] = {}
    for each in collecting.late(on, None if contract_id is None else [contract_id]):
        owing.setdefault(each.row.contract_id, []).append(each)
    reminders = reminding.last_reminders(list(owing))
    found = [
        _debtor(sums[0].row.contract, sums, reminders.get(id), on)
        for id, sums in owing.items()
        if ended or sums[0].row.contract.state is not ContractState.ended
    ]
    return sorted(found, key=lambda each: (each.oldest, each.contract.id))


def _debtor(contract: Contract, sums: list[Late], reminder: Reminder | None, on: date) -> Debtor:
    since = sums[0].row.due_on
    count, amount = len(sums), sum(each.row.missing for each in sums)
    limit, days = date_rules.settle_limit(since), dunning_rules.days_overdue(since, on)
    left = [each.row for each in sums if not each.again]
    if not left:
        return Debtor(contract, count, amount, since, limit, days, doubt=dunning_rules.doubt(None, 0, on))
    asked = Asked(reminder.sent_on, reminder.pay_by) if reminder else None
    over = contract.state is ContractState.ended
    oldest = left[0].due_on
    case = Case(oldest, date_rules.settle_limit(oldest), asked, contract.suspended, over)
    of_this, asks_for = dunning_rules.asked_for(case), sum(each.missing for each in left)
    return Debtor(
        contract,
        count,
        amount,
        since,
        limit,
        days,
        reminder if of_this else None,
        dunning_rules.proposal(case, on, int(settings().REMIND_AFTER_DAYS)),
        asks_for,
        dunning_rules.doubt(of_this.pay_by if of_this else None, asks_for, on),
    )


def conditions(contract: Contract, on: date) -> Lifting | None:
    """Return the conditions of 13-2 as they stand; None when no suspension for non-payment stands."""
    if (
        contract.state is ContractState.ended
        or contract.suspended_at is None
        or contract.suspension_ground is not SuspensionGround.nonpayment
    ):
        return None
    applied = any(row.undecided for row in open_requests(contract.id, RequestKind.resume))
    # What was typed in by mistake was never owed.
    owed = [row.owed for row in receivables(contract.id) if row.not_paid is not NotPaid.cancelled]
    return arrears_rules.lifting(owed, contract.suspended_at.date(), applied, on)
