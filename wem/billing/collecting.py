"""Which overdue sums a debit is still to collect: nobody is reminded of them, or suspended for them (6-1, 13-2)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from wem.billing import debit_planning, debit_rules
from wem.billing.debit_models import DebitEntry, DebitItem, in_file, in_flight, method_of, methods
from wem.billing.debit_rules import EntryState, Method
from wem.billing.models import Receivable
from wem.contracts.mandate_models import Mandate
from wem.contracts.state_rules import MandateState
from wem.db import db


def overdue(on: date) -> sa.ColumnElement[bool]:
    """What is not settled after its day; of a first debit without a clear answer nobody can know that yet."""
    return sa.and_(Receivable.settled_on.is_(None), Receivable.due_on < on, ~in_flight())


def uncollected(contract_ids: Collection[int], on: date) -> list[Receivable]:
    """Return what these contracts have not paid in time and no debit is to collect, the oldest first.

    Left out is what the bank has been asked for, and what the next debit by a registered mandate will ask for first.
    """
    asked = sa.exists(
        sa.select(DebitItem.id)
        .join(DebitEntry)
        .where(DebitItem.receivable_id == Receivable.id, DebitEntry.state != EntryState.withdrawn)
    )
    found = sa.select(Receivable, asked).where(
        overdue(on), ~in_file(), Receivable.contract_id.in_(contract_ids)
    )  # fmt: skip
    rows = db.session.execute(found.order_by(Receivable.due_on, Receivable.id)).all()
    since, chosen = _registered(contract_ids), methods(contract_ids)
    left = []
    for row, was_asked in rows:
        debited = debit_rules.debitable(row.kind.value) and method_of(row.contract_id, row.id, chosen) is Method.debit
        ready = since.get(row.contract_id)
        if was_asked or not debited or ready is None:
            left.append(row)
            continue
        known = max(ready, row.created_at.date())
        if on > debit_rules.first_answer(known, row.due_on, debit_planning.of_month):
            left.append(row)
    return left


def _registered(contract_ids: Collection[int]) -> dict[int, date]:
    """Return since when a mandate of these contracts is registered with the bank."""
    day = sa.func.min(sa.func.coalesce(Mandate.registered_on, Mandate.moved_on))
    found = sa.select(Mandate.contract_id, day).where(
        Mandate.contract_id.in_(contract_ids), Mandate.state == MandateState.registered
    )
    return {row[0]: row[1] for row in db.session.execute(found.group_by(Mandate.contract_id))}
