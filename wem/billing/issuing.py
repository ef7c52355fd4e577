"""Issues invoices and returns: numbered, complete, once for each thing, with what is owed by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale

from wem import audit, clock
from wem.billing import invoice_rules, paying
from wem.billing.debit_models import in_file
from wem.billing.invoice_models import Invoice, InvoiceTax, issued, next_number
from wem.billing.invoice_rules import Line
from wem.billing.invoice_wording import label
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment
from wem.billing.rules import InvoiceKind, Occasion, ReceivableKind
from wem.contracts import addressing
from wem.contracts.date_rules import DAY, month_start
from wem.contracts.models import Contract
from wem.db import db
from wem.settings import settings


class NotReady(ValueError):
    """In production nothing is issued with the sample number or address of the settings (消法 57条の4)."""


def ready() -> bool:
    """Return whether the settings name an issuer that invoices may be issued by."""
    config = settings()
    return invoice_rules.may_be_issued(
        config.INVOICE_REGISTRATION_NUMBER, config.PROVIDER_ADDRESS, config.production
    )  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """What a document is issued for; `once` names it among all (`monthly 12 2026-03`)."""

    once: str
    occasion: Occasion
    month: date
    due_on: date | None = None
    period: tuple[date, date] | None = None
    corrects: Invoice | None = None
    note: str = ""
    evidence: dict[str, Any] | None = None
    recipient: dict[str, str] | None = None  # another one than the customer


def issue(contract: Contract, lines: Sequence[Line], why: Reason, *, by: int | None = None) -> Invoice:
    """Return the document of these lines: a return when they come to less than nothing; the caller commits.

    What was issued for the same reason already is returned as it is. Raises NotReady.
    """
    known = issued(why.once)
    if known is not None:
        return known
    if not ready():
        raise NotReady("INVOICE_REGISTRATION_NUMBER and PROVIDER_ADDRESS are samples")
    on, sums = clock.today(), invoice_rules.taxes(lines)
    net, tax = sum(each.net for each in sums), sum(each.tax for each in sums)
    with force_locale("ja"):
        written = [as_written(line) for line in lines]
    recipient = why.recipient or recipient_of(contract)
    row = Invoice(
        number=next_number(on.year),
        done_once=why.once,
        kind=InvoiceKind.give_back if net < 0 else InvoiceKind.invoice,
        occasion=why.occasion,
        customer_id=contract.customer_id,
        contract_id=contract.id,
        month=why.month,
        period_from=why.period[0] if why.period else None,
        period_to=why.period[1] if why.period else None,
        issued_on=on,
        issued_at=clock.now(),
        issued_by=by,
        due_on=why.due_on,
        recipient=recipient,
        recipient_name=recipient["name"],
        issuer=issuer(),
        lines=written,
        net=net,
        tax=tax,
        total=net + tax,
        corrects_id=why.corrects.id if why.corrects else None,
        note=why.note,
        evidence=why.evidence,
        locked_until=invoice_rules.locked_until(
            on, int(settings().BUSINESS_YEAR_ENDS), int(settings().BOOKS_KEPT_YEARS)
        ),
    )
    db.session.add(row)
    db.session.flush()
    db.session.add_all(InvoiceTax(invoice_id=row.id, rate=each.rate, net=each.net, tax=each.tax) for each in sums)
    audit.record(
        "invoice.issue", by=by, customer_id=contract.customer_id, subject=row, invoice=row.number, amount=row.total
    )
    return row


def as_written(line: Line) -> dict[str, Any]:
    """Return a line as a document keeps it, in the language of the moment."""
    return {
        "kind": line.kind.value,
        "label": label(line),
        "quantity": line.quantity,
        "unit": line.unit,
        "amount": line.amount,
        "rate": line.rate,
        "month": line.month.isoformat() if line.month else None,
    }


def recipient_of(contract: Contract) -> dict[str, str]:
    """Return to whom a contract's invoices are made out."""
    to = addressing.addressee(contract)
    return {"name": to.name, "honorific": to.honorific, "postal_code": to.postal_code, "address": to.address}


def issuer() -> dict[str, str]:
    """Return who issues, with the registration number."""
    config = settings()
    return {
        "name": config.PROVIDER_NAME,
        "number": config.INVOICE_REGISTRATION_NUMBER,
        "postal_code": config.PROVIDER_POSTAL_CODE,
        "address": config.PROVIDER_ADDRESS,
    }


def owe(invoice: Invoice, kind: ReceivableKind, text: str) -> Receivable | None:
    """Return what is owed by an invoice; None when there is nothing to pay, or it is known.

    Returns that wait are taken off first; then what was paid too much before settles it.
    """
    if invoice.total <= 0 or db.session.scalar(sa.select(Receivable.id).where(Receivable.invoice_id == invoice.id)):
        return None
    row = Receivable(
        customer_id=invoice.customer_id,
        contract_id=invoice.contract_id,
        kind=kind,
        label=text,
        amount=invoice.total,
        due_on=invoice.due_on or invoice.issued_on,
        paid=0,
        invoice_id=invoice.id,
    )
    db.session.add(row)
    db.session.flush()
    for credit in open_credits(invoice.contract_id):
        set_off(credit)
    if kind is not ReceivableKind.initial:  # which looks for its own payment
        _settle_from_rests(row)
    return row


def _settle_from_rests(row: Receivable) -> None:
    """Settle a new sum with what is left of its contract's payments, the oldest first; not with what was asked back."""
    found = sa.select(Payment).where(
        Payment.contract_id == row.contract_id,
        Payment.amount > Payment.settled + Payment.refunded,
        Payment.set_aside_at.is_(None),
    )
    found = found.order_by(Payment.paid_on, Payment.id).with_for_update()
    for payment in list(db.session.scalars(found, execution_options={"populate_existing": True})):
        amount = min(payment.free, row.missing)
        if amount > 0:
            paying.share(payment, row, amount, by=None)


# What a third party is given back is not taken off what the customer owes.
_WAITS = sa.and_(
    Invoice.kind == InvoiceKind.give_back,
    Invoice.set_off < -Invoice.total,
    Invoice.occasion != Occasion.third_party,
)


def open_credits(contract_id: int) -> list[Invoice]:
    """Return the returns of a contract of which something is left."""
    found = sa.select(Invoice).where(Invoice.contract_id == contract_id, _WAITS)
    return list(db.session.scalars(found.order_by(Invoice.id)))


def waiting_credits(limit: int = 100) -> list[int]:
    """Return the returns that could be taken off something now: what was in a debit file came back unpaid."""
    owes = sa.exists(
        sa.select(Receivable.id).where(
            Receivable.contract_id == Invoice.contract_id, Receivable.settled_on.is_(None), ~in_file()
        )
    )
    found = sa.select(Invoice.id).where(_WAITS, owes)
    return list(db.session.scalars(found.order_by(Invoice.id).limit(limit)))


def set_off(credit: Invoice) -> None:
    """Take a return off what the contract still owes: of the invoice that it corrects first, then the oldest.

    A sum that stands in a debit file is left as the bank was told it; the return waits (`waiting_credits`).
    Return and sums are held and read anew: nobody takes the same return off, or pays the same sum, at the same time.
    """
    db.session.flush()  # refreshing forgets what is not written yet
    db.session.refresh(credit, with_for_update=True)
    found = sa.select(Receivable).where(
        Receivable.contract_id == credit.contract_id, Receivable.settled_on.is_(None), ~in_file()
    )
    found = found.order_by(Receivable.id).with_for_update().execution_options(populate_existing=True)
    debts = sorted(
        db.session.scalars(found),
        key=lambda row: (row.invoice_id != credit.corrects_id, row.due_on, row.id),
    )
    left, rest = invoice_rules.set_off(credit.credit, [row.missing for row in debts])
    for row, missing in zip(debts, left, strict=True):
        amount = row.paid + missing
        if amount == row.amount:
            continue
        audit.record(
            "receivable.set_off",
            by=credit.issued_by,
            customer_id=row.customer_id,
            subject=row,
            before=row.amount,
            amount=amount,
            invoice=credit.number,
        )
        row.amount = amount
        if not missing:
            row.settled_on = row.last_paid_on or clock.today()
    credit.set_off = -credit.total - rest


def whole_month(month: date) -> tuple[date, date]:
    """Return the first and the last day of a month."""
    return month, month_start(month, 1) - DAY
