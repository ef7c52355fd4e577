"""What the next debit file will hold, and who is left out and why (6-1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from wem import workdays
from wem.accounts.models import Customer
from wem.billing import debit_rules, kana_rules
from wem.billing.debit_models import DebitEntry, DebitItem, DebitRun, live_runs, method_of, methods
from wem.billing.debit_rules import Candidate, DebitDay, EntryState, Left
from wem.billing.models import Receivable
from wem.billing.zengin_rules import Collector
from wem.contracts import date_rules, places
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.state_rules import MandateState
from wem.db import db
from wem.settings import settings


def collector() -> Collector:
    """Return who collects, as the settings say."""
    given = settings()
    return Collector(
        code=given.DEBIT_COLLECTOR,
        name=given.DEBIT_COLLECTOR_NAME,
        bank_code=given.DEBIT_BANK,
        bank=places.bank_kana().get(given.DEBIT_BANK, ""),
        branch_code=given.DEBIT_BRANCH,
        branch=places.branch_kana(given.DEBIT_BANK).get(given.DEBIT_BRANCH, ""),
        account_type=given.DEBIT_ACCOUNT_TYPE,
        account=given.DEBIT_ACCOUNT,
        crlf=given.DEBIT_LINE_ENDS == "crlf",
        eof=given.DEBIT_EOF == "1",
        lead_days=int(given.DEBIT_LEAD_DAYS),
        result_days=int(given.DEBIT_RESULT_DAYS),
        joined=given.DEBIT_RECORDS == "contract",
    )


def of_month(month: date) -> DebitDay:
    """Return the days of a month's debit."""
    given = settings()
    return debit_rules.debit_day(month, int(given.DEBIT_LEAD_DAYS), int(given.DEBIT_RESULT_DAYS), workdays.holidays())


def upcoming(today: date) -> DebitDay:
    """Return the next debit whose file can still be handed in and was not made."""
    return debit_rules.next_debit(today, {run.debit_on for run in live_runs()}, of_month)


# -- what will be in it


@dataclass(frozen=True)
class Who:
    """Whose a sum is, as screens show it."""

    customer_id: int
    contract_id: int
    number: str
    name: str


@dataclass(frozen=True)
class Sum:
    """One open sum with what screens show of it."""

    candidate: Candidate
    who: Who
    label: str
    holder: str = ""
    wrong: str = ""  # characters of the holder that cannot be written


@dataclass(frozen=True)
class Plan:
    """What a file will hold: the sums of each record, and those that are left out, with the reason."""

    day: DebitDay
    records: list[tuple[Sum, ...]]
    left: list[tuple[Sum, Left]]

    @property
    def amount(self) -> int:
        return sum(each.candidate.open for record in self.records for each in record)

    @property
    def count(self) -> int:
        return len(self.records)

    @property
    def left_amount(self) -> int:
        return sum(each.candidate.open for each, _ in self.left)


def plan(day: DebitDay, joined: bool) -> Plan:
    """Return what is debited on a day as things stand."""
    entering: dict[int, Sum] = {}
    left: list[tuple[Sum, Left]] = []
    for each in _sums():
        reason = debit_rules.left_out(each.candidate, day.debit_on)
        if reason is None:
            entering[each.candidate.receivable_id] = each
        else:
            left.append((each, reason))
    groups = debit_rules.grouped((each.candidate for each in entering.values()), joined)
    records = [tuple(entering[each.receivable_id] for each in group) for group in groups]
    return Plan(day, records, sorted(left, key=lambda pair: (list(Left).index(pair[1]), pair[0].candidate.due_on)))


def _sums() -> Iterator[Sum]:
    """Yield every open sum. Plain columns: a month's file has thousands."""
    chosen, states = methods(), _asked()
    holder = sa.select(Mandate.contract_id, sa.func.max(Mandate.id).label("id"))
    serving = holder.where(Mandate.state == MandateState.registered).group_by(Mandate.contract_id).subquery()
    found = (
        sa.select(Receivable, Contract.number, Customer.name, Mandate.id, Mandate.account_holder)
        .join(Contract, Contract.id == Receivable.contract_id)
        .join(Customer, Customer.id == Receivable.customer_id)
        .outerjoin(serving, serving.c.contract_id == Receivable.contract_id)
        .outerjoin(Mandate, Mandate.id == serving.c.id)
        .where(Receivable.settled_on.is_(None), Receivable.amount > Receivable.paid)
        .order_by(Receivable.id)
    )
    for row, number, name, mandate_id, account_holder in db.session.execute(found):
        wrong = _wrong(account_holder or "") if mandate_id else ""
        candidate = Candidate(
            row.id,
            row.contract_id,
            row.missing,
            row.due_on,
            row.kind.value,
            method_of(row.contract_id, row.id, chosen),
            EntryState.waiting in states.get(row.id, ()),
            EntryState.with_staff in states.get(row.id, ()),
            mandate_id,
            not wrong,
        )
        who = Who(row.customer_id, row.contract_id, number, name)
        yield Sum(candidate, who, row.label, account_holder or "", wrong)


def _wrong(holder: str) -> str:
    """Return what of a name cannot be written; a space stands for a name of nothing."""
    try:
        kana_rules.name(holder, 30)
    except kana_rules.Unwritable as refused:
        return refused.characters or " "
    return ""


def _asked() -> dict[int, set[EntryState]]:
    """Return the sums in debits that are not through, with the states of these."""
    found: dict[int, set[EntryState]] = {}
    rows = sa.select(DebitItem.receivable_id, DebitEntry.state).join(DebitEntry)
    open_ = DebitEntry.state.in_((EntryState.waiting, EntryState.with_staff))
    for receivable_id, state in db.session.execute(rows.where(open_)):
        found.setdefault(receivable_id, set()).add(state)
    return found


def next_after(run: DebitRun) -> DebitDay:
    """Return the debit that comes after that of a run, in which what failed is asked for again."""
    return of_month(date_rules.month_start(run.month, 1))
