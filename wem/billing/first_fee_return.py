"""Where the first fee of an application that came to nothing goes back (4-3, A-17)."""

from __future__ import annotations

from wem.billing import first_payments
from wem.billing.payment_models import payments_of
from wem.contracts.application_models import Application


def page(application: Application) -> str:
    """Return the page of the payment that goes back, or went; that for noting it while none is noted; else nothing."""
    came, number = first_payments.of(application), application.number
    if application.contract is not None:
        came, number = [*came, *payments_of(application.contract.id)], application.contract.number
    payment = next((each for each in came if each.free), came[0] if came else None)
    if payment is not None:
        return f"/staff/payments/{payment.id}#refund"
    return f"/staff/payments/new?contract={number}" if application.paid_amount else ""
