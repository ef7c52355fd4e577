"""Where the first fee of an application that came to nothing goes back (4-3, A-17)."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem.billing import final, first_payments, issuing
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment, PaymentShare, payments_of
from wem.billing.payment_rules import PaymentWay
from wem.contracts import voiding
from wem.contracts.application_models import Application
from wem.contracts.models import Contract
from wem.db import db


def prepare(contract: Contract) -> None:
    """Make the last account of a contract that has just become void, so that all that came in waits in its payments.

    The caller commits. Where no document can be issued yet, `billing.jobs.follow_contracts` makes it later.
    """
    application = voiding.application_of(contract)
    if application is not None:
        first_payments.hand_over(application)
    if issuing.ready():
        final.account(contract)


def page(application: Application) -> str:
    """Return the page of the payment that goes back, or went; that for noting it while none is noted; else nothing."""
    came, number = first_payments.of(application), application.number
    if application.contract is not None:
        came, number = [*came, *payments_of(application.contract.id)], application.contract.number
        came = came or taken_back(application.contract)
    payment = next((each for each in came if each.free), came[0] if came else None)
    if payment is not None:
        return f"/staff/payments/{payment.id}#refund"
    return f"/staff/payments/new?contract={number}" if application.paid_amount else ""


def taken_back(contract: Contract) -> list[Payment]:
    """Return the payments that settled something of a contract until somebody took that back, and are nobody's now."""
    shares = sa.select(PaymentShare.payment_id).join(Receivable, Receivable.id == PaymentShare.receivable_id)
    shares = shares.where(Receivable.contract_id == contract.id, PaymentShare.undone_at.is_not(None))
    nobodys = sa.and_(Payment.contract_id.is_(None), Payment.application_id.is_(None))
    return list(db.session.scalars(sa.select(Payment).where(nobodys, Payment.id.in_(shares)).order_by(Payment.id)))


def known(contract: Contract | None, application: Application | None, on: date, amount: int) -> Payment | None:
    """Return the payment that a transfer of this day and sum is noted as already: of a void contract, or of an
    application that came to nothing. Its money would go back twice."""
    came = [*payments_of(contract.id), *taken_back(contract)] if contract is not None else []
    came += first_payments.of(application) if application is not None else []
    same = (each for each in came if each.way is PaymentWay.transfer and (each.paid_on, each.amount) == (on, amount))
    return next(same, None)
