"""The mandate ends after the last debit of a contract (15-2): here for contracts whose last debit never came."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem.billing import paying
from wem.billing.debit_models import DebitEntry
from wem.billing.debit_rules import EntryState
from wem.contracts import date_rules
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import MandateAction, MandateState
from wem.db import db

# What the last month adds is invoiced on the 1st after the end and debited in that month.
MONTHS_AFTER = 2


def end_mandates(on: date) -> int:
    """Stop the mandates of contracts that ended months ago and owe nothing; returns how many. The caller commits."""
    waiting = sa.exists(
        sa.select(DebitEntry.id).where(
            DebitEntry.contract_id == Mandate.contract_id,
            DebitEntry.state.in_((EntryState.waiting, EntryState.with_staff)),
        )
    )
    found = (
        sa.select(Mandate)
        .join(Contract, Contract.id == Mandate.contract_id)
        .where(
            Mandate.state == MandateState.registered,
            Contract.state == ContractState.ended,
            Contract.ended_on < date_rules.month_start(on, 1 - MONTHS_AFTER),
            ~waiting,
        )
        .with_for_update(of=Mandate)
    )
    ended = [row for row in db.session.scalars(found) if not paying.open_sums(row.contract_id)]
    for row in ended:
        row.move(MandateAction.stop, by=None)
    return len(ended)
