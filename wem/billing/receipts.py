"""Receipts (領収書) for what is paid at our own desk (A-07): set once for a payment, and kept as it was handed over."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock, documents
from wem.billing import issuing
from wem.billing.payment_models import Payment
from wem.billing.payment_rules import may_have_receipt, needs_stamp
from wem.contracts.describing import in_japanese
from wem.contracts.name_rules import honorific
from wem.db import db
from wem.documents import Document

TEMPLATE = "billing/receipt.typ"


def number(payment: Payment) -> str:
    return f"R{payment.id:06}"


def receipt_of(payment: Payment) -> Document | None:
    """Return the receipt of a payment; None while it has none."""
    return db.session.scalar(sa.select(Document).where(Document.about == _about(payment)).order_by(Document.id))


def _about(payment: Payment) -> str:
    return f"payment {payment.id}"


def issue(payment: Payment, *, by: int) -> Document:
    """Return the receipt, set now or before: there is one for a payment; the caller commits, and holds the payment.

    Raises Illegal for what was not paid at our desk or is nobody's yet, documents.NotMade.
    """
    known = receipt_of(payment)
    if known is not None:
        return known
    may_have_receipt(payment.way, known=payment.contract_id is not None)
    kept = documents.keep(
        documents.pdf(TEMPLATE, data(payment)), f"receipt-{number(payment)}.pdf", about=_about(payment),
        customer_id=payment.contract.customer_id if payment.contract else None,
    )  # fmt: skip
    audit.record("payment.receipt", by=by, customer_id=kept.customer_id, subject=payment, amount=payment.amount)
    return kept


def data(payment: Payment) -> dict[str, object]:
    """Return what stands on the paper, all as text."""
    sums = [(each.receivable.label, each.amount) for each in payment.shares if each.undone_at is None]
    if payment.rest:
        sums.append(("前受け（今後のご請求に充当）", payment.rest))
    return {
        "number": number(payment),
        "issued": in_japanese(clock.today()),
        "paid": in_japanese(payment.paid_on),
        "to": payment.payer_name,
        "honorific": honorific(payment.payer_name),
        "amount": f"{payment.amount:,}",
        "stamp": needs_stamp(payment.amount),
        "lines": [{"label": label, "amount": f"{amount:,}"} for label, amount in sums],
        "issuer": issuing.issuer(),
    }
