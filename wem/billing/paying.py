"""Money that came in settles what is owed: in whole or in part, and can be taken back when it was matched wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import payment_rules, refunding
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment, PaymentShare
from wem.billing.payment_rules import Open, PaymentState, PaymentWay
from wem.contracts.application_models import Application
from wem.contracts.models import Contract
from wem.contracts.rules import EndReason
from wem.contracts.state_rules import Illegal
from wem.db import db


def take(
    way: PaymentWay,
    paid_on: date,
    amount: int,
    contract: Contract | None,
    *,
    by: int | None,
    payer: str = "",
    note: str = "",
) -> Payment:
    """Return a payment that was written down; it settles nothing yet."""
    row = Payment(
        way=way,
        paid_on=paid_on,
        amount=amount,
        settled=0,
        refunded=0,
        contract=contract,
        payer_kana=payer,
        payer_name=contract.customer.name if contract else "",
        note=note,
        created_by=by,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(
        "payment.take",
        by=by,
        customer_id=contract.customer_id if contract else None,
        subject=row,
        amount=amount,
        on_day=str(paid_on),
        method=way.value,
    )
    return row


def open_sums(contract_id: int) -> list[Open]:
    """Return what a contract owes and has not paid, the oldest first."""
    found = sa.select(Receivable).where(Receivable.contract_id == contract_id, Receivable.settled_on.is_(None))
    rows = db.session.scalars(found.order_by(Receivable.due_on, Receivable.id))
    return [Open(row.id, row.contract_id, row.missing, row.due_on) for row in rows if row.missing > 0]


def settle(payment: Payment, contract: Contract, chosen: Sequence[int] | None = None, *, by: int | None) -> int:
    """Settle what a contract owes with what is left of a payment, the oldest first; returns the yen that it settled.

    `chosen`: the sums that it is for; all that are open unless given. What is short leaves the last sum open, what is
    over stays with the payment. What somebody has asked back settles nothing while that waits. Raises Illegal when the
    payment is another contract's, or an application's that is not decided.
    """
    if payment.state is PaymentState.held:
        raise Illegal("it is an application's that is not decided")
    if payment.contract_id is not None and payment.contract_id != contract.id and payment.settled:
        raise Illegal("it settles another contract's sums")
    if payment.application_id is not None and payment.goes_back:
        raise Illegal("it goes back to who applied in vain")
    if payment.contract_id != contract.id or not payment.payer_name:
        payment.payer_name = contract.customer.name
    payment.contract, payment.application, payment.set_aside_at = contract, None, None
    held = _held(contract.id)
    sums = [each for each in open_sums(contract.id) if chosen is None or each.receivable_id in chosen]
    found = payment_rules.shares(payment.free, sums)
    for receivable_id, amount in found:
        share(payment, held[receivable_id], amount, by=by)
    return sum(amount for _, amount in found)


def of_refused(payment: Payment, application: Application, *, by: int) -> None:
    """It came in for an application that came to nothing before there was a contract: it waits for its refund (4-3).

    Raises Illegal when it settles something or went back, and for an application that was not refused or withdrawn.
    """
    if not refunding.returnable(application):
        raise Illegal("the application was not refused or withdrawn")
    if payment.settled or payment.refunded or payment.contract_id is not None or payment.goes_back:
        raise Illegal("it is somebody's already")
    payment.application, payment.set_aside_at = application, None
    db.session.flush()
    audit.record("payment.of_refused", by=by, subject=payment, amount=payment.amount, note=application.number)


def _held(contract_id: int) -> dict[int, Receivable]:
    """Return the sums of a contract with their rows held, so that two people do not settle one twice."""
    found = sa.select(Receivable).where(Receivable.contract_id == contract_id).order_by(Receivable.id)
    rows = db.session.scalars(found.with_for_update().execution_options(populate_existing=True))
    return {row.id: row for row in rows}


def share(payment: Payment, row: Receivable, amount: int, *, by: int | None) -> None:
    """Settle one sum with so much of a payment."""
    payment.settled += amount
    db.session.add(PaymentShare(payment=payment, receivable=row, amount=amount, by=by))
    row.pay(amount, payment.paid_on, by=by)


def undo(part: PaymentShare, *, by: int) -> None:
    """It was matched wrongly: the sum is open again, the money waits for whose it is. Raises Illegal."""
    if part.undone_at is not None:
        raise Illegal("it is taken back already")
    if part.receivable.not_paid:
        raise Illegal("what was short was written off")
    if part.payment.way is PaymentWay.debit:
        raise Illegal("what the bank debited for a sum has paid it")
    if goes_back(part):
        raise Illegal("the contract is void: its money goes back from where it is")
    _take_back(part, by)
    if not any(each.undone_at is None for each in part.payment.shares):
        part.payment.contract, part.payment.payer_name = None, ""


def goes_back(part: PaymentShare) -> bool:
    """Return whether a share settles an invoice of a contract that is void (4-3)."""
    return part.receivable.invoice_id is not None and part.receivable.contract.end_reason is EndReason.void


def let_go(contract: Contract) -> None:
    """Take what came in off the invoices of a contract that is void: all of it is left of its payments, which stay the
    contract's and go back from there (4-3). What was written off in part stays as it is."""
    mine = sa.select(Receivable.id).where(
        Receivable.contract_id == contract.id, Receivable.invoice_id.is_not(None), Receivable.not_paid.is_(None)
    )
    found = sa.select(PaymentShare).where(PaymentShare.receivable_id.in_(mine), PaymentShare.undone_at.is_(None))
    parts = list(db.session.scalars(found.order_by(PaymentShare.id)))
    paid_by = sa.select(Payment).where(Payment.id.in_({part.payment_id for part in parts})).order_by(Payment.id)
    db.session.scalars(paid_by.with_for_update(), execution_options={"populate_existing": True}).all()
    _held(contract.id)
    for part in parts:
        _take_back(part, None)


def _take_back(part: PaymentShare, by: int | None) -> None:
    part.undone_at, part.undone_by = clock.now(), by
    part.payment.settled -= part.amount
    left = sa.select(sa.func.max(Payment.paid_on)).join(PaymentShare, PaymentShare.payment_id == Payment.id)
    left = left.where(
        PaymentShare.receivable_id == part.receivable_id, PaymentShare.undone_at.is_(None), PaymentShare.id != part.id
    )
    part.receivable.reopen(part.amount, db.session.scalar(left), by=by)
    contract = part.payment.contract
    audit.record(
        "payment.undo",
        by=by,
        customer_id=contract.customer_id if contract else None,
        subject=part.payment,
        amount=part.amount,
    )


def set_aside(payment: Payment, note: str, *, by: int) -> None:
    """What is left of it is nothing of a contract's: interest, a transfer by mistake that the bank takes back; or its
    payer is gone. Raises Illegal when nothing is left, or while somebody has asked it back.
    """
    if not payment.rest or payment.free != payment.rest or payment.state is PaymentState.held:
        raise Illegal("nothing is left, or it is asked back")
    payment.set_aside_at, payment.note = clock.now(), note
    audit.record("payment.set_aside", by=by, subject=payment, amount=payment.rest, note=note)
