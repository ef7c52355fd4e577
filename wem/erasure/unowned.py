"""Payments of which nobody ever said whose they are: no erasure of a customer finds them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from wem import clock
from wem.audit import AuditEvent
from wem.billing.invoice_rules import kept_since
from wem.billing.payment_models import BankStatement, DoubtfulLine, Payment, PaymentShare, Refund
from wem.db import db
from wem.settings import settings

AT_ONCE = 500


def forget_payments() -> int:
    """Delete payments of no contract, and the bank's files without payments, that need not be kept any more (消令
    70条の13, 法人税法施行規則 59条); returns how many payments. The caller commits.

    Money that was neither set aside nor paid back is still owed to somebody: it stands at `/staff/payments` until staff
    say what it is.
    """
    since = kept_since(clock.today(), int(settings().BUSINESS_YEAR_ENDS), int(settings().BOOKS_KEPT_YEARS))
    found = db.session.scalars(
        sa.select(Payment.id)
        .where(
            Payment.paid_on < since,
            Payment.contract_id.is_(None),
            Payment.application_id.is_(None),
            sa.or_(Payment.set_aside_at.is_not(None), Payment.amount == Payment.settled + Payment.refunded),
        )
        .order_by(Payment.id)
        .limit(AT_ONCE)
    ).all()
    if found:
        _delete(list(found))
    _forget_statements(clock.midnight(since))
    return len(found)


def _delete(found: list[int]) -> None:
    for model in (PaymentShare, Refund):
        db.session.execute(sa.delete(model).where(model.payment_id.in_(found)))
    # What was noted of them may name the payer.
    told = sa.update(AuditEvent).where(AuditEvent.subject.in_([f"Payment {id}" for id in found]))
    db.session.execute(told.values(details={}), execution_options={"synchronize_session": False})
    db.session.execute(sa.delete(Payment).where(Payment.id.in_(found)))


def _forget_statements(before: datetime) -> None:
    named = sa.exists(sa.select(Payment.id).where(Payment.statement_id == BankStatement.id))
    asked = sa.exists(sa.select(DoubtfulLine.id).where(DoubtfulLine.statement_id == BankStatement.id))
    db.session.execute(
        sa.delete(BankStatement)
        .where(BankStatement.read_at < before, ~named, ~asked)
        .execution_options(synchronize_session=False)
    )
