"""What staff decide of debits whose answer is not clear, and of how a contract or one sum is paid (6-1c/d)."""

from __future__ import annotations

from wem import audit, clock
from wem.billing import debit_answering
from wem.billing.debit_models import DebitEntry, PaymentChoice
from wem.billing.debit_rules import ENTRY, Decision, EntryAction, Method
from wem.billing.models import Receivable
from wem.contracts.models import Contract
from wem.db import db


def decide(entry: DebitEntry, decision: Decision, note: str, *, by: int) -> None:
    """Write down what staff found out about a debit, and do it. Raises Illegal when nothing is to be decided."""
    entry.take(EntryAction.decide, ENTRY)
    entry.decided_at, entry.decided_by, entry.note = clock.now(), by, note
    if decision is Decision.paid:
        debit_answering.pay(entry.run, entry, by=by)
    elif decision is Decision.transfer:
        choose(entry.contract, None, Method.transfer, note, by=by)
    audit.record(
        "debit.decide",
        by=by,
        customer_id=entry.customer_id,
        subject=entry,
        decision=decision.value,
        note=note,
    )


def choose(contract: Contract, row: Receivable | None, method: Method, reason: str, *, by: int) -> PaymentChoice:
    """Have a contract, or one sum of it, paid in a way, with the reason and who decided (6-1d)."""
    choice = PaymentChoice(
        contract_id=contract.id,
        receivable_id=row.id if row else None,
        method=method,
        reason=reason,
        chosen_by=by,
    )
    db.session.add(choice)
    audit.record(
        "payment.choose",
        by=by,
        customer_id=contract.customer_id,
        subject=row or contract,
        method=method.value,
        note=reason,
    )
    return choice
