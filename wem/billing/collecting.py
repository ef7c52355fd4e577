"""Which overdue sums a debit is still to collect: nobody is reminded of them, or suspended for them (6-1, 13-2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from wem.billing import debit_planning, debit_rules
from wem.billing.debit_models import DebitEntry, DebitItem, in_file, in_flight, live_runs, method_of, methods
from wem.billing.debit_rules import EntryState, Method
from wem.billing.models import Receivable
from wem.contracts.mandate_models import Mandate
from wem.contracts.state_rules import MandateState
from wem.db import db


def overdue(on: date) -> sa.ColumnElement[bool]:
    """What is not settled after its day; of a first debit without a clear answer nobody can know that yet."""
    return sa.and_(Receivable.settled_on.is_(None), Receivable.due_on < on, ~in_flight())


@dataclass(frozen=True)
class Late:
    """One sum that was not paid in time; `again`: a debit that failed is made once more, and nobody is reminded."""

    row: Receivable
    again: bool


def late(on: date, contract_ids: Collection[int] | None = None) -> list[Late]:
    """Return what was not paid in time, the oldest first; of all contracts unless some are named.

    Left out is what no debit has asked for yet and the next one by a registered mandate will: its payer has nothing
    to do but to wait (6-1).
    """
    asked = sa.exists(
        sa.select(DebitItem.id)
        .join(DebitEntry)
        .where(DebitItem.receivable_id == Receivable.id, DebitEntry.state != EntryState.withdrawn)
    )
    found = sa.select(Receivable, asked, in_file()).where(overdue(on)).order_by(Receivable.due_on, Receivable.id)
    found = found.options(joinedload(Receivable.contract))
    if contract_ids is not None:
        found = found.where(Receivable.contract_id.in_(contract_ids))
    rows = db.session.execute(found).all()
    planned = _planned([row for row, was_asked, _ in rows if not was_asked], on)
    return [Late(row, again) for row, _, again in rows if row.id not in planned]


def late_ids(contract_ids: Collection[int], on: date) -> set[int]:
    """Return which sums of these contracts were not paid in time, as screens mark them."""
    return {each.row.id for each in late(on, contract_ids)}


def uncollected(contract_ids: Collection[int], on: date) -> list[Receivable]:
    """Return what these contracts have not paid in time and no debit is to collect, the oldest first."""
    return [each.row for each in late(on, contract_ids) if not each.again]


def open_by_hand(contract_id: int) -> list[Receivable]:
    """Return what a contract owes, due or not, and no debit file asks for, the oldest first."""
    found = sa.select(Receivable).where(
        Receivable.contract_id == contract_id, Receivable.settled_on.is_(None), ~in_file(), ~in_flight()
    )
    rows = db.session.scalars(found.order_by(Receivable.due_on, Receivable.id))
    return [row for row in rows if row.missing > 0]


def _planned(rows: Collection[Receivable], on: date) -> set[int]:
    """Return which of these sums, that no debit has asked for, one will ask for; until the bank should have answered.

    What a file left out that was made since it could ask waits for no further one.
    """
    if not rows:
        return set()
    contract_ids = {row.contract_id for row in rows}
    since, chosen, runs = _registered(contract_ids), methods(contract_ids), live_runs()
    found = set()
    for row in rows:
        ready = since.get(row.contract_id)
        debited = debit_rules.debitable(row.kind.value) and method_of(row.contract_id, row.id, chosen) is Method.debit
        if ready is None or not debited:
            continue
        known = max(ready, row.created_at.date())
        made = {run.debit_on for run in runs if run.made_at.date() <= known}
        if on <= debit_rules.first_asking(known, row.due_on, debit_planning.of_month, made).result_on:
            found.add(row.id)
    return found


def _registered(contract_ids: Collection[int]) -> dict[int, date]:
    """Return since when a mandate of these contracts is registered with the bank."""
    day = sa.func.min(sa.func.coalesce(Mandate.registered_on, Mandate.moved_on))
    found = sa.select(Mandate.contract_id, day).where(
        Mandate.contract_id.in_(contract_ids), Mandate.state == MandateState.registered
    )
    return {row[0]: row[1] for row in db.session.execute(found.group_by(Mandate.contract_id))}
