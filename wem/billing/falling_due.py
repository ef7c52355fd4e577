"""By when an invoice is to be paid: never so soon that nobody can (4-5, 6-1)."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import clock
from wem.billing import debit_planning, invoice_rules
from wem.billing.debit_models import live_runs, method_of, methods
from wem.billing.debit_rules import Method
from wem.contracts.date_rules import month_start
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.state_rules import MandateState
from wem.db import db
from wem.settings import settings


def of_month(contract: Contract, month: date) -> date:
    """Return by when what is issued today for a month is paid: on the day of its debit, or a later one in time."""
    return invoice_rules.due_day(
        month,
        clock.today(),
        int(settings().PAYMENT_DAYS),
        debit_planning.of_month,
        debited=debited(contract.id),
        made={run.debit_on for run in live_runs()},
    )


def kept(contract: Contract, due_on: date | None) -> date:
    """Return by when an invoice is paid that is issued today in the place of another: on the day that was named, when
    that leaves time, else on one that does."""
    today = clock.today()
    if due_on is not None and (due_on - today).days >= int(settings().PAYMENT_DAYS):
        return due_on
    return of_month(contract, month_start(today))


def debited(contract_id: int) -> bool:
    """Return whether a contract pays by a mandate that is registered with the bank."""
    if method_of(contract_id, None, methods([contract_id])) is not Method.debit:
        return False
    found = sa.select(Mandate.id).where(Mandate.contract_id == contract_id, Mandate.state == MandateState.registered)
    return db.session.scalar(found.limit(1)) is not None
