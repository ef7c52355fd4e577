"""Money that comes in for an application (4-1): a payment from the day on which it is noted, whatever becomes of it."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit
from wem.billing import kana_rules, paying, payment_rules
from wem.billing.payment_models import Payment
from wem.billing.payment_rules import PaymentWay
from wem.contracts import applying
from wem.contracts.application_models import Application
from wem.contracts.application_rules import OPEN
from wem.contracts.state_rules import Illegal
from wem.db import db


def note(application: Application, on: date, amount: int, *, by: int) -> bool:
    """Write down what came in for an application; returns whether the first fee is here in full. The caller commits.

    Where a bank's file has brought it, that is the payment. Raises Illegal when the application is decided, or its
    fee is here already.
    """
    full = applying.note_payment(application, on, amount, by=by)
    payment = _brought(application, on, amount) or paying.take(PaymentWay.transfer, on, amount, None, by=by)
    payment.application = application
    db.session.flush()
    return full


def _brought(application: Application, on: date, amount: int) -> Payment | None:
    """Return the line of a bank's file that nobody has matched and that is this money by day, amount and name."""
    lines = sa.select(Payment).where(
        Payment.statement_id.is_not(None),
        Payment.paid_on == on,
        Payment.amount == amount,
        Payment.settled == 0,
        Payment.refunded == 0,
        Payment.contract_id.is_(None),
        Payment.application_id.is_(None),
        Payment.set_aside_at.is_(None),
    )
    names = {kana_rules.key(application.kana), kana_rules.key(application.name)}
    found = [
        row
        for row in db.session.scalars(lines.order_by(Payment.id).with_for_update())
        if any(payment_rules.alike(kana_rules.key(row.payer_kana), name) for name in names)
    ]
    return found[0] if found else None


def assign(payment: Payment, application: Application, *, by: int) -> bool:
    """A payment that a bank's file brought is for an application in progress; returns whether its fee is here in full.

    When somebody has noted that very money by hand before, the two become one payment. Raises Illegal.
    """
    if payment.settled or payment.refunded or payment.contract_id is not None or payment.application_id is not None:
        raise Illegal("it is somebody's already")
    typed = _typed(application, payment)
    if typed is None:
        full = applying.note_payment(application, payment.paid_on, payment.amount, by=by)
        payment.application, payment.set_aside_at = application, None
        db.session.flush()
        return full
    typed.statement_id, typed.payer_kana, mark = payment.statement_id, payment.payer_kana, payment.line_hash
    audit.record("payment.same", by=by, subject=typed, amount=typed.amount, on_day=str(typed.paid_on))
    db.session.delete(payment)
    db.session.flush()  # the mark is one payment's alone
    typed.line_hash = mark
    db.session.flush()
    return application.paid_on is not None


def _typed(application: Application, line: Payment) -> Payment | None:
    """Return the payment of this day and amount that was noted by hand for an application."""
    mine = Payment.application_id == application.id
    if application.contract_id is not None:
        mine = sa.or_(mine, Payment.contract_id == application.contract_id)
    found = sa.select(Payment).where(
        mine,
        Payment.statement_id.is_(None),
        Payment.way == PaymentWay.transfer,
        Payment.paid_on == line.paid_on,
        Payment.amount == line.amount,
        Payment.id != line.id,
    )
    return db.session.scalar(found.order_by(Payment.id).limit(1)) if line.statement_id is not None else None


def of(application: Application) -> list[Payment]:
    """Return what came in for an application and stands under its number still, the oldest first."""
    found = sa.select(Payment).where(Payment.application_id == application.id)
    return list(db.session.scalars(found.order_by(Payment.paid_on, Payment.id)))


def taken(application: Application) -> bool:
    """Return whether money for an application can still be noted."""
    return application.state in OPEN


def waiting(limit: int = 50) -> list[int]:
    """Return applications that have become contracts while their money stands under the application's number."""
    found = sa.select(Application.id).where(
        Application.contract_id.is_not(None),
        Application.id.in_(sa.select(Payment.application_id).where(Payment.application_id.is_not(None))),
    )
    return list(db.session.scalars(found.order_by(Application.id).limit(limit)))


def hand_over(application: Application) -> list[Payment]:
    """Return what came in for an application, which is its contract's from now on; the caller commits."""
    contract = application.contract
    assert contract is not None
    moved = of(application)
    for payment in moved:
        payment.contract, payment.application, payment.payer_name = contract, None, contract.customer.name
    db.session.flush()
    return moved
