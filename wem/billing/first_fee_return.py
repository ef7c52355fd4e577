"""Where the first fee of an application that came to nothing goes back (4-3, A-17)."""

from __future__ import annotations

import sqlalchemy as sa

from wem.billing.payment_models import Payment, payments_of
from wem.contracts.application_models import Application
from wem.db import db


def page(application: Application) -> str:
    """Return the page of the payment that goes back, or went; that for noting it while none is noted; else nothing."""
    if application.contract is None:
        found = sa.select(Payment).where(Payment.application_id == application.id).order_by(Payment.id)
        came, number = list(db.session.scalars(found)), application.number
    else:
        came, number = payments_of(application.contract.id), application.contract.number
    payment = next((each for each in came if each.free), came[0] if came else None)
    if payment is not None:
        return f"/staff/payments/{payment.id}"
    return f"/staff/payments/new?contract={number}" if application.paid_amount else ""
