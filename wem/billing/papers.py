"""Invoices as PDF: set from what was issued, and kept as they were first given out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import documents
from wem.billing import ways_to_pay
from wem.billing.invoice_models import Invoice
from wem.billing.rules import InvoiceKind
from wem.contracts.describing import in_japanese
from wem.db import db
from wem.settings import settings

AT_ONCE = 20
TEMPLATE = "billing/invoice.typ"


def unkept(last: int = 0) -> list[int]:
    """Return invoices whose document is not kept yet."""
    found = sa.select(Invoice.id).where(Invoice.document_id.is_(None), Invoice.id > last)
    return list(db.session.scalars(found.order_by(Invoice.id).limit(AT_ONCE)))


def keep(invoice_id: int) -> None:
    """Set an invoice's document and keep its bytes, once; the caller commits. Raises documents.NotMade."""
    row = db.session.get_one(Invoice, invoice_id)
    if row.document_id is None:
        customer = None if row.third_party else row.customer_id
        kept = documents.keep(pdf(row), file_name(row), about=row.about, customer_id=customer)
        row.document_id = kept.id


def content(row: Invoice) -> bytes:
    """Return an invoice's PDF: the one that is kept, else the same set now. Raises documents.NotMade."""
    return row.document.content() if row.document else pdf(row)


def file_name(row: Invoice) -> str:
    return f"invoice-{row.number}.pdf"


def pdf(row: Invoice) -> bytes:
    """Return the PDF of what was issued. Raises documents.NotMade."""
    return documents.pdf(TEMPLATE, data(row))


def data(row: Invoice) -> dict[str, Any]:
    """Return what stands on the paper, all as text."""
    period = f"{in_japanese(row.period_from)} ～ {in_japanese(row.period_to)}" if row.period_from else ""
    corrects = f"{row.corrects.number}（{in_japanese(row.corrects.issued_on)}）" if row.corrects else ""
    # A return says what goes back, and says so in its title: its sums stand there without a minus.
    sign, pay = (-1 if row.kind is InvoiceKind.give_back else 1), ways_to_pay.way_to_pay(row).how
    with force_locale("ja"):
        return {
            "gives_back": row.kind is InvoiceKind.give_back,
            "number": row.number,
            "issued": in_japanese(row.issued_on),
            "due": in_japanese(row.due_on) if row.due_on and row.total > 0 else "",
            "period": period,
            "corrects": corrects,
            "note": row.note,
            "contract": "" if row.third_party else row.contract.number,
            "to": {name: str(value) for name, value in row.recipient.items()},
            "issuer": {**row.issuer, "contact": settings().SUPPORT_EMAIL},
            "lines": [
                {
                    "label": line["label"],
                    "quantity": f"{line['quantity']:,}",
                    "unit": f"{line['unit']:,}" if line["unit"] is not None else "",
                    "amount": f"{sign * line['amount']:,}",
                    "rate": rate_text(line["rate"]),
                }
                for line in row.lines
            ],
            "taxes": [
                {
                    "rate": rate_text(each.rate),
                    "net": f"{sign * each.net:,}",
                    "tax": f"{sign * each.tax:,}" if each.rate else "－",
                }
                for each in row.taxes
            ],
            "net": f"{sign * row.net:,}",
            "tax": f"{sign * row.tax:,}",
            "total": f"{sign * row.total:,}",
            "pay": "" if pay == "paid" else pay,
            "account": settings().PROVIDER_ACCOUNT if pay in ("transfer", "either") else "",
        }


def rate_text(rate: int) -> str:
    """Return a rate as invoices name it."""
    return f"{rate}%" if rate else str(gettext("Not subject to tax"))
