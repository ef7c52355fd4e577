"""Money that goes back, only where the terms let it, and by two persons (4-7, 15-3, A-17)."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import payment_rules
from wem.billing.invoice_models import Invoice
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment, Refund, refunds_of
from wem.billing.payment_rules import DROPPED, PaymentState, RefundAction, RefundGround, RefundState
from wem.billing.rules import InvoiceKind, Occasion
from wem.contracts.application_models import Application
from wem.contracts.application_rules import IN_VAIN, ApplicationState
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import Illegal, second_person
from wem.db import db


def _of_refused(payment: Payment) -> bool:
    """Return whether it came in for an application that was refused, before or after there was a contract (4-3)."""
    if payment.contract is not None:
        return payment.contract.end_reason is EndReason.void
    applied = payment.application
    if applied is not None and applied.contract is not None:
        return applied.contract.end_reason is EndReason.void
    return _of_applicant(payment, ApplicationState.refused)


def _of_applicant(payment: Payment, state: ApplicationState) -> bool:
    application = payment.application
    return application is not None and returnable(application) and application.state is state


def ground_of(payment: Payment) -> RefundGround:
    """Return the ground on which what is left of a payment goes back most likely (A-17)."""
    if _of_refused(payment):
        return RefundGround.refused
    if _of_applicant(payment, ApplicationState.withdrawn):
        return RefundGround.withdrawn
    return RefundGround.overpaid


def returnable(application: Application) -> bool:
    """Return whether what came in for an application goes back by itself: it came to nothing, without a contract.

    Refused (A-17), or withdrawn by the applicant: either way the money is held without ground.
    """
    return application.state in IN_VAIN and application.contract_id is None


def kept_back() -> sa.ColumnElement[bool]:
    """Select applications that came to nothing before a contract, of whose money more came in than was asked back."""
    back = owes_back(Payment.application_id, Application)
    return sa.and_(Application.state.in_(IN_VAIN), Application.contract_id.is_(None), back)


def owes_back(column: Any, whose: Any) -> sa.ColumnElement[bool]:
    """Select where the first fee, or the payments, come to more than what was asked back or set aside.

    `column` of a payment names a row of `whose`, an application or the contract of one; returns of that contract that
    go back count too.
    """
    mine = column == whose.id

    def total(amount: Any, *where: Any, refunds: bool = False) -> Any:
        found = sa.select(sa.func.coalesce(sa.func.sum(amount), 0)).select_from(Payment).where(mine, *where)
        found = found.join(Refund, Refund.payment_id == Payment.id) if refunds else found
        return found.correlate(Application, whose).scalar_subquery()

    asked = total(Refund.amount, Refund.state.not_in(DROPPED), refunds=True)
    aside = total(Payment.amount - Payment.settled - Payment.refunded, Payment.set_aside_at.is_not(None))
    given = asked + aside
    if whose is Contract:
        back = sa.select(sa.func.coalesce(sa.func.sum(Refund.amount), 0)).join(Invoice, Invoice.id == Refund.invoice_id)
        back = back.where(
            Invoice.contract_id == Contract.id,
            Invoice.occasion != Occasion.third_party,
            Refund.state.not_in(DROPPED),
        )
        given = given + back.correlate(Application, Contract).scalar_subquery()
    return sa.or_(sa.func.coalesce(Application.paid_amount, 0) > given, total(Payment.amount) > given)


def propose(payment: Payment, ground: RefundGround, amount: int, reason: str, *, by: int) -> Refund:
    """Return a refund that waits for another person. Raises Illegal when the terms do not allow it."""
    contract = payment.contract
    if payment.state is PaymentState.held:
        raise Illegal("the application is not decided")
    payment_rules.may_refund(
        ground,
        amount,
        payment.free,
        refused=_of_refused(payment),
        conditions=bool(contract and contract.refund),
        withdrawn=_of_applicant(payment, ApplicationState.withdrawn),
    )
    row = Refund(payment=payment, ground=ground, amount=amount, reason=reason, proposed_by=by)
    db.session.add(row)
    db.session.flush()
    _record("propose", row, by, reason)
    return row


def propose_return(invoice: Invoice, amount: int, reason: str, *, by: int) -> Refund:
    """Return a refund of what is left of a return (適格返還請求書). Raises Illegal when it can be set off."""
    paid_by = sa.select(Receivable.id).where(Receivable.invoice_id == invoice.corrects_id)
    owes = sa.select(Receivable.id).where(
        Receivable.contract_id == invoice.contract_id, Receivable.settled_on.is_(None)
    )
    payment_rules.may_pay_return(
        amount,
        left_of_return(invoice),
        # What a third party paid too much can be taken off nothing.
        ended=invoice.third_party or invoice.contract.state is ContractState.ended,
        owes=not invoice.third_party and db.session.scalar(owes.limit(1)) is not None,
        written_off=db.session.scalar(paid_by.where(Receivable.not_paid.is_not(None)).limit(1)) is not None,
    )
    row = Refund(invoice=invoice, ground=RefundGround.returned, amount=amount, reason=reason, proposed_by=by)
    db.session.add(row)
    db.session.flush()
    _record("propose", row, by, reason)
    return row


def left_of_return(invoice: Invoice) -> int:
    """Return the yen that a return still has to give and nobody has asked for."""
    waiting = (each for each in refunds_of(invoice.id) if each.state is RefundState.proposed)
    return invoice.credit - sum(each.amount for each in waiting)


def returns(limit: int) -> list[Invoice]:
    """Return the returns of contracts that are over and owe nothing, and those to third parties who had paid, of which
    not all was asked for."""
    owes = sa.exists(
        sa.select(Receivable.id).where(Receivable.contract_id == Invoice.contract_id, Receivable.settled_on.is_(None))
    )
    asked = (
        sa.select(sa.func.coalesce(sa.func.sum(Refund.amount), 0))
        .where(Refund.invoice_id == Invoice.id, Refund.state == RefundState.proposed)
        .correlate(Invoice)
        .scalar_subquery()
    )
    found = (
        sa.select(Invoice)
        .join(Contract, Contract.id == Invoice.contract_id)
        .where(
            Invoice.kind == InvoiceKind.give_back,
            -Invoice.total - Invoice.set_off > asked,
            sa.or_(Invoice.occasion == Occasion.third_party, sa.and_(Contract.state == ContractState.ended, ~owes)),
        )
    )
    return list(db.session.scalars(found.order_by(Invoice.id).limit(limit)))


def approve(row: Refund, *, by: int) -> None:
    """Let the money go back: from now on it settles nothing. Raises Illegal, and OwnProposal for who asked for it."""
    second_person(row.proposed_by, by)
    rest = row.payment.rest if row.payment else row.invoice.credit if row.invoice else 0
    if row.amount > rest:
        raise Illegal("it settles something meanwhile")
    row.take(RefundAction.approve)
    row.decided_by, row.decided_at = by, clock.now()
    if row.payment:
        row.payment.refunded += row.amount
    elif row.invoice:
        row.invoice.set_off += row.amount
    _record("approve", row, by)


def refuse(row: Refund, note: str, *, by: int) -> None:
    """Leave the money where it is. Raises Illegal, and OwnProposal for who asked for it."""
    second_person(row.proposed_by, by)
    row.take(RefundAction.refuse)
    row.decided_by, row.decided_at, row.note = by, clock.now(), note
    _record("refuse", row, by, note)


def withdraw(row: Refund, *, by: int) -> None:
    """Leave the money where it is, by who asked for it. Raises Illegal for anybody else."""
    if by != row.proposed_by:
        raise Illegal("who asked for it withdraws it")
    row.take(RefundAction.withdraw)
    row.decided_by, row.decided_at = by, clock.now()
    _record("withdraw", row, by)


def pay(row: Refund, on: date, *, by: int) -> None:
    """Note the day on which it was paid out. Raises Illegal before it is approved."""
    row.take(RefundAction.pay)
    row.paid_on = on
    _record("pay", row, by)


def _record(act: str, row: Refund, by: int, note: str = "") -> None:
    contract = row.contract
    audit.record(
        f"refund.{act}",
        by=by,
        customer_id=contract.customer_id if contract else None,
        subject=row,
        amount=row.amount,
        note=note,
    )
