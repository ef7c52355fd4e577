"""Money that goes back, only where the terms let it, and by two persons (4-7, 15-3, A-17)."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import payment_rules
from wem.billing.payment_models import Payment, Refund
from wem.billing.payment_rules import RefundAction, RefundGround, RefundState
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState
from wem.contracts.rules import EndReason
from wem.contracts.state_rules import Illegal, second_person
from wem.db import db


def _promised(payment: Payment) -> int:
    """Return the yen that are asked for and not decided."""
    return sum(each.amount for each in payment.refunds if each.state is RefundState.proposed)


def _of_refused(payment: Payment) -> bool:
    """Return whether it came in for an application that was refused, before or after there was a contract (4-3)."""
    if payment.contract is not None:
        return payment.contract.end_reason is EndReason.void
    return payment.application is not None and returnable(payment.application)


def returnable(application: Application) -> bool:
    """Return whether what came in for an application goes back by itself: refused, and no contract came of it."""
    return application.state is ApplicationState.refused and application.contract_id is None


def kept_back() -> sa.ColumnElement[bool]:
    """Select applications refused before a contract whose first fee came in and nobody has asked back (A-17)."""
    came = sa.select(Payment.id).where(Payment.application_id == Application.id)
    asked = (
        sa.select(Refund.id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.application_id == Application.id, Refund.state != RefundState.refused)
    )
    return sa.and_(
        Application.state == ApplicationState.refused,
        Application.contract_id.is_(None),
        sa.or_(sa.func.coalesce(Application.paid_amount, 0) > 0, sa.exists(came.correlate(Application))),
        ~sa.exists(asked.correlate(Application)),
    )


def propose(payment: Payment, ground: RefundGround, amount: int, reason: str, *, by: int) -> Refund:
    """Return a refund that waits for another person. Raises Illegal when the terms do not allow it."""
    contract = payment.contract
    payment_rules.may_refund(
        ground,
        amount,
        payment.rest - _promised(payment),
        refused=_of_refused(payment),
        conditions=bool(contract and contract.refund),
    )
    row = Refund(payment=payment, ground=ground, amount=amount, reason=reason, proposed_by=by)
    db.session.add(row)
    db.session.flush()
    _record("propose", row, by, reason)
    return row


def approve(row: Refund, *, by: int) -> None:
    """Let the money go back: from now on it settles nothing. Raises Illegal, and OwnProposal for who asked for it."""
    second_person(row.proposed_by, by)
    if row.amount > row.payment.rest:
        raise Illegal("it settles something meanwhile")
    row.take(RefundAction.approve)
    row.decided_by, row.decided_at = by, clock.now()
    row.payment.refunded += row.amount
    _record("approve", row, by)


def refuse(row: Refund, note: str, *, by: int) -> None:
    """Leave the money where it is. Raises Illegal, and OwnProposal for who asked for it."""
    second_person(row.proposed_by, by)
    row.take(RefundAction.refuse)
    row.decided_by, row.decided_at, row.note = by, clock.now(), note
    _record("refuse", row, by, note)


def pay(row: Refund, on: date, *, by: int) -> None:
    """Note the day on which it was paid out. Raises Illegal before it is approved."""
    row.take(RefundAction.pay)
    row.paid_on = on
    _record("pay", row, by)


def _record(act: str, row: Refund, by: int, note: str = "") -> None:
    contract = row.payment.contract
    audit.record(
        f"refund.{act}",
        by=by,
        customer_id=contract.customer_id if contract else None,
        subject=row,
        amount=row.amount,
        note=note,
    )
