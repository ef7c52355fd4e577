"""Sums that are owed no more though they did not come in: written off by two persons, or typed in by mistake."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import write_off_rules
from wem.billing.debit_models import in_file
from wem.billing.models import Receivable
from wem.billing.rules import NotPaid
from wem.billing.write_off_models import WriteOff, write_offs_of
from wem.billing.write_off_rules import KINDS, WriteOffAction, WriteOffState
from wem.contracts.state_rules import Illegal
from wem.db import db


def propose(row: Receivable, kind: NotPaid, on: date, reason: str, *, by: int) -> WriteOff:
    """Return a write-off of all that is missing of a sum; it waits for another person. Raises Illegal."""
    if kind not in KINDS:
        raise Illegal("that is no write-off")
    write_off_rules.may_write_off(_missing(row), in_file=_in_file(row), asked=_asked(row))
    found = WriteOff(
        receivable=row,
        customer_id=row.customer_id,
        kind=kind,
        amount=row.missing,
        on_day=on,
        reason=reason,
        proposed_by=by,
    )
    db.session.add(found)
    db.session.flush()
    _record("propose", found, by, reason)
    return found


def decide(found: WriteOff, action: WriteOffAction, note: str, *, by: int) -> None:
    """Approve or refuse a write-off as another person, or withdraw it as who asked.

    Raises Illegal when it is decided, when a payment has come in meanwhile or the bank was asked; OwnProposal.
    """
    write_off_rules.may_decide(action, found.proposed_by, by)
    row = found.receivable
    if action is WriteOffAction.approve and (_missing(row) != found.amount or _in_file(row)):
        raise Illegal("the sum is another one meanwhile")
    found.take(action)
    found.decided_by, found.decided_at, found.note = by, clock.now(), note
    if action is WriteOffAction.approve:
        row.not_paid, row.settled_on = found.kind, found.on_day
    _record(action.name, found, by, note)


def cancel(row: Receivable, reason: str, *, by: int) -> None:
    """A sum was typed in by mistake: it is owed no more, and the books keep it as cancelled. Raises Illegal."""
    by_hand = row.invoice_id is None
    write_off_rules.may_cancel(_missing(row), row.paid, by_hand=by_hand, in_file=_in_file(row), asked=_asked(row))
    row.not_paid, row.settled_on = NotPaid.cancelled, clock.today()
    audit.record("receivable.cancel", by=by, customer_id=row.customer_id, subject=row, amount=row.amount, note=reason)


def _missing(row: Receivable) -> int:
    return 0 if row.settled_on else row.missing


def _in_file(row: Receivable) -> bool:
    found = sa.select(Receivable.id).where(Receivable.id == row.id, in_file())
    return db.session.scalar(found) is not None


def _asked(row: Receivable) -> bool:
    return any(each.state is WriteOffState.proposed for each in write_offs_of(row.id))


def _record(act: str, found: WriteOff, by: int, note: str) -> None:
    audit.record(
        f"write_off.{act}", by=by, customer_id=found.customer_id, subject=found.receivable, amount=found.amount,
        note=note,
    )  # fmt: skip
